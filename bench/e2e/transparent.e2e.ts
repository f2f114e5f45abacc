import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { Socket } from "node:net";
import t from "tap";
import { startGateway } from "../harness/gateway.ts";
import { allowHosts, gatewayManifest, objectManifest } from "../harness/gateway-manifests.ts";
import { http2Over, httpOver, tlsOver } from "../harness/http-over-socket.ts";
import { openWithProxyHeader } from "../harness/proxy-protocol-client.ts";
import type { CallerIdentity, Endpoint } from "../harness/proxy-protocol-header.ts";
import { createTcpUpstream } from "../harness/tcp-upstream.ts";
import { startUpstreams } from "../harness/upstreams.ts";

const banner = "220 mail.test ready\r\n";

const upstreams = await startUpstreams(t, {
  tlsHosts: ["echo.test", "passed.test"],
  plainHosts: ["plain.test"],
});
const named = await createTcpUpstream({ banner });
t.teardown(() => named.close());
const unnamed = await createTcpUpstream({ banner });
t.teardown(() => unnamed.close());
const unnamedV6 = await createTcpUpstream({ banner, address: "::1" });
t.teardown(() => unnamedV6.close());

const gateway = await startGateway(t, {
  transparent: true,
  manifests: {
    "gateway.yaml": gatewayManifest({
      ...upstreams,
      listeners: [
        { name: "tls", protocol: "TLS", port: 443, tls: { mode: "Terminate" } },
        { name: "http", protocol: "HTTP", port: 80 },
        { name: "passed", protocol: "TLS", port: upstreams.tls.port },
        { name: "mail", protocol: "TCP", port: named.port },
        { name: "other", protocol: "TCP" },
      ],
    }),
    "routes.yaml": [
      allowHosts("echo", ["echo.test", "plain.test"]),
      objectManifest("EgressL4Route", "raw", {
        rules: [
          {
            matches: [
              {
                destinationCIDRs: ["127.0.0.1/32", "::1/128"],
                ports: [named, unnamed, unnamedV6].map(({ port }) => ({ port })),
              },
            ],
          },
        ],
      }),
      objectManifest("EgressL4Route", "passed", {
        rules: [
          { matches: [{ destinationHostnames: ["passed.test"] }] },
          {
            matches: [
              { destinationCIDRs: ["127.0.0.1/32"], ports: [{ port: upstreams.tls.port }] },
            ],
          },
        ],
      }),
    ].join(""),
  },
});
const listener = await gateway.transparent();
const { gateways } = await gateway.status();
const ca = readFileSync(gateways[0]?.trust.bundle ?? "", "utf8");

const task: CallerIdentity = {
  agentKind: "TaskAgent",
  agentNamespace: "team-a",
  agentName: "researcher",
  agentUid: "9f0c7f66-0000-4000-8000-000000000001",
  agentRevision: "researcher-00007",
  invocationId: "0197a1c2-0000-7000-8000-000000000002",
};
const taskAgent = {
  kind: "TaskAgent",
  namespace: "team-a",
  name: "researcher",
  uid: task.agentUid,
  revision: "researcher-00007",
  invocationId: task.invocationId,
};

function dial(destination: Endpoint, identity: CallerIdentity | undefined): Promise<Socket> {
  const source = destination.address.includes(":")
    ? { address: "fd00::17", port: 40_001 }
    : { address: "10.1.2.3", port: 40_001 };
  return openWithProxyHeader(listener, {
    source,
    destination,
    ...(identity !== undefined && { identity }),
  });
}

async function nextText(socket: Socket): Promise<string> {
  const [chunk] = await once(socket, "data", { signal: AbortSignal.timeout(3_000) });
  return String(chunk);
}

/** Resolves with what the peer still sent when it has closed, gracefully or by a reset. */
function untilClosed(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const timer = setTimeout(() => reject(new Error("Cannot see the end: still open")), 3_000);
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    socket.once("close", () => {
      clearTimeout(timer);
      resolve(text);
    });
    socket.resume();
  });
}

t.test("TLS is intercepted, over IPv4 and IPv6, for agents of either kind", async (test) => {
  const cases = [
    { address: "203.0.113.7", agentKind: "TaskAgent", kind: "TaskAgent", by: "text" },
    { address: "2001:db8::7", agentKind: 1, kind: "TaskAgent", by: "task-byte" },
    { address: "203.0.113.8", agentKind: 0, kind: "DaemonAgent", by: "daemon-byte" },
  ];
  for (const { address, agentKind, kind, by } of cases) {
    upstreams.tls.reset();
    const socket = await dial({ address, port: 443 }, { ...task, agentKind });
    const secure = await tlsOver(socket, { servername: "echo.test", ca, alpn: ["h2"] });
    const response = await http2Over(secure, {
      method: "POST",
      path: `/echo?by=${by}`,
      authority: "echo.test",
      body: "hello",
    });
    test.equal(response.status, 200, by);
    test.match(upstreams.tls.requests, [{ authority: "echo.test", bodyBytes: 5 }]);
    const record = await gateway.waitForRecord(({ request }) => request.query === `by=${by}`);
    test.match(record, {
      agent: { ...taskAgent, kind },
      listener: "transparent",
      clientAddress: address.includes(":") ? "fd00::17" : "10.1.2.3",
      request: { scheme: "https", host: "echo.test", port: 443, protocol: "HTTP/2", bytes: 5 },
      decision: { verdict: "allow", route: { kind: "EgressHTTPRoute", name: "echo" } },
    });
  }
});

t.test("a host that no route allows is refused inside TLS", async (test) => {
  const socket = await dial({ address: "203.0.113.7", port: 443 }, task);
  const secure = await tlsOver(socket, { servername: "denied.test", ca });
  const response = await httpOver(secure, { path: "/denied", authority: "denied.test" });
  secure.destroy();
  test.equal(response.status, 403);
  test.equal(response.headers["x-clrk-deny-reason"], "default-policy");
  const record = await gateway.waitForRecord(({ request }) => request.path === "/denied");
  test.match(record, {
    agent: taskAgent,
    decision: { verdict: "deny", reason: "default-policy", route: null },
  });
});

t.test("plain HTTP is decided by its host, dialled by name or by bare address", async (test) => {
  upstreams.plain.reset();
  for (const destinationName of ["plain.test", undefined]) {
    const identity = destinationName === undefined ? task : { ...task, destinationName };
    const socket = await dial({ address: "203.0.113.9", port: 80 }, identity);
    const path = `/echo?by=plain-${destinationName ?? "address"}`;
    const response = await httpOver(socket, { method: "POST", path, authority: "plain.test" });
    test.equal(response.status, 200, path);
    const record = await gateway.waitForRecord(({ request }) => `/echo?${request.query}` === path);
    test.match(record, {
      agent: taskAgent,
      request: { scheme: "http", host: "plain.test", port: 80 },
    });
    socket.destroy();
  }
  test.equal(upstreams.plain.requests.length, 2);
  const socket = await dial(
    { address: "203.0.113.9", port: 80 },
    { ...task, destinationName: "x.test" },
  );
  const response = await httpOver(socket, { path: "/mismatch", authority: "plain.test" });
  socket.destroy();
  test.equal(response.status, 403);
  test.equal(response.headers["x-clrk-deny-reason"], "authority-mismatch");
});

t.test(
  "a server that speaks first is heard at once on a port that a listener names",
  async (test) => {
    const tookMs: number[] = [];
    // The quickest of three: one alone may be held up by other work of the machine.
    for (let attempt = 0; attempt < 3; attempt++) {
      const startedMs = performance.now();
      const socket = await dial({ address: "127.0.0.1", port: named.port }, task);
      test.equal(await nextText(socket), banner);
      tookMs.push(performance.now() - startedMs);
      socket.write("HELO agent\r\n");
      test.equal(await nextText(socket), "HELO agent\r\n");
      socket.end();
      test.equal(await untilClosed(socket), "");
    }
    test.ok(Math.min(...tookMs) < 250, `took ${tookMs.join(", ")} ms`);
    const record = await gateway.waitForRecord(({ request }) => request.port === named.port);
    test.match(record, {
      kind: "tcp",
      agent: taskAgent,
      listener: "transparent",
      request: { host: "127.0.0.1", bytes: 12 },
      response: { status: 0, bytes: banner.length + 12 },
      upstream: { address: `127.0.0.1:${named.port}`, tls: null },
      decision: { verdict: "allow", route: { kind: "EgressL4Route", name: "raw", rule: 0 } },
    });
    test.equal(named.connections.length, 3);
  },
);

t.test("a server that speaks first is heard after a moment on any other port", async (test) => {
  for (const upstream of [unnamed, unnamedV6]) {
    const startedMs = performance.now();
    const socket = await dial(upstream, task);
    test.equal(await nextText(socket), banner);
    const tookMs = performance.now() - startedMs;
    test.ok(tookMs >= 250 && tookMs < 2_500, `took ${tookMs} ms`);
    socket.end();
    test.equal(await untilClosed(socket), "");
    const record = await gateway.waitForRecord(({ request }) => request.port === upstream.port);
    test.match(record, {
      kind: "tcp",
      request: { host: upstream.address },
      decision: { verdict: "allow", route: { name: "raw" } },
    });
  }
});

t.test("an agent that has said everything still gets the answer", async (test) => {
  const socket = await dial(unnamed, task);
  test.equal(await nextText(socket), banner);
  socket.end("the last word");
  test.equal(await untilClosed(socket), "the last word");
});

t.test(
  "a raw connection that no rule allows is closed without a byte to the upstream",
  async (test) => {
    const refused = await createTcpUpstream({ banner });
    test.teardown(() => refused.close());
    const socket = await dial(refused, task);
    socket.write("HELO agent\r\n");
    test.equal(await untilClosed(socket), "");
    test.equal(refused.connections.length, 0);
    const record = await gateway.waitForRecord(({ request }) => request.port === refused.port);
    test.match(record, {
      kind: "tcp",
      agent: taskAgent,
      upstream: null,
      decision: { verdict: "deny", reason: "default-policy" },
    });
  },
);

t.test("a connection without identity is closed before anything is read", async (test) => {
  const socket = await dial({ address: "203.0.113.7", port: 443 }, undefined);
  await test.rejects(tlsOver(socket, { servername: "echo.test", ca, deadlineMs: 3_000 }));
  const record = await gateway.waitForRecord(({ decision }) => decision.reason === "unidentified");
  test.match(record, { agent: null, decision: { verdict: "deny" }, upstream: null });
});

for (const { by, servername, address, rule } of [
  { by: "address", servername: "echo.test", address: "127.0.0.1", rule: 1 },
  { by: "a name with an alias", servername: "passed.test", address: "203.0.113.7", rule: 0 },
]) {
  const name = `TLS passed through by ${by} shows the upstream's own certificate`;
  t.test(name, async (test) => {
    upstreams.tls.reset();
    const { port } = upstreams.tls;
    const socket = await dial({ address, port }, task);
    const { upstreamCa } = upstreams;
    const secure = await tlsOver(socket, { servername, ca: upstreamCa, alpn: ["h2"] });
    test.match(secure.getPeerCertificate().issuer.CN, /^Harness upstream authority/);
    const ask = { method: "POST", path: "/echo", authority: servername, body: "sealed" };
    const response = await http2Over(secure, ask);
    test.equal(response.status, 200);
    test.match(upstreams.tls.requests, [{ servername, bodyBytes: 6 }]);
    const record = await gateway.waitForRecord(
      ({ kind, request }) => kind === "tls" && request.port === port && request.host === servername,
    );
    test.match(record, {
      agent: taskAgent,
      request: { host: servername, path: "" },
      decision: { verdict: "allow", route: { kind: "EgressL4Route", name: "passed", rule } },
    });
  });
}

t.test("TLS to a name that no route passes is closed", async (test) => {
  const socket = await dial({ address: "203.0.113.7", port: upstreams.tls.port }, task);
  await test.rejects(tlsOver(socket, { servername: "denied.test", ca, deadlineMs: 3_000 }));
  const record = await gateway.waitForRecord(
    ({ kind, request }) => kind === "tls" && request.host === "denied.test",
  );
  test.match(record, { decision: { verdict: "deny", reason: "default-policy" }, upstream: null });
});
