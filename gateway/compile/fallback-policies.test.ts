/** FallbackRoutingPolicies: which routes fall back, by which of them, and with which settings. */
import t from "tap";
import type { ParsedObject } from "../../crds/kinds.ts";
import { fallbackRoutes } from "./fallback-policies.ts";
import { indexObjects } from "./object-index.ts";
import { StatusBook } from "./status-book.ts";
import { aiRoute, compiled, gateway, object, parentsOf, target } from "./testdata/objects.ts";

const toRoute = [target("AIProviderRoute", "r")];

function policy(name: string, spec: object = {}, targetRefs: readonly object[] = toRoute) {
  return object("FallbackRoutingPolicy", name, { targetRefs, ...spec });
}

function settingsOf(...objects: readonly ParsedObject[]) {
  const index = indexObjects([aiRoute("r", "openai"), ...objects]);
  return fallbackRoutes(index, new StatusBook());
}

t.test("fallbackRoutes() gives what is not said its default", async (t) => {
  t.same(
    [...settingsOf(policy("f"))],
    [
      [
        "AIProviderRoute default/r",
        {
          statuses: [429, 500, 502, 503, 504, 529],
          connectTimeoutMs: 5_000,
          maxEjectionMs: 300_000,
        },
      ],
    ],
  );
});

t.test("fallbackRoutes() takes all that is said", async (t) => {
  const retry = {
    numRetries: 0,
    retriableStatusCodes: [500],
    perTryTimeout: "20s",
    connectTimeout: "250ms",
  };
  const spec = { retry, ejection: { maxEjectionTime: "1m" } };
  t.same(
    [...settingsOf(policy("f", spec)).values()],
    [
      {
        retries: 0,
        statuses: [500],
        perTryTimeoutMs: 20_000,
        connectTimeoutMs: 250,
        maxEjectionMs: 60_000,
      },
    ],
  );
});

t.test("fallbackRoutes() takes the first policy, and tells the other one", async (t) => {
  const objects = [
    aiRoute("r", "openai"),
    policy("b", { retry: { numRetries: 1 } }),
    policy("a", { retry: { numRetries: 2 } }),
  ];
  t.equal(settingsOf(...objects.slice(1)).get("AIProviderRoute default/r")?.retries, 2);
  const result = compiled(gateway(), ...objects);
  t.same(parentsOf(result, "FallbackRoutingPolicy default/a"), [
    "AIProviderRoute default/r Accepted: Valid and attached",
  ]);
  t.same(parentsOf(result, "FallbackRoutingPolicy default/b"), [
    "AIProviderRoute default/r Conflicted: FallbackRoutingPolicy default/a already decides for AIProviderRoute default/r",
  ]);
});

t.test("fallbackRoutes() says which target is not there", async (t) => {
  const none = policy("f", {}, [target("AIProviderRoute", "none"), ...toRoute]);
  t.same([...settingsOf(none).keys()], ["AIProviderRoute default/r"]);
  t.same(
    parentsOf(compiled(gateway(), aiRoute("r", "openai"), none), "FallbackRoutingPolicy default/f"),
    [
      "AIProviderRoute default/none TargetNotFound: AIProviderRoute default/none does not exist",
      "AIProviderRoute default/r Accepted: Valid and attached",
    ],
  );
});

t.test("fallbackRoutes() follows no target into another namespace", async (t) => {
  t.equal(settingsOf(policy("team/f")).size, 0);
});
