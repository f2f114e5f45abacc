/**
 * Requests in flight while rules change: whatever users change often (routes, hosts, credentials, placeholders, limits, bounds,
 * what is kept, MCP servers) cuts nothing, whether it is about the request or not.
 */
import t from "tap";
import { openSecureTunnel, requestThrough } from "../harness/agent-requests.ts";
import { startGateway } from "../harness/gateway.ts";
import { gatewayManifest, objectManifest } from "../harness/gateway-manifests.ts";
import { openHttp2 } from "../harness/http-over-socket.ts";
import { startUpstreams } from "../harness/upstreams.ts";

const upstreams = await startUpstreams(t, { tlsHosts: ["kept.test"], plainHosts: ["plain.test"] });
const target = (kind: string, name: string) => ({ group: "clrk.apoxy.dev", kind, name });
const extension = (kind: string, name: string) => ({
  type: "ExtensionRef",
  extensionRef: target(kind, name),
});
const route = (name: string, spec: object) =>
  objectManifest("EgressHTTPRoute", name, { hostnames: [`${name}.test`], rules: [{}], ...spec });
const ruled = (name: string, ...filters: object[]) => route(name, { rules: [{ filters }] });
const section = [{ ...target("EgressGateway", "egress"), sectionName: "tls" }];
const keyed = { targetRefs: [target("EgressHTTPRoute", "more")], secretRef: { name: "key" } };
const secret = JSON.stringify({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "key" },
  stringData: { token: "mk-7Hd8sK2lQ9pZ4xV6bN1mC3wE5rT0yU" },
});
const limit = objectManifest("RateLimitPolicy", "limit", { requests: 5, window: "1h" });
const log = objectManifest("LoggingPolicy", "log", { captureRequest: true });

/** Files as they are written one after the other; each stays. */
const edits: Readonly<Record<string, string>> = {
  "a route": route("more", {}),
  "a host that is an address": route("address", { hostnames: ["203.0.113.5"] }),
  "a route of one listener": route("section", { parentRefs: section }),
  "a credential": [
    secret,
    objectManifest("CredentialInjectionPolicy", "inject", {
      ...keyed,
      target: "Header",
      headerName: "x-key",
    }),
  ].join("\n---\n"),
  "a placeholder": objectManifest("CredentialInjectionPolicy", "swap", {
    ...keyed,
    target: "Placeholder",
    placeholder: {},
  }),
  "a limit": limit + ruled("limited", extension("RateLimitPolicy", "limit")),
  "a bound of bodies": ruled("bounded", {
    type: "RequestSizeLimit",
    requestSizeLimit: { maxBytes: 4_321 },
  }),
  "what is kept": log + ruled("logged", extension("LoggingPolicy", "log")),
  "an MCP server": objectManifest("MCPRoute", "mcp", {
    hostnames: ["mcp.test"],
    rules: [{ matches: [{ tools: ["*"] }] }],
  }),
  "a denial": objectManifest("EgressDenyPolicy", "deny", {
    targetRefs: [target("EgressHTTPRoute", "bounded")],
  }),
};

const deadlineMs = 30_000;

/** Longer than Envoy leaves connections of chains that are replaced, which is a second. */
const drainedMs = 1_500;

t.test("what users change often cuts no request in flight", async (test) => {
  const gateway = await startGateway(test, {
    manifests: {
      "gateway.yaml": gatewayManifest(upstreams),
      "kept.yaml": route("kept", { hostnames: ["kept.test", "plain.test"] }),
    },
  });
  const run = await gateway.registerRun("keeper");
  const tunnel = openHttp2(await openSecureTunnel(run, "kept.test:443", "h2"));
  test.teardown(() => tunnel.close());
  const events = 120;
  const path = `/sse?events=${events}&intervalMs=100`;
  const streams = [
    {
      name: "HTTP/2 in a tunnel",
      answer: tunnel.request({ path, authority: "kept.test", deadlineMs }),
    },
    { name: "plain HTTP", answer: requestThrough(run, `http://plain.test${path}`, { deadlineMs }) },
  ];
  await upstreams.tls.waitForRequest(({ pathname }) => pathname === "/sse");
  await upstreams.plain.waitForRequest(({ pathname }) => pathname === "/sse");
  for (const [index, [name, text]] of Object.entries(edits).entries()) {
    const startMs = performance.now();
    await gateway.change(`edit-${index}.yaml`, text);
    test.comment(`${name}: live in ${Math.round(performance.now() - startMs)} ms`);
  }
  test.same((await gateway.status()).problems, []);
  const liveMs = performance.now();
  for (const { name, answer } of streams) {
    const { status, text, complete } = await answer;
    test.match({ status, complete }, { status: 200, complete: true }, name);
    test.equal(text.split("event: tick").length - 1, events, name);
    test.ok(performance.now() - liveMs > drainedMs, "a cut of the last edit would have been seen");
  }
});
