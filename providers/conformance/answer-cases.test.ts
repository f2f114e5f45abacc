import t from "tap";
import { answerCases, usageOfCases } from "./answer-cases.ts";

t.test("answerCases() have names of their own and every finish reason", async (t) => {
  const names = answerCases().map(({ name }) => name);
  t.equal(new Set(names).size, names.length);
  const finishes = answerCases().flatMap(({ response }) =>
    response.choices.map(({ finish }) => finish),
  );
  t.equal(new Set(finishes).size, 8);
});

t.test("usageOfCases has another number for everything, and details within totals", async (t) => {
  const numbers = Object.values(usageOfCases).filter((value) => value !== null);
  t.equal(new Set(numbers).size, numbers.length);
  const { inputTokens, cachedInputTokens, cacheWriteTokens } = usageOfCases;
  t.ok((inputTokens ?? 0) > (cachedInputTokens ?? 0) + (cacheWriteTokens ?? 0));
  t.ok((usageOfCases.outputTokens ?? 0) > (usageOfCases.reasoningTokens ?? 0));
});

t.test("answerCases() answer conversations that ask for what they hold", async (t) => {
  for (const { name, request, response } of answerCases()) {
    const [first] = response.choices;
    const hasCall = first?.parts.some(({ kind }) => kind === "tool-call") ?? false;
    t.equal(request.tools.length > 0, hasCall, `${name}: tools`);
    t.equal(request.logprobs !== null, first?.logprobs !== null, `${name}: logprobs`);
    t.equal(request.choices ?? 1, response.choices.length, `${name}: choices`);
    t.equal(request.stop.length > 0, first?.stopText !== null, `${name}: stop text`);
  }
});
