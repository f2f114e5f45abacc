/** From objects to what is served, where credentials have to be minted in between. */
import t from "tap";
import type { Test } from "tap";
import type { Clock } from "./clock.ts";
import { ManualClock, systemClock } from "./clock.ts";
import type { CompileResult } from "./compile.ts";
import { gateway, httpRoute, object, secret, target } from "./compile/testdata/objects.ts";
import { CompiledRevisions } from "./compiled-revisions.ts";
import { silentLogger } from "./log.ts";
import type { EndpointReply } from "./minting/testdata/fake-endpoint.ts";
import { openEndpoint } from "./minting/testdata/fake-endpoint.ts";
import type { SecretValue } from "./secret-value.ts";
import { httpRecord } from "./testdata/egress-record.ts";
import { testCertificatePem } from "./testdata/leaf.ts";
import { temporaryDirectory } from "./testdata/processes.ts";

/** One call of `serve`, in short. */
interface Served {
  readonly revision: number;
  readonly action: string;
  readonly token: string;
}

async function open(t: Test, clock: Clock = systemClock) {
  let reply = (count: number): EndpointReply | Promise<EndpointReply> => ({
    body: { access_token: `token-${count}`, expires_in: 3600 },
  });
  const endpoint = await openEndpoint(t, () => reply(endpoint.requests.length), "https");
  const served: Served[] = [];
  const compiled: string[] = [];
  const waiting = new Set<() => void>();
  const revisions = new CompiledRevisions({
    clock,
    ownAddresses: () => [],
    minting: {
      publicRootsPem: testCertificatePem,
      grantsDirectory: await temporaryDirectory(t),
      log: silentLogger,
    },
    onCompiled: ({ snapshot }, { changes }) => {
      compiled.push([snapshot.revision, ...changes].join(" "));
    },
    serve: async (result, credentials) => {
      served.push(describe(result, credentials));
      for (const wake of waiting) wake();
    },
  });
  t.teardown(() => revisions.close());
  const until = async (condition: () => boolean) => {
    while (!condition()) {
      await new Promise<void>((resolve) => waiting.add(resolve));
    }
  };
  return {
    endpoint,
    revisions,
    served,
    compiled,
    until,
    answer(next: (count: number) => EndpointReply | Promise<EndpointReply>) {
      reply = next;
    },
  };
}

function describe(
  { snapshot }: CompileResult,
  credentials: ReadonlyMap<string, SecretValue>,
): Served {
  const rules = snapshot.gateways.flatMap(({ hosts }) => hosts.flatMap((host) => host.rules));
  const [action] = rules.map((rule) => rule.action);
  return {
    revision: snapshot.revision,
    action: action?.kind === "deny" ? action.reason : (action?.kind ?? "none"),
    token: [...credentials.values()].map((value) => value.reveal()).join(),
  };
}

function objects(origin: string, client_secret = "shh") {
  return [
    gateway(),
    httpRoute("r", ["api.example"]),
    object("CredentialInjectionPolicy", "p", {
      targetRefs: [target("EgressHTTPRoute", "r")],
      secretRef: { name: "s" },
      target: "ProviderAuth",
      providerAuth: { type: "OAuth2ClientCredentials", tokenURL: `${origin}/token` },
    }),
    secret("s", { client_id: "me", client_secret }),
  ];
}

const news = { startedNs: 0n, changes: ["changed"] };
const down = () => ({ status: 503 });

t.test("take() serves at once what needs nothing minted", async (t) => {
  const { revisions, served, compiled, until } = await open(t);
  revisions.take([gateway(), httpRoute("r", ["api.example"])], news);
  t.equal(revisions.revision, 1);
  t.same(compiled, ["1 changed"]);
  await until(() => served.length === 1);
  t.same(served, [{ revision: 1, action: "forward", token: "" }]);
});

t.test("take() serves once what it waited for is there", async (t) => {
  const { revisions, served, until, endpoint } = await open(t);
  revisions.take(objects(endpoint.origin), news);
  await until(() => served.length === 1);
  t.same(served, [{ revision: 1, action: "forward", token: "token-1" }]);
  t.match(revisions.mintedStatus(), [{ secret: "default/s", ready: true }]);
});

t.test("take() refuses what could not be minted, until it is there", async (t) => {
  const { revisions, served, compiled, until, answer, endpoint } = await open(t);
  answer(down);
  revisions.take(objects(endpoint.origin), news);
  await until(() => served.length === 1);
  t.same(served, [{ revision: 1, action: "credential-missing", token: "" }]);
  const [condition] = resolvedRefs(revisions.compiled);
  t.match(condition, { status: "False", reason: "CredentialNotMinted", message: /\(503\)$/ });
  answer(() => ({ body: { access_token: "at-last", expires_in: 3600 } }));
  await until(() => served.at(-1)?.action === "forward");
  t.match(served.at(-1), { action: "forward", token: "at-last" });
  t.ok((served.at(-1)?.revision ?? 0) > 1);
  t.match(compiled.at(-1), /OAuth2ClientCredentials by Secret default\/s: there is one$/);
  t.match(resolvedRefs(revisions.compiled), [{ status: "True" }]);
});

t.test("a value that is replaced is served with the same revision", async (t) => {
  const { revisions, served, compiled, until, endpoint } = await open(t);
  revisions.take(objects(endpoint.origin), news);
  await until(() => served.length === 1);
  const record = httpRecord();
  const refused = {
    ...record,
    gateway: { namespace: "default", name: "egress" },
    startUnixMs: Date.now() + 1_000,
    response: { ...record.response, status: 401 },
    decision: {
      verdict: "allow" as const,
      reason: null,
      message: null,
      route: { kind: "EgressHTTPRoute", namespace: "default", name: "r", rule: 0 },
    },
  };
  revisions.noteRecord({ ...refused, response: { ...refused.response, status: 403 } });
  revisions.noteRecord({ ...refused, upstream: null });
  revisions.noteRecord({ ...refused, gateway: { namespace: "default", name: "other" } });
  t.equal(endpoint.requests.length, 1);
  revisions.noteRecord(refused);
  await until(() => served.length === 2);
  t.same(served[1], { revision: 1, action: "forward", token: "token-2" });
  t.same(compiled, ["1 changed"], "and nothing was compiled for it");
});

t.test("take() of another set before the first is served leaves the first out", async (t) => {
  const { revisions, served, until, endpoint } = await open(t);
  revisions.take(objects(endpoint.origin), news);
  revisions.take(objects(endpoint.origin, "other"), news);
  await until(() => served.length === 1);
  t.match(served, [{ revision: 2, action: "forward" }]);
  t.equal(revisions.revision, 2);
});

t.test("take() over and over does not keep what it takes away from being served", async (t) => {
  const clock = new ManualClock();
  const { revisions, served, endpoint, answer } = await open(t, clock);
  const { promise: never, resolve: end } = Promise.withResolvers<EndpointReply>();
  t.teardown(() => end({}));
  answer(() => never);
  for (let change = 0; change < 4; change++) {
    revisions.take(objects(endpoint.origin, `secret-${change}`), news);
    clock.advance(4_000);
    await settle();
  }
  t.match(served, [{ action: "credential-missing", token: "" }]);
});

/** Lets promises that wait for nothing of the world go on. */
async function settle() {
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
}

function resolvedRefs(result: CompileResult | undefined) {
  const policy = result?.statuses.find(({ ref }) => ref.kind === "CredentialInjectionPolicy");
  return (policy?.conditions ?? []).filter(({ type }) => type === "ResolvedRefs");
}
