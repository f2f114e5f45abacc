import t from "tap";
import type { RuleBudget } from "../gateway/snapshot.ts";
import { priceTable } from "../providers/price-table.ts";
import { boundedRequestFor } from "./bounded-request.ts";
import { askedCall, backendOf, candidate, chat, claude } from "./testdata/routing.ts";

const tokens = { name: "n", scope: "day", unit: "tokens", limit: 1 } as const;
const money = { name: "n", scope: "day", unit: "usd", limit: 1 } as const;
const bound = (
  budget: RuleBudget | undefined,
  to = candidate(),
  call = askedCall("openai", { body: chat({ max_tokens: 500 }) }),
) => boundedRequestFor(call, to, { prices: priceTable, ...(budget !== undefined && { budget }) });

t.test("without a budget nothing changes and nothing is known", async (test) => {
  const outcome = bound(undefined);
  test.match(outcome, { kind: "ok", request: { body: undefined } });
  test.equal(outcome.kind === "ok" && outcome.request.demand, undefined);
});

t.test("the agent's own bytes are bounded, and their most is known", async (test) => {
  const outcome = bound({ maxOutputTokens: 20, counts: [] });
  if (outcome.kind !== "ok") throw new TypeError(outcome.reason);
  const body = JSON.stringify(chat({ max_tokens: 20 }));
  test.equal(outcome.request.body?.toString(), body);
  test.match(outcome.request.demand, {
    output: 20,
    input: Buffer.byteLength(JSON.stringify(chat({ max_tokens: 500 }))) + 1_024,
    price: { input: 2_500_000 },
  });
});

t.test("in audit mode nothing is bounded, and the most is what it would be", async (test) => {
  const audit = (budget: RuleBudget, parts: object, to = candidate()) =>
    boundedRequestFor(askedCall("openai", { body: chat(parts) }), to, {
      prices: priceTable,
      budget,
      audits: true,
    });
  const clamped = audit({ maxOutputTokens: 20, counts: [tokens] }, { max_tokens: 500 });
  test.match(clamped, { kind: "ok", request: { body: undefined, demand: { output: 20 } } });
  test.equal(clamped.objection, undefined);
  const unpriced = audit({ counts: [money] }, { model: "nobody-knows" });
  test.match(unpriced, { kind: "ok", objection: { kind: "unable" } });
  test.equal(unpriced.kind === "ok" && unpriced.request.demand, undefined);
  const odd = audit({ maxOutputTokens: 20, counts: [] }, { max_tokens: "many" });
  test.match(odd, { kind: "ok", request: { body: undefined }, objection: { kind: "malformed" } });
});

t.test("a translated request is bounded in the dialect that it gets", async (test) => {
  const outcome = bound({ maxOutputTokens: 20, counts: [] }, claude());
  if (outcome.kind !== "ok") throw new TypeError(outcome.reason);
  test.match(JSON.parse(String(outcome.request.body)), {
    max_tokens: 20,
    model: "claude-sonnet-4-5",
  });
  test.match(outcome.request.demand, { output: 20, price: { input: 3_000_000 } });
});

t.test(
  "a rule without a bound leaves the request, and takes what it says or what is usual",
  async (test) => {
    const named = bound({ counts: [tokens] });
    test.match(named, { kind: "ok", request: { body: undefined, demand: { output: 500 } } });
    const call = askedCall("openai", { body: chat() });
    test.match(bound({ counts: [tokens] }, candidate(), call), {
      request: { demand: { output: 4_096 } },
    });
  },
);

t.test("counting tokens uses nothing, and embeddings no output", async (test) => {
  const body = { model: "text-embedding-3-small", input: "a" };
  const embed = askedCall("openai", { path: "/v1/embeddings", body });
  test.match(bound({ counts: [money] }, candidate(), embed), {
    request: { demand: { output: 0 } },
  });
  const count = askedCall("openai", {
    path: "/v1/responses/input_tokens",
    body: { model: "x", input: "a" },
  });
  test.match(bound({ counts: [money] }, candidate(), count), {
    request: { demand: { input: 0, output: 0 } },
  });
});

t.test("what cannot be bounded or priced is not sent", async (test) => {
  const compact = askedCall("openai", { path: "/v1/responses/compact", body: { model: "gpt-4o" } });
  test.match(bound({ counts: [tokens] }, candidate(), compact), {
    kind: "unable",
    reason: "nobody knows how its output is bounded, and the rule has a budget",
  });
  const own = backendOf("own", "openai", { modelRewrites: [{ from: "*", to: "my-model" }] });
  test.match(bound({ counts: [money] }, own), {
    kind: "unable",
    reason: /no price of model "my-model" at openai is known: add it to prices.json in CLRK_HOME/,
  });
  test.equal(bound({ counts: [tokens] }, own).kind, "ok");
  const strange = askedCall("openai", { body: chat({ max_tokens: "9" }) });
  test.match(bound({ counts: [tokens] }, candidate(), strange), {
    kind: "malformed",
    reason: "max_tokens is not a number of tokens",
  });
});
