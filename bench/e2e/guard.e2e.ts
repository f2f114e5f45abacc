/**
 * The address guard: whatever an agent writes for an address of this machine, of its link or of its network, and on
 * whatever path it writes it, nothing is dialled there; not even where the default policy allows everything.
 */
import { hostname } from "node:os";
import t from "tap";
import { everyAddress } from "../attacks/attack-rig.ts";
import { insideHosts, insideWays } from "../attacks/techniques/inside-address.ts";
import { insideCaptures } from "../attacks/techniques/inside-captured.ts";
import { encodeClientHello, sendClientHello } from "../harness/client-hello.ts";
import { basicAuthorization } from "../harness/connect-proxy-client.ts";
import { exchange } from "../harness/entrance.ts";
import { startGateway } from "../harness/gateway.ts";
import type { GatewayRun } from "../harness/gateway.ts";
import {
  gatewayManifest,
  interceptingListeners,
  objectManifest,
} from "../harness/gateway-manifests.ts";
import { requestThrough } from "../harness/agent-requests.ts";
import { openTcp } from "../harness/proxy-protocol-client.ts";
import { createTcpUpstream } from "../harness/tcp-upstream.ts";
import { createFakeProvider } from "../harness/fake-provider.ts";

// Listens on every address of this machine, so that it sees whichever of them is dialled.
const trap = await createTcpUpstream({ address: everyAddress(), banner: "inside" });
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

const insiders = insideHosts();
const proxyLine = `Proxy-Authorization: ${run.authorization}\r\n`;

const guarded = { status: 403, headers: { "x-clrk-deny-reason": "guarded-address" } };

const ways = insideWays(run, trap.port);

t.test("nothing inside is dialled for a run, however it is asked for and spelled", async (test) => {
  const answers = await Promise.all(
    ways.flatMap(({ name, ask }) =>
      insiders.map(async (host) => ({ name, host, text: await ask(host) })),
    ),
  );
  test.equal(answers.length, ways.length * insiders.length);
  test.same(
    answers.filter(({ text }) => /inside|^HTTP\/1\.1 2/.test(text)),
    [],
  );
  test.same(trap.connections, []);
});

t.test(
  "nothing inside is dialled for captured connections, whatever name comes with them",
  async (test) => {
    const answers = await Promise.all(
      insideCaptures(listener, trap.port).map(async ({ name, run: ask }) => ({
        name,
        text: await ask(),
      })),
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
