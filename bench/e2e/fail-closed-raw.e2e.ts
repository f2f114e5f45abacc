/**
 * Connections below HTTP: passthrough and raw TCP that no rule allows, and captured connections that do not say
 * properly who calls. All of them end without a byte at any upstream.
 */
import { connect as connectTls } from "node:tls";
import t from "tap";
import { goodHeader, wrongOpenings } from "../attacks/techniques/captured-identity.ts";
import { passthroughHellos } from "../attacks/techniques/passthrough.ts";
import { encodeClientHello, sendClientHello } from "../harness/client-hello.ts";
import { capturedCaller, exchange, explicitEntrance } from "../harness/entrance.ts";
import { startGateway } from "../harness/gateway.ts";
import { allowHosts, gatewayManifest, objectManifest } from "../harness/gateway-manifests.ts";
import { tlsOver } from "../harness/http-over-socket.ts";
import { openTcp, openWithProxyHeader } from "../harness/proxy-protocol-client.ts";
import { encodeProxyHeader } from "../harness/proxy-protocol-header.ts";
import type { CallerIdentity, Endpoint } from "../harness/proxy-protocol-header.ts";
import { createTcpUpstream } from "../harness/tcp-upstream.ts";
import { startUpstreams } from "../harness/upstreams.ts";

const upstreams = await startUpstreams(t, {
  tlsHosts: ["pass.test", "other.test", "allowed.test"],
  plainHosts: ["plain.test"],
});
const [allowed, banner, unlisted] = [
  await createTcpUpstream(),
  await createTcpUpstream({ banner: "server-first" }),
  await createTcpUpstream({ banner: "secret banner" }),
];
for (const upstream of [allowed, banner, unlisted]) t.teardown(() => upstream.close());
const loopback = ["127.0.0.1/32"];
const gateway = await startGateway(t, {
  manifests: {
    "gateway.yaml": gatewayManifest({
      ...upstreams,
      listeners: [
        { name: "pass", protocol: "TLS", port: upstreams.tls.port },
        { name: "pass-named", protocol: "TLS", port: 9443 },
        { name: "tls", protocol: "TLS", tls: { mode: "Terminate" } },
        { name: "http", protocol: "HTTP" },
        { name: "tcp", protocol: "TCP" },
      ],
    }),
    "routes.yaml": [
      l4Route("pass", "pass", { destinationCIDRs: loopback, destinationHostnames: ["pass.test"] }),
      l4Route("pass-named", "pass-named", { destinationHostnames: ["a.invalid", "b.invalid"] }),
      l4Route("raw", "tcp", {
        destinationCIDRs: loopback,
        ports: [{ port: allowed.port }, { port: banner.port }],
      }),
      l4Route("raw-named", "tcp", {
        destinationHostnames: ["db.invalid"],
        ports: [{ port: 5432 }],
      }),
      allowHosts("http", ["allowed.test", "plain.test"]),
    ].join(""),
  },
  transparent: true,
});
const run = await gateway.registerRun("raw");
const explicit = explicitEntrance(run);
const listener = await gateway.transparent();

t.beforeEach(() => {
  upstreams.tls.reset();
  upstreams.plain.reset();
});

t.test("passthrough of an allowed name reaches the upstream's own certificate", async (test) => {
  const raw = await captured({ address: "127.0.0.1", port: upstreams.tls.port });
  const socket = await tlsOver(raw, { servername: "pass.test", ca: upstreams.upstreamCa });
  test.match(socket.getPeerCertificate().subjectaltname, /DNS:pass\.test/);
  socket.destroy();
});

t.test("passthrough of any other name is closed", async (test) => {
  const answers = await Promise.all(
    passthroughHellos.map(async ({ name, sni }) => {
      const destination = { address: "127.0.0.1", port: upstreams.tls.port };
      const sockets = [await captured(destination), await explicit.open(host(destination))];
      const hello = encodeClientHello(sni);
      return { name, answers: await Promise.all(sockets.map((it) => sendClientHello(it, hello))) };
    }),
  );
  const wrong = answers.filter((row) => row.answers.some((answer) => answer !== "refused"));
  test.same(wrong, []);
});

t.test("passthrough of an allowed name to another address is closed", async (test) => {
  const socket = await captured({ address: "127.0.0.2", port: upstreams.tls.port });
  test.equal(await sendClientHello(socket, encodeClientHello("pass.test")), "refused");
});

t.test(
  "passthrough of one allowed name in a tunnel to another is closed, and not even resolved",
  async (test) => {
    const socket = await explicit.open({ host: "a.invalid", port: 9443 });
    test.equal(await sendClientHello(socket, encodeClientHello("b.invalid")), "refused");
    const record = await gateway.waitForRecord(({ request }) => request.port === 9443);
    test.match(record, { upstream: null });
    test.notMatch(record.response.details, /dns/i);
  },
);

t.test("raw TCP passes by address and port, so that refusals mean something", async (test) => {
  const { port } = allowed;
  const answer = await exchange(await captured({ address: "127.0.0.1", port }), "\0raw", {
    until: /raw/,
  });
  test.equal(answer.text, "\0raw");
  const first = await exchange(await explicit.open({ host: "127.0.0.1", port: banner.port }), "", {
    until: /first/,
  });
  test.equal(first.text, "server-first");
});

const rawTargets = [
  { name: "a port that no rule names", target: { address: "127.0.0.1", port: unlisted.port } },
  { name: "an address that no rule names", target: { address: "127.0.0.2", port: allowed.port } },
  { name: "an IPv6 form of the address", target: { address: "::1", port: allowed.port } },
  { name: "metadata", target: { address: "169.254.169.254", port: 80 } },
];
t.test("raw TCP to anything else is closed without a byte", async (test) => {
  const before = allowed.connections.length;
  const answers = await Promise.all(
    rawTargets.flatMap(({ name, target }) => [
      captured(target)
        .then((socket) => exchange(socket, "\0raw"))
        .then(({ text, closed }) => ({ name, text, closed })),
      explicit
        .open(host(target))
        .then((socket) => exchange(socket, "\0raw"))
        .then(({ text, closed }) => ({ name, text, closed })),
    ]),
  );
  test.same(
    answers.filter(({ text, closed }) => text !== "" || !closed),
    [],
  );
  test.equal(allowed.connections.length, before);
  test.same(unlisted.connections, []);
});

t.test("raw TCP to a name that no rule names is closed, also on another's port", async (test) => {
  const names = ["other.invalid", "db.invalid.other.invalid", "xdb.invalid"];
  const answers = await Promise.all(
    names.map(async (name) => exchange(await explicit.open({ host: name, port: 5432 }), "\0raw")),
  );
  test.same(
    answers.filter(({ text, closed }) => text !== "" || !closed),
    [],
  );
  for (const name of names) {
    const record = await gateway.waitForRecord(
      ({ request: { host: dialled } }) => dialled === name,
    );
    test.match(record.decision, { verdict: "deny", reason: "default-policy" }, name);
  }
});

const request = "GET /bytes/10 HTTP/1.1\r\nHost: plain.test\r\nConnection: close\r\n\r\n";

t.test(
  "a captured request with identity passes, so that refusals below mean something",
  async (test) => {
    const { text } = await exchange(await captured({ address: "203.0.113.9", port: 80 }), request);
    test.match(text, /^HTTP\/1\.1 200 /);
    const record = await gateway.waitForRecord(({ listener: way }) => way === "transparent");
    test.match(record.agent, { namespace: "team", name: "captured", uid: "uid-1" });
  },
);

t.test(
  "a PROXY header that is missing, malformed or says nobody's name ends the connection",
  async (test) => {
    const answers = await Promise.all(
      wrongOpenings(run.runId).map(async ({ name, bytes }) => {
        const socket = await openTcp(listener);
        return { name, ...(await exchange(socket, Buffer.concat([bytes, Buffer.from(request)]))) };
      }),
    );
    // A header cut short swallows the beginning of the request.
    test.same(
      answers.filter(({ text, closed }) => !/^(HTTP\/1\.1 400 |$)/.test(text) || !closed),
      [],
    );
    test.same([...upstreams.plain.requests, ...upstreams.tls.requests], []);
  },
);

t.test(
  "silence instead of a PROXY header ends the connection, whatever is said after it",
  async (test) => {
    const beginnings = [Buffer.alloc(0), encodeProxyHeader(goodHeader).subarray(0, 20)];
    const answers = await Promise.all(
      beginnings.map(async (bytes) => {
        const socket = await openTcp(listener);
        socket.once("close", () => clearTimeout(timer));
        // Longer than the gateway waits for first bytes.
        const timer = setTimeout(
          () => socket.write(Buffer.concat([encodeProxyHeader(goodHeader), Buffer.from(request)])),
          450,
        );
        return exchange(socket, bytes);
      }),
    );
    test.same(answers, [
      { text: "", closed: true },
      { text: "", closed: true },
    ]);
    test.same(upstreams.plain.requests, []);
  },
);

t.test(
  "TLS that begins late is not taken for bytes that a rule lets pass uninspected",
  async (test) => {
    const socket = await explicit.open({ host: "allowed.test", port: 443 });
    const answer = await new Promise((resolve) => {
      setTimeout(() => {
        const late = connectTls({ socket, servername: "allowed.test", ca: run.ca });
        late.once("secureConnect", () => {
          resolve("served");
          late.destroy();
        });
        late.once("error", () => resolve("refused"));
      }, 450);
    });
    test.equal(answer, "refused");
    const record = await gateway.waitForRecord(
      ({ kind, request: { host: name } }) => kind !== "http" && name === "allowed.test",
    );
    test.equal(record.decision.verdict, "deny");
  },
);

t.test("callers on one listener are never taken for one another", async (test) => {
  const names = Array.from({ length: 12 }, (_, index) => `agent-${index}`);
  const secure = request.replace("plain.test", "plain.test");
  await Promise.all(
    names.map(async (agentName) => {
      const socket = await captured(
        { address: "203.0.113.9", port: 80 },
        { agentName, agentUid: `of-${agentName}` },
      );
      const path = `/bytes/10?from=${agentName}`;
      return exchange(socket, secure.replace("/bytes/10", path));
    }),
  );
  for (const name of names) {
    const record = await gateway.waitForRecord(
      ({ request: { query } }) => query === `from=${name}`,
    );
    test.match(record.agent, { name, uid: `of-${name}`, namespace: "team" });
  }
});

t.test(
  "allow-all does not let bytes through to hosts whose requests rules decide",
  async (test) => {
    const open = await startGateway(test, {
      manifests: {
        "gateway.yaml": gatewayManifest({
          spec: { defaultPolicy: "allow-all" },
          listeners: [
            { name: "tls", protocol: "TLS", tls: { mode: "Terminate" } },
            { name: "pass", protocol: "TLS", port: 9443 },
            { name: "tcp", protocol: "TCP" },
          ],
        }),
        "routes.yaml": [
          allowHosts("denied", ["denied.invalid", "*.denied.invalid"]),
          objectManifest("EgressDenyPolicy", "denied", {
            targetRefs: [{ group: "clrk.apoxy.dev", kind: "EgressHTTPRoute", name: "denied" }],
          }),
        ].join(""),
      },
    });
    const anyone = await open.registerRun("anyone");
    const hello = (name: string) => encodeClientHello(name);
    const dials = [
      { host: "denied.invalid", port: 443, bytes: "\0neither TLS nor HTTP\r\n", reason: "no-rule" },
      { host: "denied.invalid", port: 444, bytes: "", reason: "no-rule" },
      { host: "DENIED.invalid", port: 445, bytes: "", reason: "no-rule" },
      { host: "a.b.denied.invalid", port: 446, bytes: "", reason: "no-rule" },
      { host: "c.denied.invalid", port: 9443, bytes: hello("c.denied.invalid"), reason: "no-rule" },
      { host: "other.invalid", port: 447, bytes: "", reason: "unreachable" },
    ];
    await Promise.all(
      dials.map(async ({ bytes, ...dialled }) =>
        exchange(await explicitEntrance(anyone).open(dialled), bytes),
      ),
    );
    for (const { host: name, port, reason } of dials) {
      const record = await open.waitForRecord(({ request: it }) => it.port === port);
      test.match(record.decision, { reason }, `${name}:${port}`);
    }
  },
);

function l4Route(name: string, sectionName: string, match: object): string {
  return objectManifest("EgressL4Route", name, {
    parentRefs: [{ group: "clrk.apoxy.dev", kind: "EgressGateway", name: "egress", sectionName }],
    rules: [{ matches: [match] }],
  });
}

function captured(destination: Endpoint, identity: CallerIdentity = {}) {
  const isIpv6 = destination.address.includes(":");
  const names = destination.address === "203.0.113.9" ? { destinationName: "plain.test" } : {};
  return openWithProxyHeader(listener, {
    source: { address: isIpv6 ? "2001:db8::7" : "198.51.100.7", port: 40_000 },
    destination,
    identity: { ...capturedCaller, ...names, ...identity },
  });
}

function host({ address, port }: Endpoint) {
  return { host: address.includes(":") ? `[${address}]` : address, port };
}
