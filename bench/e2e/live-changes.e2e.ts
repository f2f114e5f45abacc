import t from "tap";
import { kindExample } from "../../crds/kind-examples.ts";
import { openSecureTunnel, requestThrough } from "../harness/agent-requests.ts";
import { openThroughProxy } from "../harness/connect-proxy-client.ts";
import { startGateway } from "../harness/gateway.ts";
import {
  allowHosts,
  gatewayManifest,
  headerCredential,
  objectManifest,
} from "../harness/gateway-manifests.ts";
import { openHttp2 } from "../harness/http-over-socket.ts";
import { waitUntil } from "../harness/processes.ts";
import { startUpstreams } from "../harness/upstreams.ts";

const upstreams = await startUpstreams(t, { tlsHosts: ["echo.test", "later.test"] });
const secret = (value: string) =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "echo" },
    stringData: { token: value },
  });
const gateway = await startGateway(t, {
  manifests: {
    "gateway.yaml": gatewayManifest(upstreams),
    "echo.yaml": allowHosts("echo", ["echo.test"]),
    "credential.yaml": headerCredential({
      secret: "echo",
      route: { kind: "EgressHTTPRoute", name: "echo" },
      headerName: "x-api-key",
    }),
    "secret.yaml": secret("first-secret-value"),
  },
});
const run = await gateway.registerRun("worker");
const envoysAtStart = (await gateway.pids()).envoys;

async function statusOf(url: string): Promise<number> {
  return (await requestThrough(run, url)).status;
}

t.test("a new route decides the next request, and a stream in flight goes on", async (test) => {
  const stream = openHttp2(await openSecureTunnel(run, "echo.test:443", "h2"));
  const streaming = stream.request({
    path: "/sse?events=10&intervalMs=100",
    authority: "echo.test",
  });
  await upstreams.tls.waitForRequest(({ pathname }) => pathname === "/sse");
  test.equal(await statusOf("https://later.test/status/418"), 403);
  await gateway.change("later.yaml", allowHosts("later", ["later.test"]));
  test.equal(await statusOf("https://later.test/status/418"), 418);
  await gateway.change("later.yaml", undefined);
  test.equal(await statusOf("https://later.test/status/418"), 403);
  const response = await streaming;
  test.match(response, { status: 200, complete: true });
  test.equal(response.text.split("event: tick").length - 1, 10);
  // The connection is the same as before the change, the rules are the new ones.
  await gateway.change(
    "echo.yaml",
    objectManifest("EgressHTTPRoute", "echo", {
      hostnames: ["echo.test"],
      rules: [{ matches: [{ path: { value: "/echo" } }] }],
    }),
  );
  const refused = await stream.request({ path: "/status/418", authority: "echo.test" });
  test.equal(refused.status, 403);
  test.equal(refused.headers["x-clrk-deny-reason"], "no-rule");
  stream.close();
  await gateway.change("echo.yaml", allowHosts("echo", ["echo.test"]));
});

t.test("agents in the folder change nothing, and are shown as not used", async (test) => {
  const agent = kindExample("DaemonAgent");
  const { revision } = await gateway.status();
  await gateway.change("agent.json", JSON.stringify(agent));
  test.equal(await statusOf("https://echo.test/status/418"), 418);
  const shown = (await gateway.objects()).items.find(({ object }) => object.kind === "DaemonAgent");
  test.match(shown?.object, {
    metadata: { name: "sample" },
    status: {
      conditions: [],
      problems: ["DaemonAgent is not used by this process: workers run agents"],
    },
  });
  await gateway.change("agent.json", undefined);
  test.ok((await gateway.status()).revision > revision);
  test.equal(await statusOf("https://echo.test/status/418"), 418);
});

t.test("records name the revision that decided", async (test) => {
  const { revision } = await gateway.status();
  await requestThrough(run, "https://echo.test/revision");
  const record = await gateway.waitForRecord(({ request }) => request.path === "/revision");
  test.equal(record.revision, revision);
});

t.test("a changed Secret is used without a restart", async (test) => {
  const keyAt = async (path: string) => {
    await requestThrough(run, `https://echo.test${path}`);
    const request = await upstreams.tls.waitForRequest(({ pathname }) => pathname === path);
    return request.headers["x-api-key"];
  };
  test.equal(await keyAt("/before"), "first-secret-value");
  await gateway.change("secret.yaml", secret("second-secret-value"));
  // Envoy takes a secret a moment after the configuration that was confirmed.
  const attempts: string[] = [];
  await waitUntil(
    async () => {
      const path = `/after-${attempts.length}`;
      attempts.push((await keyAt(path)) ?? "none");
      return attempts.at(-1) === "second-secret-value";
    },
    { deadlineMs: 10_000, what: `new credential` },
  );
  test.same(
    [...new Set(attempts.slice(0, -1))].filter((key) => key !== "first-secret-value"),
    [],
  );
  test.same((await gateway.pids()).envoys, envoysAtStart);
  test.notOk(JSON.stringify([gateway.events, await gateway.objects()]).includes("secret-value"));
});

t.test("an invalid file leaves the rules as they are and is told with its line", async (test) => {
  const { revision } = await gateway.status();
  const seen = gateway.events.length;
  const text = allowHosts("later", ["later.test"]).replace('"hostnames"', '"hostnams"');
  gateway.writeManifest("later.yaml", text);
  const problems = await gateway.waitForProblems(seen);
  const line = text.split("\n").findIndex((one) => one.includes("hostnams")) + 1;
  test.match(problems[0], { file: /later\.yaml$/, line, field: /spec\.hostnams/ });
  test.match(problems[0]?.message, /hostnames/);
  test.equal(await statusOf("https://echo.test/status/418"), 418);
  test.equal(await statusOf("https://later.test/status/418"), 403);
  const status = await gateway.status();
  test.equal(status.revision, revision);
  test.match(status.problems, [{ file: /later\.yaml$/ }]);
  await gateway.change("later.yaml", allowHosts("later", ["later.test"]));
  test.equal(await statusOf("https://later.test/status/418"), 418);
  test.same((await gateway.status()).problems, []);
});

t.test(
  "a gateway that is removed serves nobody, and serves again when it is back",
  async (test) => {
    await gateway.change("gateway.yaml", undefined);
    await waitUntil(async () => (await gateway.status()).gateways.length === 0, {
      deadlineMs: 20_000,
      what: "end of the gateway",
    });
    const { proxy, authorization } = run;
    await test.rejects(openThroughProxy(proxy, { target: "echo.test:443", authorization }));
    await gateway.change("gateway.yaml", gatewayManifest(upstreams));
    const again = await gateway.registerRun("worker");
    const response = await requestThrough(again, "https://echo.test/status/418");
    test.equal(response.status, 418);
  },
);
