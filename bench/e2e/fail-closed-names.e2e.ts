/**
 * Names an agent can lie about: SNI, authority, dialled name and port must agree and be ones that a rule allows. Each
 * lie is told in a tunnel and on a captured connection.
 */
import t from "tap";
import { encodeClientHello, sendClientHello } from "../harness/client-hello.ts";
import { explicitEntrance, transparentEntrance, travel } from "../harness/entrance.ts";
import type { Entrance, Journey } from "../harness/entrance.ts";
import { startGateway } from "../harness/gateway.ts";
import { allowHosts, gatewayManifest, headerCredential } from "../harness/gateway-manifests.ts";
import { httpOver, tlsOver } from "../harness/http-over-socket.ts";
import { startUpstreams } from "../harness/upstreams.ts";

type NamedJourney = Journey & { readonly name: string };

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

const mismatches: readonly NamedJourney[] = [
  { name: "authority of another allowed host", ...secure("allowed.test", "other.test") },
  { name: "authority of an unlisted host", ...secure("allowed.test", "unlisted.test") },
  { name: "SNI of another allowed host", ...secure("allowed.test", "other.test", "other.test") },
  {
    name: "SNI allowed, authority as dialled",
    ...secure("unlisted.test", "unlisted.test", "allowed.test"),
  },
  {
    name: "SNI and authority allowed, another dialled",
    ...secure("unlisted.test", "allowed.test", "allowed.test"),
  },
  { name: "authority with another port", ...secure("allowed.test", "allowed.test:8443") },
  { name: "authority with port 0", ...secure("allowed.test", "allowed.test:0") },
  { name: "authority with an empty port", ...secure("allowed.test", "allowed.test:") },
  { name: "user information of the name", ...secure("allowed.test", "allowed.test@other.test") },
  {
    name: "user information before the name",
    ...secure("allowed.test", "other.test@allowed.test"),
  },
  { name: "authority with a path in it", ...secure("allowed.test", "other.test/allowed.test") },
  { name: "authority that begins alike", ...secure("allowed.test", "allowed.test.other.test") },
  { name: "authority that ends alike", ...secure("allowed.test", "x.allowed.test") },
  { name: "authority with two ports", ...secure("allowed.test", "allowed.test:443:443") },
  { name: "authority with a padded port", ...secure("allowed.test", "allowed.test:0443") },
  { name: "authority that is an address", ...secure("allowed.test", "127.0.0.1") },
  { name: "a list of authorities", ...secure("allowed.test", "allowed.test, other.test") },
  { name: "authority with a blank", ...secure("allowed.test", "allowed.test other.test") },
  {
    name: "another port dialled than the authority says",
    ...secure("allowed.test"),
    dialled: { host: "allowed.test", port: 8443 },
  },
  { name: "plain authority of another allowed host", ...plain("plain.test", "plain-other.test") },
  { name: "plain authority of an unlisted host", ...plain("plain.test", "plain-unlisted.test") },
  { name: "plain authority with another port", ...plain("plain.test", "plain.test:8080") },
];

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

const malformed: readonly { readonly name: string; readonly sni: string | undefined }[] = [
  { name: "none", sni: undefined },
  { name: "empty", sni: "" },
  { name: "an empty label", sni: "allowed..test" },
  { name: "only a dot", sni: "." },
  { name: "300 characters", sni: `${"a".repeat(60)}.`.repeat(5) },
  { name: "a long label", sni: `${"a".repeat(64)}.test` },
  { name: "a wildcard", sni: "*.test" },
  { name: "a bare star", sni: "*" },
  { name: "a NUL", sni: "allowed.test\0.other.test" },
  { name: "an IPv4 literal", sni: "127.0.0.1" },
  { name: "an IPv6 literal", sni: "::1" },
  { name: "a decimal address", sni: "2130706433" },
  { name: "a hexadecimal address", sni: "0x7f.1" },
  { name: "a blank", sni: "allowed.test " },
  { name: "a line end", sni: "allowed.test\r\n" },
  { name: "bytes beyond ASCII", sni: "allowed\u00e9.test" },
  { name: "a Kelvin sign", sni: "allowed.tes\u212a" },
  { name: "the stand-in for no name", sni: "-" },
  { name: "the resource of the trusted roots", sni: "trust/upstream" },
  { name: "the resource of a credential", sni: "secret/default/upstream/token" },
  { name: "the resource of an OTLP header", sni: "otlp/default/egress/authorization" },
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
      test.equal((await travel(entrance, plain("plain.test"))).status, 200);
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
      mismatches.flatMap(({ name, ...journey }) =>
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
      malformed.map(async ({ name, sni }) => {
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

function secure(host: string, authority = host, servername = host): Journey {
  return {
    dialled: { host, port: 443 },
    servername,
    ca,
    request: { path: "/bytes/10", authority },
  };
}

function plain(host: string, authority = host): Journey {
  return { dialled: { host, port: 80 }, request: { path: "/bytes/10", authority } };
}

function protocolsOf(journey: Journey): ("h1" | "h2")[] {
  return journey.servername === undefined ? ["h1"] : ["h1", "h2"];
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
