/** Placeholders of requests that several backends may be asked with: to whom they go, and to whom they never do. */
import t from "tap";
import { swappableWays, swapAttempt } from "./attempt-swap.ts";
import type { Way } from "./call-choice.ts";
import { backendOf, sentRequest } from "./testdata/routing.ts";
import { requestFor } from "./candidate-request.ts";
import { askedCall } from "./testdata/routing.ts";
import {
  foreign,
  lackingEntry,
  placeholder,
  placeholderUse,
  swapEntry,
  swapPlan,
  value,
} from "./testdata/swaps.ts";

const taking = swapEntry(swapPlan({ placeholders: [placeholderUse(["Header", "Path", "Body"])] }));
const watching = swapEntry(swapPlan({ placeholders: [] }));
const lacking = lackingEntry();
const entries = new Map([
  ["takes", taking],
  ["watches", watching],
  ["lacks", lacking],
]);

const wayOf = (name: string, swap?: string): Way => {
  const candidate = backendOf(name, "openai", swap === undefined ? {} : { swap });
  const outcome = requestFor(askedCall("openai"), candidate);
  if (outcome.kind !== "ok") throw new Error("Cannot make way: the call is a usual one");
  return { candidate, request: outcome.request };
};
const all = [wayOf("a", "takes"), wayOf("b", "watches"), wayOf("c", "lacks")];

type Parts = Parameters<typeof sentRequest>[0];
function tried(parts: Parts, ways: readonly Way[] = all) {
  const outcome = swappableWays(ways, sentRequest(parts), (id) => entries.get(id));
  if (outcome.kind === "refuse") return outcome.refusal.reason;
  return { asked: outcome.ways.map(({ candidate }) => candidate.pick), held: outcome.held };
}

t.test("swappableWays() asks anybody where nobody has a placeholder", async (t) => {
  const ways = [wayOf("a"), wayOf("b")];
  t.same(tried({ headers: [["x-a", placeholder]] }, ways), { asked: ["a", "b"], held: [] });
});

t.test("swappableWays() leaves out whose value is not there", async (t) => {
  t.same(tried({}), { asked: ["a", "b"], held: [] });
  t.equal(tried({}, [wayOf("c", "lacks")]), "credential-missing");
  t.equal(tried({}, [wayOf("d", "unknown")]), "credential-missing");
});

const bearer = ["authorization", `Bearer ${placeholder}`] as const;
const cases: readonly (readonly [string, Parts, unknown])[] = [
  [
    "a header of credentials",
    { headers: [bearer] },
    { asked: ["a", "b"], held: ["authorization"] },
  ],
  ["any other header", { headers: [["x-a", placeholder]] }, { asked: ["a"], held: ["x-a"] }],
  ["the path", { path: `/v1/${placeholder}` }, { asked: ["a"], held: [] }],
  ["the query", { path: `/v1?a=${placeholder}` }, "placeholder-misdirected"],
  ["the name of a header", { headers: [[placeholder, "a"]] }, "placeholder-misdirected"],
  ["a header, of somebody else", { headers: [["x-a", foreign]] }, "placeholder-misdirected"],
  [
    "a header of credentials, of somebody else",
    { headers: [["authorization", `Bearer ${foreign}`]] },
    "placeholder-misdirected",
  ],
];
for (const [name, parts, wanted] of cases) {
  t.test(`swappableWays() sends a placeholder in ${name} to who takes it`, async (t) => {
    const named = { path: "/v1/chat/completions", ...parts };
    const headers = [[":path", named.path] as const, ...(named.headers ?? [])];
    t.same(tried({ ...named, headers }), wanted);
  });
}

t.test("swappableWays() looks into bodies where a placeholder may be there", async (t) => {
  t.same(tried({ body: { a: placeholder } }), { asked: ["a", "b"], held: [] });
  t.same(tried({ body: { a: foreign } }), { asked: ["b"], held: [] }, "as without fallback");
});

t.test("swapAttempt() writes the value for who takes it, and nothing for others", async (t) => {
  const body = Buffer.from(`{"a":"${placeholder}"}`);
  const set = [bearer, ["x-b", "b"] as const];
  t.same(swapAttempt(taking, { set, body }), {
    set: [
      ["authorization", `Bearer ${value}`],
      ["x-b", "b"],
    ],
    body: Buffer.from(`{"a":"${value}"}`),
  });
  t.same(swapAttempt(watching, { set, body }), { set: [["x-b", "b"]], body });
  t.equal(swapAttempt(watching, { set: [["x-b", placeholder]], body }), undefined);
  t.equal(swapAttempt(taking, { set, body: Buffer.from(foreign) }), undefined);
  t.equal(swapAttempt(lacking, { set, body }), undefined);
});
