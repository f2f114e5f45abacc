import t from "tap";
import { chatRequest, dialect } from "../testdata/anthropic-messages.ts";
import { limitOutput } from "./output-limit.ts";

const off = { type: null, effort: null, budget: 0, display: null };
const enabled = { type: "enabled", effort: null, budget: 8_192, display: null } as const;
const adaptive = { type: "adaptive", effort: null, budget: 8_192, display: null } as const;

const cases = [
  { name: "what was asked", asked: 100, choice: off, most: null, limit: 100, budget: 0 },
  { name: "nothing asked", asked: null, choice: off, most: null, limit: 4_096, budget: 0 },
  {
    name: "nothing asked, with thinking",
    asked: null,
    choice: adaptive,
    most: null,
    limit: 12_288,
    budget: 8_192,
  },
  {
    name: "nothing asked, with a budget",
    asked: null,
    choice: enabled,
    most: null,
    limit: 12_288,
    budget: 8_192,
  },
  {
    name: "more than the budget",
    asked: 10_000,
    choice: enabled,
    most: null,
    limit: 10_000,
    budget: 8_192,
  },
  {
    name: "as much as the budget",
    asked: 8_192,
    choice: enabled,
    most: null,
    limit: 16_384,
    budget: 8_192,
  },
  {
    name: "less than the budget",
    asked: 100,
    choice: enabled,
    most: null,
    limit: 8_292,
    budget: 8_192,
  },
  {
    name: "less than adaptive thinking has room for",
    asked: 100,
    choice: adaptive,
    most: null,
    limit: 100,
    budget: 8_192,
  },
  {
    name: "more than the model writes",
    asked: 100_000,
    choice: off,
    most: 64_000,
    limit: 64_000,
    budget: 0,
  },
  {
    name: "as much as the model writes",
    asked: 64_000,
    choice: off,
    most: 64_000,
    limit: 64_000,
    budget: 0,
  },
  {
    name: "more than the model writes, with a budget",
    asked: 4_000,
    choice: { ...enabled, budget: 32_768 },
    most: 32_000,
    limit: 32_000,
    budget: 28_000,
  },
  {
    name: "much more than the model writes, with a budget",
    asked: 100_000,
    choice: { ...enabled, budget: 32_768 },
    most: 32_000,
    limit: 32_000,
    budget: 16_000,
  },
] as const;
for (const { name, asked, choice, most, limit, budget } of cases) {
  t.test(`limitOutput() limits ${name}`, async (t) => {
    const said = limitOutput(chatRequest({ maxOutputTokens: asked }), choice, most);
    t.strictSame(said, { maxTokens: limit, budget });
  });
}

t.test(
  "limitOutput() leaves the limit of an agent of this dialect above what is known of the model",
  async (t) => {
    const request = chatRequest({ maxOutputTokens: 100_000, variant: dialect });
    t.equal(limitOutput(request, off, 64_000).maxTokens, 100_000);
  },
);
