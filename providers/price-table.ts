/**
 * List prices of models, in micro-dollars for a million tokens: standard tier, text. From the public price lists
 * openai.com/api/pricing, claude.com/pricing, ai.google.dev/pricing, aws.amazon.com/bedrock/pricing and
 * mistral.ai/pricing as they were known when `pricesAsOf` was written; who pays others says so in a file of his own.
 * Compared since, on 2026-11-28: Claude's with the tables of platform.claude.com, of which the models after Opus 4.5
 * are; those of OpenAI, Gemini and Nova with copies that others keep of the lists. Where copies differ the higher
 * price stands.
 */

import type { PriceEntry } from "./prices.ts";

/** When the table was last compared with all of the lists themselves. */
export const pricesAsOf = "2025-12-01";

const usd = (dollars: number) => Math.round(dollars * 1_000_000);
const of = (input: number, cachedInput: number, output: number) => ({
  input: usd(input),
  cachedInput: usd(cachedInput),
  output: usd(output),
});
/** Reading the cache costs a tenth of input, writing it a quarter more. */
const claude = (input: number, output: number) => ({
  input: usd(input),
  cachedInput: usd(input / 10),
  cacheWrite: usd(input * 1.25),
  output: usd(output),
});
const sonnet4 = {
  ...claude(3, 15),
  long: { aboveInputTokens: 200_000, ...claude(6, 22.5) },
};
const geminiPro = {
  input: usd(1.25),
  output: usd(10),
  long: { aboveInputTokens: 200_000, input: usd(2.5), output: usd(15) },
};
const gemini = [
  { models: ["gemini-2.5-pro"], price: geminiPro },
  { models: ["gemini-2.5-flash"], price: { input: usd(0.3), output: usd(2.5) } },
  { models: ["gemini-2.5-flash-lite"], price: { input: usd(0.1), output: usd(0.4) } },
  {
    models: ["gemini-2.0-flash", "gemini-2.0-flash-001"],
    price: { input: usd(0.1), output: usd(0.4) },
  },
];

/** In order: the first entry whose provider and globs fit is the price. */
export const priceTable: readonly PriceEntry[] = [
  ...[
    { models: ["gpt-5", "gpt-5-2025-*", "gpt-5-chat-latest"], price: of(1.25, 0.125, 10) },
    { models: ["gpt-5.1", "gpt-5.1-2025-*"], price: of(1.25, 0.125, 10) },
    { models: ["gpt-5-mini", "gpt-5-mini-2025-*"], price: of(0.25, 0.025, 2) },
    { models: ["gpt-5-nano", "gpt-5-nano-2025-*"], price: of(0.05, 0.005, 0.4) },
    { models: ["gpt-4.1", "gpt-4.1-2025-*"], price: of(2, 0.5, 8) },
    { models: ["gpt-4.1-mini", "gpt-4.1-mini-2025-*"], price: of(0.4, 0.1, 1.6) },
    { models: ["gpt-4.1-nano", "gpt-4.1-nano-2025-*"], price: of(0.1, 0.025, 0.4) },
    { models: ["gpt-4o-2024-05-13"], price: of(5, 5, 15) },
    { models: ["gpt-4o", "gpt-4o-2024-08-06", "gpt-4o-2024-11-20"], price: of(2.5, 1.25, 10) },
    { models: ["gpt-4o-mini", "gpt-4o-mini-2024-07-18"], price: of(0.15, 0.075, 0.6) },
    { models: ["o1", "o1-2024-12-17"], price: of(15, 7.5, 60) },
    { models: ["o3", "o3-2025-*"], price: of(2, 0.5, 8) },
    { models: ["o3-mini", "o3-mini-2025-*"], price: of(1.1, 0.55, 4.4) },
    { models: ["o4-mini", "o4-mini-2025-*"], price: of(1.1, 0.275, 4.4) },
    { models: ["text-embedding-3-small"], price: of(0.02, 0.02, 0) },
    { models: ["text-embedding-3-large"], price: of(0.13, 0.13, 0) },
    { models: ["text-embedding-ada-002"], price: of(0.1, 0.1, 0) },
  ].map((entry) => ({ provider: "openai", ...entry })),
  ...[
    { models: ["claude-opus-5-5*"], price: { ...claude(4, 20), cachedInput: usd(0.2) } },
    {
      models: ["claude-opus-4-5*", "claude-opus-4-6*", "claude-opus-4-7*", "claude-opus-4-8*"],
      price: claude(5, 25),
    },
    { models: ["claude-opus-5", "claude-opus-5-2026*"], price: claude(5, 25) },
    {
      models: ["claude-sonnet-5", "claude-sonnet-5-2026*", "claude-sonnet-5-5*"],
      price: claude(2, 10),
    },
    { models: ["claude-sonnet-4-6*"], price: claude(3, 15) },
    {
      models: ["claude-haiku-5-5*"],
      price: { ...claude(0.1, 0.5), long: { aboveInputTokens: 100_000, ...claude(0.5, 2.5) } },
    },
    {
      models: ["claude-opus-4-1*", "claude-opus-4-0", "claude-opus-4-2025*"],
      price: claude(15, 75),
    },
    {
      models: ["claude-sonnet-4-5*", "claude-sonnet-4-0", "claude-sonnet-4-2025*"],
      price: sonnet4,
    },
    { models: ["claude-3-7-sonnet-*", "claude-3-5-sonnet-*"], price: claude(3, 15) },
    { models: ["claude-haiku-4-5*"], price: claude(1, 5) },
    { models: ["claude-3-5-haiku-*"], price: claude(0.8, 4) },
    { models: ["claude-3-opus-*"], price: claude(15, 75) },
    // Its cache is priced by itself.
    {
      models: ["claude-3-haiku-*"],
      price: { ...claude(0.25, 1.25), cachedInput: usd(0.03), cacheWrite: usd(0.3) },
    },
  ].map((entry) => ({ provider: "anthropic", ...entry })),
  ...gemini.map((entry) => ({ provider: "google_genai", ...entry })),
  ...gemini.map((entry) => ({ provider: "google_vertex", ...entry })),
  ...[
    { models: ["*amazon.nova-micro-v1:0"], price: of(0.035, 0.035, 0.14) },
    { models: ["*amazon.nova-lite-v1:0"], price: of(0.06, 0.06, 0.24) },
    { models: ["*amazon.nova-pro-v1:0"], price: of(0.8, 0.8, 3.2) },
    {
      models: ["*anthropic.claude-3-7-sonnet-*", "*anthropic.claude-3-5-sonnet-*"],
      price: claude(3, 15),
    },
    { models: ["*anthropic.claude-3-5-haiku-*"], price: claude(0.8, 4) },
  ].map((entry) => ({ provider: "aws_bedrock", ...entry })),
  { provider: "mistral_ai", models: ["mistral-large-2411"], price: of(2, 2, 6) },
];
