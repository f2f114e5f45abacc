/**
 * Names an agent can lie about: SNI, authority, dialled name and port must agree and be ones that a rule allows. Each
 * lie is told in a tunnel and on a captured connection.
 */
import t from "tap";
import { encodeClientHello, sendClientHello } from "../harness/client-hello.ts";
import {
  disagreements,
  plainJourney,
  protocolsOf,
  secureJourney,
} from "../attacks/techniques/domain-fronting.ts";
import type { NamedJourney } from "../attacks/techniques/domain-fronting.ts";
import { malformedServerNames } from "../attacks/techniques/server-name.ts";
import { explicitEntrance, transparentEntrance, travel } from "../harness/entrance.ts";
import type { Entrance, Journey } from "../harness/entrance.ts";
import { startGateway } from "../harness/gateway.ts";
import { allowHosts, gatewayManifest, headerCredential } from "../harness/gateway-manifests.ts";
import { httpOver, tlsOver } from "../harness/http-over-socket.ts";
import { startUpstreams } from "../harness/upstreams.ts";

const upstreams = await startUpstreams(t, {
  tlsHosts: ["allowed.test", "other.test", "unlisted.test"],
  plainHosts: ["plain.test", "plain-other.test", "plain-unlisted.test"],
});
const gateway = await startGateway(t, {
  manifests: {
    "gateway.yaml": gatewayManifest(upstreams),
    "routes.yaml": [
      allowHosts("allowed", ["allowed.test"]),
      allowHosts("other", ["other.test"]),
      allowHosts("plain", ["plain.test", "plain-other.test"]),
    ].join(""),
    "credential.yaml": headerCredential({
      secret: "upstream",
      route: { kind: "EgressHTTPRoute", name: "allowed" },
      headerName: "x-upstream-key",
    }),
    "secret.yaml": secretManifest("first-value"),
  },
  transparent: true,
});
const run = await gateway.registerRun("names");
const { ca } = run;
const explicit = explicitEntrance(run);
const entrances = [explicit, transparentEntrance(await gateway.transparent())];

/** What a refused disagreement looks like: told in HTTP, or the request is not even HTTP. */
const refusals: ReadonlySet<string> = new Set(["403 authority-mismatch", "400", "no response"]);

const spellings: readonly (NamedJourney & { readonly status: number })[] = [
  { name: "authority in upper case", ...secure("allowed.test", "ALLOWED.TEST"), status: 200 },
  { name: "authority with a final dot", ...secure("allowed.test", "allowed.test."), status: 200 },
  { name: "authority with the port", ...secure("allowed.test", "allowed.test:443"), status: 200 },
  {
    name: "SNI in upper case",
    ...secure("allowed.test", "allowed.test", "ALLOWED.test"),
    status: 200,
  },
  { name: "all in upper case", ...secure("ALLOWED.TEST"), status: 200 },
  { name: "an unlisted host in upper case", ...secure("UNLISTED.TEST"), status: 403 },
];

t.beforeEach(() => {
  upstreams.tls.reset();
  upstreams.plain.reset();
});

for (const entrance of entrances) {
  t.test(
    `${entrance.name}: allowed names get through, so that refusals mean something`,
    async (test) => {
      for (const protocol of ["h1", "h2"] as const) {
        const response = await travel(entrance, { ...secure("allowed.test"), protocol });
        test.equal(response.status, 200, response.text);
      }
      const seen = upstreams.tls.requests.map(({ headers }) => headers["x-upstream-key"]);
      test.same(seen, ["first-value", "first-value"]);
      test.equal((await travel(entrance, plainJourney("plain.test"))).status, 200);
    },
  );

  t.test(
    `${entrance.name}: an unknown name is refused inside TLS, in a shape that SDKs raise`,
    async (test) => {
      const response = await travel(entrance, secure("unlisted.test"));
      test.equal(response.status, 403);
      test.equal(response.headers["x-clrk-deny-reason"], "default-policy");
      const message =
        "No route of EgressGateway default/egress allows host unlisted.test (defaultPolicy deny-all)";
      const error = { message, type: "permission_error", code: "clrk_default_policy" };
      test.same(JSON.parse(response.text), { error, message });
      test.same(upstreams.tls.requests, []);
    },
  );

  t.test(
    `${entrance.name}: a provider that no route names is refused in its own shape`,
    async (test) => {
      const response = await travel(entrance, secure("api.anthropic.com"));
      test.equal(response.status, 403);
      const message =
        "No route of EgressGateway default/egress allows host api.anthropic.com (defaultPolicy deny-all)";
      test.match(JSON.parse(response.text), {
        type: "error",
        error: { type: "permission_error", message },
      });
      test.same(upstreams.tls.requests, []);
    },
  );

  t.test(
    `${entrance.name}: the certificate of a refused name is for that name alone`,
    async (test) => {
      const raw = await entrance.open({ host: "unlisted.test", port: 443 });
      const socket = await tlsOver(raw, { servername: "unlisted.test", ca });
      test.equal(socket.getPeerCertificate().subjectaltname, "DNS:unlisted.test");
      socket.destroy();
    },
  );

  t.test(`${entrance.name}: a handshake that begins late is still intercepted`, async (test) => {
    const raw = await entrance.open({ host: "unlisted.test", port: 443 });
    await new Promise((resolve) => setTimeout(resolve, 700));
    const socket = await tlsOver(raw, { servername: "unlisted.test", ca });
    const request = { path: "/bytes/10", authority: "unlisted.test" };
    test.equal((await httpOver(socket, request)).status, 403);
    socket.destroy();
  });

  t.test(`${entrance.name}: a destination that disagrees with itself is refused`, async (test) => {
    const outcomes = await Promise.all(
      disagreements(ca).flatMap(({ name, ...journey }) =>
        protocolsOf(journey).map(async (protocol) => {
          const outcome = await outcomeOf(entrance, { ...journey, protocol });
          return { name: `${protocol} ${name}`, outcome };
        }),
      ),
    );
    test.same(
      outcomes.filter(({ outcome }) => !refusals.has(outcome)),
      [],
    );
    test.same([...upstreams.tls.requests, ...upstreams.plain.requests], []);
  });

  // Another spelling of the same host is either that host or refused, and never something else.
  t.test(`${entrance.name}: another spelling is that host or refused`, async (test) => {
    for (const { name, status, ...journey } of spellings) {
      upstreams.tls.reset();
      const response = await travel(entrance, journey);
      test.equal(response.status, status, name);
      const hosts = upstreams.tls.requests.map(({ host }) => host);
      test.same(hosts, status === 200 ? ["allowed.test"] : [], name);
    }
  });

  t.test(`${entrance.name}: no handshake with a malformed server name succeeds`, async (test) => {
    const answers = await Promise.all(
      malformedServerNames.map(async ({ name, sni }) => {
        const socket = await entrance.open({ host: "allowed.test", port: 443 });
        return { name, answer: await sendClientHello(socket, encodeClientHello(sni)) };
      }),
    );
    test.same(
      answers.filter(({ answer }) => answer !== "refused"),
      [],
    );
  });
}

t.test(
  "server names that are names of resources cannot stop a credential's rotation",
  async (test) => {
    await gateway.change("secret.yaml", secretManifest("second-value"));
    test.match((await gateway.status()).gateways, [{ ready: true, rejection: "", reason: "" }]);
    test.equal((await travel(explicit, secure("allowed.test"))).status, 200);
    test.equal(upstreams.tls.requests[0]?.headers["x-upstream-key"], "second-value");
  },
);

function secure(host: string, authority?: string, servername?: string): Journey {
  return secureJourney(ca, { host, authority, servername });
}

async function outcomeOf(entrance: Entrance, journey: Journey): Promise<string> {
  const response = await travel(entrance, journey).catch(() => undefined);
  if (response === undefined) return "no response";
  const reason = response.headers["x-clrk-deny-reason"];
  return reason === undefined ? String(response.status) : `${response.status} ${reason}`;
}

function secretManifest(token: string): string {
  const metadata = { name: "upstream" };
  return JSON.stringify({ apiVersion: "v1", kind: "Secret", metadata, stringData: { token } });
}
