import t from "tap";
import { runCurlClient } from "../harness/clients/curl-client.ts";
import { requestThrough } from "../harness/agent-requests.ts";
import { basicAuthorization, openThroughProxy } from "../harness/connect-proxy-client.ts";
import { startGateway } from "../harness/gateway.ts";
import type { GatewayRun } from "../harness/gateway.ts";
import { gatewayManifest, objectManifest } from "../harness/gateway-manifests.ts";
import { tlsOver } from "../harness/http-over-socket.ts";
import { waitUntil } from "../harness/processes.ts";
import { startUpstreams } from "../harness/upstreams.ts";

const upstreams = await startUpstreams(t, { tlsHosts: ["echo.test"] });

function routeOf(gatewayName: string): string {
  return objectManifest("EgressHTTPRoute", `echo-${gatewayName}`, {
    parentRefs: [{ group: "clrk.apoxy.dev", kind: "EgressGateway", name: gatewayName }],
    hostnames: ["echo.test"],
    rules: [{}],
  });
}

function credentialOf(gatewayName: string): string {
  return objectManifest("CredentialInjectionPolicy", `echo-${gatewayName}`, {
    targetRefs: [{ group: "clrk.apoxy.dev", kind: "EgressHTTPRoute", name: `echo-${gatewayName}` }],
    secretRef: { name: `echo-${gatewayName}` },
    target: "Header",
    headerName: "x-api-key",
  });
}

const gateway = await startGateway(t, {
  manifests: {
    "first.yaml": gatewayManifest({ ...upstreams, name: "first" }) + routeOf("first"),
    "second.yaml": gatewayManifest({ ...upstreams, name: "second" }) + routeOf("second"),
    "credentials.yaml": credentialOf("first") + credentialOf("second"),
  },
  secrets: [
    { name: "echo-first", value: "key-of-first" },
    { name: "echo-second", value: "key-of-second" },
  ],
});

function connect(run: GatewayRun, via: GatewayRun) {
  const { authorization } = run;
  return openThroughProxy(via.proxy, { target: "echo.test:443", authorization });
}

t.test("each gateway has an Envoy, an authority and a credential of its own", async (test) => {
  const first = await gateway.registerRun("one", "first");
  const second = await gateway.registerRun("two", "default/second");
  test.match([first.gateway, second.gateway], ["default/first", "default/second"]);
  test.not(first.proxy.port, second.proxy.port);
  const { envoys } = await gateway.pids();
  test.equal(new Set(envoys).size, 2);

  upstreams.tls.reset();
  test.equal((await requestThrough(first, "https://echo.test/first")).status, 404);
  test.equal((await requestThrough(second, "https://echo.test/second")).status, 404);
  test.same(
    upstreams.tls.requests.map(({ pathname, headers }) => [pathname, headers["x-api-key"]]),
    [
      ["/first", "key-of-first"],
      ["/second", "key-of-second"],
    ],
  );
  const record = await gateway.waitForRecord(({ request }) => request.path === "/second");
  test.match(record, { gateway: { name: "second" }, agent: { name: "two", uid: second.runId } });

  const foreign = await connect(first, second);
  test.match(foreign, { kind: "refused", status: 407 });
  const tunnel = await connect(first, first);
  test.equal(tunnel.kind, "tunnel");
  if (tunnel.kind !== "tunnel") return;
  await test.rejects(tlsOver(tunnel.socket, { servername: "echo.test", ca: second.ca }), {
    code: /UNABLE_TO_|SELF_SIGNED|CERT_/,
  });
});

t.test("a run must say which gateway it means when there are several", async (test) => {
  await test.rejects(gateway.registerRun("lost"), {
    message: /412 .*Several EgressGateways are served \(default\/first, default\/second\)/,
  });
  await test.rejects(gateway.registerRun("lost", "third"), {
    message: /412 .*No EgressGateway \\"third\\" is served here/,
  });
});

t.test("runs at the same time are told apart", async (test) => {
  const names = Array.from({ length: 8 }, (_, index) => `agent-${index}`);
  const runs = await Promise.all(names.map((name) => gateway.registerRun(name, "first")));
  test.equal(new Set(runs.map(({ proxyUrl }) => proxyUrl)).size, names.length);
  await Promise.all(
    runs.flatMap((run, index) =>
      Array.from({ length: 3 }, () => requestThrough(run, `https://echo.test/of-${names[index]}`)),
    ),
  );
  await waitUntil(
    () => gateway.records.filter(({ request }) => request.path.startsWith("/of-")).length === 24,
    { deadlineMs: 20_000, what: "24 records" },
  );
  for (const { agent, request } of gateway.records) {
    if (request.path.startsWith("/of-")) test.equal(request.path, `/of-${agent?.name}`);
  }
  const status = await gateway.status();
  for (const run of runs) {
    const found = status.runs.find(({ runId }) => runId === run.runId);
    test.match(found, { requests: 3, denied: 0, gateway: "default/first" });
  }
});

t.test("a run that ended is refused, and only this one", async (test) => {
  const ended = await gateway.registerRun("ended", "first");
  const other = await gateway.registerRun("other", "first");
  test.equal((await requestThrough(ended, "https://echo.test/status/418")).status, 418);
  await ended.end();
  const answer = await waitUntil(
    async () => {
      const attempt = await connect(ended, ended);
      if (attempt.kind === "refused") return attempt;
      attempt.socket.destroy();
      return undefined;
    },
    { deadlineMs: 10_000, what: "refusal" },
  );
  test.match(answer, { status: 407, body: /clrk run -- COMMAND/ });
  const result = await runCurlClient(
    { url: "https://echo.test/status/418" },
    { environment: ended.environment },
  );
  test.match(result, { kind: "failed", error: { message: /407/ } });
  test.equal((await requestThrough(other, "https://echo.test/status/418")).status, 418);
  const record = await gateway.waitForRecord(({ response }) => response.status === 407);
  test.match(record, { agent: null, decision: { verdict: "deny", reason: "proxy-credential" } });
});

t.test("a wrong credential is refused, whatever it looks like", async (test) => {
  const run = await gateway.registerRun("guesser", "first");
  const { username, password } = new URL(run.proxyUrl);
  const target = "echo.test:443";
  const attempts = [
    undefined,
    "Basic",
    "Basic !!!!",
    "Bearer x",
    basicAuthorization(username, ""),
    basicAuthorization(username, "wrong"),
    basicAuthorization(run.runId, password),
    basicAuthorization("nobody", ""),
    basicAuthorization("", ""),
    run.authorization.toUpperCase(),
    `${run.authorization.slice(0, -4)}AAAA`,
  ];
  for (const authorization of attempts) {
    const answer = await openThroughProxy(run.proxy, {
      target,
      ...(authorization !== undefined && { authorization }),
    });
    test.match(answer, { kind: "refused", status: 407 }, `"${authorization?.slice(0, 12)}"`);
  }
});
