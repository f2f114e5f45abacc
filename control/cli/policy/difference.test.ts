/** Tests of how two policies differ about one transaction. */
import t from "tap";
import type { KnownOutcome, ReplayedDestination } from "../../../gateway/replay.ts";
import { engineRecord, httpRecord } from "../testdata/recorded.ts";
import { differencesOf, recordedSide, replayedSide } from "./difference.ts";

const route = { kind: "AIProviderRoute", namespace: "default", name: "openai", rule: 0 };
const key = { name: "Secret default/openai", place: "authorization", form: "Bearer " };
const host: ReplayedDestination = {
  backend: "",
  address: "",
  provider: "",
  model: null,
  weight: 1,
};
const spare = { ...host, backend: "Backend default/spare", provider: "anthropic", model: "claude" };
let signatures = 0;

function outcome(more: Partial<KnownOutcome> = {}): KnownOutcome {
  return {
    ...{ kind: "known", verdict: "allow", reason: null, wouldDeny: null, route },
    ...{ credentials: [key], destinations: [host], limits: [], budget: null, audits: false },
    ...{ tier: "native", view: "http", signature: `outcome ${signatures++}` },
    ...more,
  };
}

const denied = outcome({
  verdict: "deny",
  reason: "no-rule",
  route: null,
  credentials: [],
  destinations: [],
});
const used = { refusal: null, use: { tokens: 10, microDollars: 5 }, isUncounted: false };
const unknown = (verdict: "allow" | "deny" | null, signature: string) =>
  ({ kind: "unknown", missing: "header x-team", verdict, signature }) as const;

const rows = [
  { name: "nothing", before: outcome(), after: outcome(), kinds: [] },
  { name: "a refusal", before: outcome(), after: denied, kinds: ["denied"] },
  { name: "a permission", before: denied, after: outcome(), kinds: ["allowed"] },
  {
    name: "another reason of a refusal",
    before: denied,
    after: { ...denied, reason: "deny-policy", signature: "other" },
    kinds: [],
  },
  {
    name: "another credential",
    before: outcome(),
    after: outcome({ credentials: [{ ...key, name: "Secret default/other" }] }),
    kinds: ["recredentialed"],
  },
  {
    name: "another prefix of a credential",
    before: outcome(),
    after: outcome({ credentials: [{ ...key, form: "" }] }),
    kinds: ["recredentialed"],
  },
  {
    name: "a backend with a key of its own",
    before: outcome(),
    after: outcome({ destinations: [spare], credentials: [] }),
    kinds: ["recredentialed", "rerouted"],
  },
  {
    name: "other shares of backends",
    before: outcome({ destinations: [host, spare] }),
    after: outcome({ destinations: [host, { ...spare, weight: 9 }] }),
    kinds: ["rerouted"],
  },
  {
    name: "bytes that nobody reads any more",
    before: outcome(),
    after: outcome({ view: "bytes" }),
    kinds: ["rerouted"],
  },
  {
    name: "audit mode",
    before: outcome(),
    after: outcome({ wouldDeny: "no-rule" }),
    kinds: ["audited"],
  },
  { name: "a missing fact", before: outcome(), after: unknown("allow", "x"), kinds: ["unknown"] },
  {
    name: "a missing fact before",
    before: unknown(null, "x"),
    after: outcome(),
    kinds: ["unknown"],
  },
  {
    name: "the same missing fact",
    before: unknown(null, "x"),
    after: unknown(null, "x"),
    kinds: [],
  },
  {
    name: "a missing fact by which rules differ",
    before: unknown(null, "x"),
    after: unknown(null, "y"),
    kinds: ["unknown"],
  },
  { name: "a certain refusal", before: outcome(), after: unknown("deny", "x"), kinds: ["denied"] },
  {
    name: "a certain permission",
    before: denied,
    after: unknown("allow", "x"),
    kinds: ["allowed"],
  },
  { name: "a refusal all the same", before: denied, after: unknown("deny", "x"), kinds: [] },
] as const;

for (const { name, before, after, kinds } of rows) {
  t.test(`differencesOf() finds ${name}`, async (t) => {
    const found = differencesOf(replayedSide(before, null), replayedSide(after, null));
    t.same(
      found.map(({ kind }) => kind),
      kinds,
    );
  });
}

t.test("differencesOf() tells limits from rules", async (t) => {
  const limited = { refusal: "rate-limited", use: null, isUncounted: false } as const;
  const same = outcome();
  const [found] = differencesOf(replayedSide(same, null), replayedSide(same, limited));
  t.same(found, {
    kind: "limited",
    from: "AIProviderRoute default/openai rule 0",
    to: "rate-limited, AIProviderRoute default/openai rule 0",
  });
});

t.test("differencesOf() finds another price of the same call", async (t) => {
  const same = outcome();
  const dearer = { ...used, use: { tokens: 10, microDollars: 7 } };
  t.same(differencesOf(replayedSide(same, used), replayedSide(same, dearer)), [
    { kind: "charged", from: "10 tokens, $0.000005", to: "10 tokens, $0.000007" },
  ]);
  t.same(differencesOf(replayedSide(same, used), replayedSide(same, used)), []);
});

const recorded = [
  { name: "the same", record: httpRecord(), after: outcome(), kinds: [] },
  {
    name: "another Secret",
    record: httpRecord(),
    after: outcome({ credentials: [{ ...key, name: "Secret default/other" }] }),
    kinds: ["recredentialed"],
  },
  {
    name: "no credential any more",
    record: httpRecord(),
    after: outcome({ credentials: [] }),
    kinds: ["recredentialed"],
  },
  {
    name: "a credential where there was none",
    record: httpRecord({ credential: null }),
    after: outcome(),
    kinds: ["recredentialed"],
  },
  { name: "a refusal", record: httpRecord(), after: denied, kinds: ["denied"] },
  {
    name: "another backend",
    record: httpRecord(),
    after: outcome({ destinations: [spare] }),
    kinds: ["rerouted"],
  },
  {
    name: "the backend that served it",
    record: engineRecord({
      routing: {
        ...{
          backend: { namespace: "default", name: "spare" },
          provider: "anthropic",
          model: "claude",
        },
        ...{ translation: null, dropped: [], attempts: [] },
      },
    }),
    after: outcome({ destinations: [host, spare] }),
    kinds: [],
  },
] as const;

for (const { name, record, after, kinds } of recorded) {
  t.test(`differencesOf() finds, beside a record, ${name}`, async (t) => {
    const found = differencesOf(recordedSide(record, after), replayedSide(after, null));
    t.same(
      found.map(({ kind }) => kind),
      kinds,
    );
  });
}
