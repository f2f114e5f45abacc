/**
 * The address guard: whatever an agent writes for an address of this machine, of its link or of its network, and on
 * whatever path it writes it, nothing is dialled there; not even where the default policy allows everything.
 */
import { hostname, networkInterfaces } from "node:os";
import t from "tap";
import { encodeClientHello, sendClientHello } from "../harness/client-hello.ts";
import { basicAuthorization } from "../harness/connect-proxy-client.ts";
import { capturedCaller, exchange } from "../harness/entrance.ts";
import { startGateway } from "../harness/gateway.ts";
import type { GatewayRun } from "../harness/gateway.ts";
import {
  gatewayManifest,
  interceptingListeners,
  objectManifest,
} from "../harness/gateway-manifests.ts";
import { requestThrough } from "../harness/agent-requests.ts";
import { openTcp, openWithProxyHeader } from "../harness/proxy-protocol-client.ts";
import { createTcpUpstream } from "../harness/tcp-upstream.ts";
import { createFakeProvider } from "../harness/fake-provider.ts";

const ownAddresses = Object.values(networkInterfaces()).flatMap((them) => them ?? []);
const ownIpv4 = ownAddresses.filter(({ family }) => family === "IPv4").map((it) => it.address);
const hasIpv6 = ownAddresses.some(({ family }) => family === "IPv6");

// Listens on every address of this machine, so that it sees whichever of them is dialled.
const trap = await createTcpUpstream({ address: hasIpv6 ? "::" : "0.0.0.0", banner: "inside" });
t.teardown(() => trap.close());
const alias = await createFakeProvider({ openAiKey: "unused", anthropicKey: "unused" });
t.teardown(() => alias.close());

const gateway = await startGateway(t, {
  manifests: {
    "gateway.yaml": gatewayManifest({
      listeners: [
        ...interceptingListeners,
        { name: "pass", protocol: "TLS", port: trap.port },
        { name: "tcp", protocol: "TCP" },
      ],
      aliases: [{ port: alias.port, hostnames: ["alias.test"] }],
      spec: { defaultPolicy: "allow-all" },
    }),
    "named.yaml": [
      objectManifest("EgressHTTPRoute", "names-localhost", {
        hostnames: ["localhost", hostname().toLowerCase()],
        rules: [{}],
      }),
      objectManifest("AIProviderRoute", "by-backend", {
        rules: [
          {
            matches: [{ provider: "openai" }],
            backendRefs: [{ group: "clrk.apoxy.dev", kind: "Backend", name: "inside" }],
          },
        ],
      }),
      objectManifest("Backend", "inside", { upstream: { host: "localhost", port: trap.port } }),
    ].join(""),
  },
  transparent: true,
});
const run = await gateway.registerRun("inward");
const listener = await gateway.transparent();

/** Every spelling that some resolver, URL parser or C library takes for an address inside. */
const insiders: readonly string[] = [
  ...["localhost", "LOCALHOST", "localhost.", "a.localhost", "ip6-localhost", hostname()],
  ...["127.0.0.1", "127.1", "127.0.1", "127.0.0.2", "127.255.255.254"],
  ...["2130706433", "017700000001", "0177.0.0.1", "0x7f000001", "0x7f.1", "0X7F.0.0.1"],
  ...["0", "0.0.0.0", "0x0", "127.0.0.1."],
  ...["[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::127.0.0.1]", "[::ffff:127.0.0.1]"],
  ...["[::ffff:7f00:1]", "[::ffff:0:127.0.0.1]", "[64:ff9b::127.0.0.1]", "[2002:7f00:1::]"],
  ...["[::1%lo]", "[::1%25lo]", "[fe80::1%lo]", "[fd00:ec2::254]", "[::ffff:169.254.169.254]"],
  ...["169.254.169.254", "2852039166", "0xa9fea9fe", "100.100.100.200", "10.0.0.1", "192.168.0.1"],
  ...ownIpv4,
  ...ownIpv4.map((address) => `[::ffff:${address}]`),
];

const request = (authority: string, target = "/", extra = "") =>
  `GET ${target} HTTP/1.1\r\nHost: ${authority}\r\nConnection: close\r\n${extra}\r\n`;
const proxyLine = `Proxy-Authorization: ${run.authorization}\r\n`;

const guarded = { status: 403, headers: { "x-clrk-deny-reason": "guarded-address" } };

interface Attempt {
  readonly name: string;
  readonly attempt: (host: string) => Promise<string>;
}

async function tunnel(host: string, bytes: string | Uint8Array): Promise<string> {
  const head = `CONNECT ${host}:${trap.port} HTTP/1.1\r\nHost: ${host}:${trap.port}\r\n${proxyLine}\r\n`;
  const socket = await openTcp(run.proxy);
  const { text } = await exchange(socket, head, { until: /\r\n\r\n/, keepOpen: true });
  if (!text.startsWith("HTTP/1.1 200")) {
    socket.destroy();
    return text;
  }
  return (await exchange(socket, bytes)).text;
}

const attempts: readonly Attempt[] = [
  {
    name: "plain HTTP in absolute form",
    attempt: async (host) => {
      const authority = `${host}:${trap.port}`;
      const head = request(authority, `http://${authority}/`, proxyLine);
      return (await exchange(await openTcp(run.proxy), head)).text;
    },
  },
  {
    name: "plain HTTP in a tunnel",
    attempt: (host) => tunnel(host, request(`${host}:${trap.port}`)),
  },
  { name: "raw bytes in a tunnel", attempt: (host) => tunnel(host, "\0raw") },
  { name: "no bytes in a tunnel", attempt: (host) => tunnel(host, "") },
  {
    name: "TLS passthrough in a tunnel",
    attempt: (host) => tunnel(host, encodeClientHello(host)),
  },
];

t.test("nothing inside is dialled for a run, however it is asked for and spelled", async (test) => {
  const answers = await Promise.all(
    attempts.flatMap(({ name, attempt }) =>
      insiders.map(async (host) => ({ name, host, text: await attempt(host) })),
    ),
  );
  test.equal(answers.length, attempts.length * insiders.length);
  test.same(
    answers.filter(({ text }) => /inside|^HTTP\/1\.1 2/.test(text)),
    [],
  );
  test.same(trap.connections, []);
});

const captures = [
  { address: "127.0.0.1", port: trap.port },
  { address: "0.0.0.0", port: trap.port },
  { address: "169.254.169.254", port: 80 },
  ...ownIpv4.map((address) => ({ address, port: trap.port })),
  { address: "::1", port: trap.port },
  { address: "::", port: trap.port },
  { address: "64:ff9b::7f00:1", port: trap.port },
  { address: "fd00:ec2::254", port: 80 },
];
t.test(
  "nothing inside is dialled for captured connections, whatever name comes with them",
  async (test) => {
    const names = ["", "localhost", "outside.invalid"];
    const bytes = [
      "\0raw",
      "",
      encodeClientHello("localhost"),
      encodeClientHello(),
      request("x.invalid"),
    ];
    const answers = await Promise.all(
      captures.flatMap((destination) =>
        names.flatMap((destinationName) =>
          bytes.map(async (sent) => {
            const isIpv6 = destination.address.includes(":");
            const socket = await openWithProxyHeader(listener, {
              source: { address: isIpv6 ? "2001:db8::7" : "198.51.100.7", port: 40_000 },
              destination,
              identity: { ...capturedCaller, ...(destinationName && { destinationName }) },
            });
            const { text } = await exchange(socket, sent, { deadlineMs: 1_500 });
            return { destination, destinationName, text };
          }),
        ),
      ),
    );
    test.same(
      answers.filter(({ text }) => /inside|^HTTP\/1\.1 2/.test(text)),
      [],
    );
    test.same(trap.connections, []);
  },
);

t.test(
  "intercepted TLS to a name that leads inside is answered, and nothing is dialled",
  async (test) => {
    for (const host of ["localhost", hostname().toLowerCase()]) {
      const response = await secure(run, host);
      test.match(response, guarded);
    }
    test.same(trap.connections, []);
  },
);

t.test("a backend whose name leads inside is not dialled", async (test) => {
  const response = await requestThrough(run, "https://api.openai.com/v1/models", {
    headers: { authorization: basicAuthorization("a", "b") },
  });
  test.match(response, guarded);
  test.same(trap.connections, []);
});

t.test(
  "an address inside that the operator wrote down is dialled for its name alone",
  async (test) => {
    const allowed = await requestThrough(run, "http://alias.test/bytes/10");
    test.equal(allowed.status, 200);
    const bare = await requestThrough(run, `http://127.0.0.1:${alias.port}/bytes/10`);
    test.match(bare, guarded);
    test.equal(alias.requests.length, 1);
  },
);

t.test("an address has no certificate, so that TLS to it ends in the handshake", async (test) => {
  for (const literal of ["127.0.0.1", "::1", "2130706433", "0x7f.1"]) {
    const socket = await openTcp(run.proxy);
    const head = `CONNECT outside.invalid:443 HTTP/1.1\r\nHost: outside.invalid:443\r\n${proxyLine}\r\n`;
    await exchange(socket, head, { until: /\r\n\r\n/, keepOpen: true });
    test.equal(await sendClientHello(socket, encodeClientHello(literal)), "refused", literal);
  }
});

function secure(agent: GatewayRun, host: string) {
  return requestThrough(agent, `https://${host}:8443/`);
}
