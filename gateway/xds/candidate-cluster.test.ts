/** Tests clusters of candidates: what each attempt loses and brings, and how a real Envoy goes from one to the next. */
import t from "tap";
import type { ParsedObject } from "../../crds/kinds.ts";
import { allProviders } from "../../providers/registry.ts";
import { tryUnpackAny } from "../any.ts";
import {
  aiRoute,
  backend,
  backendRef,
  compiled,
  gateway,
  gatewayOf,
  headerCredential,
  hostPolicy,
  object,
  secret,
  target,
} from "../compile/testdata/objects.ts";
import { envoy } from "../proto/gen/xds.js";
import type { RoutedRule } from "../routing-plan.ts";
import { unresolvedAddress } from "../routing-plan.ts";
import { startChoosing } from "../testdata/choosing.ts";
import { needsEnvoy } from "../testdata/envoy-rig.ts";
import type { EngineScript } from "../testdata/scripted-engine.ts";
import { continueReply, headerOf } from "../testdata/scripted-engine.ts";
import { candidateClusters } from "./candidate-cluster.ts";

const host = "api.openai.com";
const chat = { method: "POST", path: "/v1/chat/completions", body: "{}" };
const policy = object("FallbackRoutingPolicy", "f", {
  targetRefs: [target("AIProviderRoute", "r")],
  retry: { connectTimeout: "1s", perTryTimeout: "5s" },
});
const toBackend = (name: string) => [target("AIProviderRoute", "r", { sectionName: name })];
const keys = [secret("key", { token: "sk-1" }), secret("other", { token: "sk-2" })];

function rule(...names: readonly string[]): ParsedObject {
  return aiRoute("r", "openai", { backendRefs: names.map((name) => backendRef(name)) });
}

const three = [
  rule("a", "b", "c"),
  backend("a", "a.example.com", { schema: { name: "anthropic" } }),
  backend("b", "b.example.com"),
  backend("c", "10.1.2.3", { upstream: { host: "10.1.2.3", port: 8080, tls: false } }),
  headerCredential("a", toBackend("a"), { headerName: "x-team-key" }),
  headerCredential("b", toBackend("b"), { secretRef: { name: "other" } }),
  ...keys,
  policy,
];

type Cluster = ReturnType<typeof candidateClusters>[number];

function clustersOf(...objects: readonly ParsedObject[]): Cluster[] {
  return candidateClusters(gatewayOf(compiled(gateway(), ...objects)));
}

const { HttpProtocolOptions } = envoy.extensions.upstreams.http.v3;
const { HeaderMutation } = envoy.extensions.filters.http.header_mutation.v3;
const { UpstreamTlsContext } = envoy.extensions.transport_sockets.tls.v3;
const optionsKey = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

function filtersOf({ typedExtensionProtocolOptions }: Cluster) {
  const any = typedExtensionProtocolOptions?.[optionsKey];
  return tryUnpackAny(any ?? {}, HttpProtocolOptions)?.httpFilters ?? [];
}

function mutationsOf(cluster: Cluster, name: string) {
  const filter = filtersOf(cluster).find((one) => one.name === name);
  return tryUnpackAny(filter?.typedConfig ?? {}, HeaderMutation)?.mutations;
}

t.test("candidateClusters() has none where no rule falls back", async (t) => {
  t.same(clustersOf(...three.filter((one) => one !== policy)), []);
});

t.test("candidateClusters() has one for each candidate, under the name of its group", async (t) => {
  const result = compiled(gateway(), ...three);
  const entry = hostPolicy(result, host).rules.find(({ action }) => action.kind === "choose");
  const [routed] = entry?.engine?.routing?.rules ?? [];
  t.same(
    candidateClusters(gatewayOf(result)).map(({ name }) => name),
    routed?.candidates.map(({ pick }) => `candidate/${routed.fallback?.pick}/${pick}`),
  );
});

t.test("candidateClusters() removes first, then asks the engine, then injects", async (t) => {
  t.same(
    clustersOf(...three).map((cluster) => filtersOf(cluster).map(({ name }) => name)),
    [
      ["clrk.removal", "clrk.attempt", "clrk.injection", "envoy.filters.http.upstream_codec"],
      ["clrk.removal", "clrk.attempt", "clrk.injection", "envoy.filters.http.upstream_codec"],
      ["clrk.removal", "clrk.attempt", "envoy.filters.http.upstream_codec"],
    ],
  );
});

t.test("candidateClusters() removes every credential header there may be", async (t) => {
  for (const cluster of clustersOf(...three)) {
    const mutations = mutationsOf(cluster, "clrk.removal")?.requestMutations ?? [];
    const removed = mutations.map(({ remove }) => remove);
    for (const { credentialHeaders } of allProviders()) {
      for (const name of credentialHeaders) t.ok(removed.includes(name), name);
    }
    t.ok(removed.includes("x-team-key"), "of another candidate");
  }
});

t.test("candidateClusters() knows of no credential but the candidate's own", async (t) => {
  const secrets = clustersOf(...three).map((cluster) => {
    const text = Buffer.from(cluster.typedExtensionProtocolOptions?.[optionsKey]?.value ?? "");
    return ["secret/default/key/token", "secret/default/other/token"].filter((name) =>
      text.includes(name),
    );
  });
  t.same(secrets, [["secret/default/key/token"], ["secret/default/other/token"], []]);
});

t.test("candidateClusters() verifies the candidate's own name, whatever was asked", async (t) => {
  const [named, , plain] = clustersOf(...three);
  const tls = tryUnpackAny(named?.transportSocket?.typedConfig ?? {}, UpstreamTlsContext);
  t.match(tls, { sni: "a.example.com", autoSniSanValidation: true });
  t.equal(tls?.commonTlsContext?.validationContextSdsSecretConfig?.name, "trust/upstream");
  t.equal(plain?.transportSocket, undefined);
  const [address] = clustersOf(rule("x", "b"), backend("x", "10.9.9.9"), ...three.slice(1));
  const byAddress = tryUnpackAny(address?.transportSocket?.typedConfig ?? {}, UpstreamTlsContext);
  const combined = byAddress?.commonTlsContext?.combinedValidationContext;
  t.match(combined?.defaultValidationContext?.matchTypedSubjectAltNames, [
    { matcher: { exact: "10.9.9.9" } },
  ]);
  t.equal(combined?.validationContextSdsSecretConfig?.name, "trust/upstream");
});

t.test("candidateClusters() asks somebody who fails where a name has no address", async (t) => {
  const addressesOf = (cluster: Cluster | undefined) =>
    (cluster?.loadAssignment?.endpoints ?? []).map(({ priority, lbEndpoints }) => {
      const socket = lbEndpoints?.[0]?.endpoint?.address?.socketAddress;
      return [priority ?? 0, `${socket?.address}:${socket?.portValue}`];
    });
  const [named, , fixed] = clustersOf(...three);
  t.same(addressesOf(named), [
    [0, "a.example.com:443"],
    [1, unresolvedAddress],
  ]);
  t.equal(named?.clusterType?.name, "envoy.cluster.dns");
  t.same(addressesOf(fixed), [[0, "10.1.2.3:8080"]]);
  t.equal(fixed?.clusterType, undefined);
});

t.test("candidateClusters() takes the time to connect from the policy", async (t) => {
  const [cluster] = clustersOf(...three);
  t.match(cluster?.connectTimeout, { seconds: 1 });
});

/** Walks candidates of the first rule in the order that the body says. */
function walk([rule]: readonly RoutedRule[], body: string) {
  const order: unknown = JSON.parse(body);
  const positions = Array.isArray(order) ? order.map(Number) : [];
  return {
    pick: rule?.fallback?.pick ?? "",
    order: positions.map((position) => rule?.candidates[position]?.pick ?? ""),
  };
}

/** Asks the upstream for a failure where the header says for which candidate. */
const failing: EngineScript = (message, stream) => {
  const [first] = stream.messages;
  const wish = first && headerOf(first, "x-fail");
  const { requestBody } = message;
  if (wish === undefined || !requestBody) return continueReply(message);
  const header = { key: ":path", rawValue: Buffer.from(wish) };
  return {
    requestBody: {
      response: {
        headerMutation: {
          setHeaders: [{ header, appendAction: 2 }],
          removeHeaders: ["x-fail"],
        },
      },
    },
  };
};

t.test("an attempt brings nothing of the one before it", needsEnvoy, async (t) => {
  const hosts = ["a.example.com", "b.example.com"];
  const run = await startChoosing(t, {
    hosts,
    objects: three,
    choose: (rules, body) => ({ ...walk(rules, body), set: { "x-envoy-max-retries": "1" } }),
    attempt: failing,
  });
  const headers = { authorization: "Bearer agent", "x-fail": "/status/503" };
  await run.ask(host, { ...chat, body: "[0,1]", headers });
  const [first, second] = run.upstream.seen;
  t.match(first?.headers, { "x-team-key": "sk-1" });
  t.notOk("authorization" in (first?.headers ?? {}), "of the agent");
  t.match(second?.headers, { authorization: "sk-2" });
  t.notOk("x-team-key" in (second?.headers ?? {}), "of the attempt before");
  t.notMatch(JSON.stringify(run.upstream.seen), /agent/);
  const attempts = run.engine.streams.filter(
    ({ metadata }) => metadata["x-clrk-extproc-role"] === "upstream",
  );
  t.equal(attempts.length, 2);
  for (const { metadata, messages } of attempts) {
    t.match(metadata, { "x-clrk-call": "asked", "x-clrk-upstream": /^127\.0\.0\.1:\d+$/ });
    const [asked] = messages;
    for (const name of ["authorization", "x-team-key"]) {
      t.equal(asked && headerOf(asked, name), undefined, "the engine sees none either");
    }
  }
  t.not(attempts[0]?.metadata["x-clrk-plan"], attempts[1]?.metadata["x-clrk-plan"]);
});

t.test("a name without address, and one that refuses, lead to the next", needsEnvoy, async (t) => {
  const objects = [
    rule("gone", "local", "b"),
    backend("gone", "nowhere.invalid"),
    backend("local", "localhost", { upstream: { host: "localhost", port: 9 } }),
    backend("b", "b.example.com"),
    policy,
  ];
  const run = await startChoosing(t, { hosts: ["b.example.com"], objects, choose: walk });
  const reply = await run.ask(host, { ...chat, body: "[0,1,2]" });
  t.equal(reply.status, 200, reply.text);
  const addresses = run.engine.streams.flatMap(({ metadata }) => metadata["x-clrk-upstream"] ?? []);
  t.same(addresses.slice(0, 2), [unresolvedAddress, "127.0.0.1:9"]);
});

for (const { name, body } of [
  { name: "there is no order", body: "[]" },
  { name: "the order names nobody", body: "[99]" },
]) {
  t.test(`nobody is asked when ${name}`, needsEnvoy, async (t) => {
    const hosts = ["a.example.com", "b.example.com"];
    const run = await startChoosing(t, { hosts, objects: three, choose: walk });
    const reply = await run.ask(host, { ...chat, body });
    t.equal(reply.status, 503, reply.text);
    t.same(run.upstream.seen, []);
  });
}

t.test("the engine bounds how often an order is tried", needsEnvoy, async (t) => {
  const hosts = ["a.example.com", "b.example.com"];
  const run = await startChoosing(t, {
    hosts,
    objects: three,
    choose: (rules, body) => ({ ...walk(rules, body), set: { "x-envoy-max-retries": "0" } }),
    attempt: failing,
  });
  const headers = { "x-fail": "/status/503", "x-envoy-max-retries": "5" };
  t.equal((await run.ask(host, { ...chat, body: "[1]", headers })).status, 503);
  t.equal(run.upstream.seen.length, 1);
  t.notOk("x-envoy-max-retries" in (run.upstream.seen[0]?.headers ?? {}));
});
