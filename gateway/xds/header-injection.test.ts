/** Tests credentials as Envoy fills them in: by name, in the right place, and never as a value. */
import t from "tap";
import { tryUnpackAny } from "../any.ts";
import { envoy } from "../proto/gen/xds.js";
import { bearer, query, sigv4 } from "../testdata/gateway-snapshot.ts";
import { injectionFilter, mutationConfig, removalFilter } from "./header-injection.ts";

const { HeaderMutation, HeaderMutationPerRoute } = envoy.extensions.filters.http.header_mutation.v3;
const { GenericSecret } = envoy.extensions.formatter.generic_secret.v3;
const name = "envoy.filters.http.header_mutation";

function perRoute(config: ReturnType<typeof mutationConfig>) {
  return tryUnpackAny(config[name] ?? {}, HeaderMutationPerRoute)?.mutations;
}

t.test("mutationConfig() is empty where nothing changes", async (t) => {
  t.same(mutationConfig([], [], []), {});
  t.same(mutationConfig([], [], [query("a"), sigv4("b")]), {}, "which are no headers");
});

t.test("mutationConfig() injects after all other changes", async (t) => {
  const mutations = perRoute(mutationConfig([{ remove: "authorization" }], [], [bearer("openai")]));
  t.match(mutations?.requestMutations, [
    { remove: "authorization" },
    {
      append: {
        header: { key: "authorization", value: "Bearer %SECRET(secret/default/openai/token)%" },
      },
    },
  ]);
  const [formatter] = mutations?.formatters ?? [];
  const secrets = tryUnpackAny(formatter?.typedConfig ?? {}, GenericSecret)?.secretConfigs;
  t.same(Object.keys(secrets ?? {}), ["secret/default/openai/token"]);
});

t.test("mutationConfig() changes answers without a credential", async (t) => {
  const mutations = perRoute(mutationConfig([], [{ remove: "server" }], []));
  t.match(mutations?.responseMutations, [{ remove: "server" }]);
  t.same(mutations?.formatters, []);
});

t.test("mutationConfig() has Envoy print the prefix as it is", async (t) => {
  const use = { ...bearer("openai"), valuePrefix: "100%REQ(x)% " };
  const [mutation] = perRoute(mutationConfig([], [], [use]))?.requestMutations ?? [];
  t.match(mutation?.append?.header?.value, /^100%%REQ\(x\)%% %SECRET\(/);
});

t.test("removalFilter() removes, and does nothing else", async (t) => {
  const config = tryUnpackAny(removalFilter(["a", "b"]).typedConfig ?? {}, HeaderMutation);
  t.same(
    config?.mutations?.requestMutations.map(({ remove, append }) => [remove, append ?? null]),
    [
      ["a", null],
      ["b", null],
    ],
  );
});

t.test("injectionFilter() gives an attempt its headers", async (t) => {
  const [filter, none] = injectionFilter([query("x"), bearer("one"), sigv4("y")]);
  t.equal(none, undefined);
  t.equal(filter?.name, "clrk.injection");
  const { mutations } = tryUnpackAny(filter?.typedConfig ?? {}, HeaderMutation) ?? {};
  t.match(mutations?.requestMutations, [
    { append: { header: { value: "Bearer %SECRET(secret/default/one/token)%" } } },
  ]);
  t.equal(mutations?.requestMutations.length, 1);
});

t.test("injectionFilter() is none where there is no header to give", async (t) => {
  t.same(injectionFilter([]), []);
  t.same(injectionFilter([query("x"), sigv4("y")]), []);
});
