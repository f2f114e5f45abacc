import t from "tap";
import type { CallFacts } from "../gateway/call-facts.ts";
import { decodeFacts, encodeFacts } from "./facts-text.ts";
import { callFacts, capturedExchange, modelCall } from "./testdata/call-facts.ts";

const trace = { traceId: "a".repeat(32), spanId: "b".repeat(16), parentSpanId: "" };

const cases: readonly { readonly name: string; readonly facts: readonly CallFacts[] }[] = [
  { name: "no facts", facts: [] },
  { name: "a plain transaction", facts: [callFacts({ trace })] },
  { name: "a child", facts: [callFacts({ trace: { ...trace, parentSpanId: "c".repeat(16) } })] },
  {
    name: "one that audit mode let by",
    facts: [
      callFacts({
        wouldDeny: {
          reason: "no-rule",
          message: "No rule\nfor it",
          route: { kind: "AIProviderRoute", namespace: "default", name: "openai", rule: 1 },
        },
      }),
    ],
  },
  { name: "one without a trace", facts: [callFacts({ responseChunks: 12 })] },
  {
    name: "a model call whose texts hold separators, line ends and other scripts",
    facts: [
      callFacts({
        trace,
        responseChunks: 3,
        model: modelCall({
          requestModel: 'a model\nof "mine" — 模型 \u2028',
          finishReasons: ["stop", "length "],
          timeToFirstTokenMs: 12.25,
          usage: {
            inputTokens: 3,
            outputTokens: 4,
            cachedInputTokens: null,
            cacheWriteTokens: null,
            reasoningTokens: 0,
          },
        }),
      }),
    ],
  },
  {
    name: "a model call with all that is known, and one with nothing",
    facts: [
      callFacts({
        model: {
          operation: "chat",
          requestModel: "a",
          responseModel: "b",
          responseId: "c",
          finishReasons: ["stop", "length"],
          isStream: true,
          timeToFirstTokenMs: 0,
          usage: {
            inputTokens: 0,
            outputTokens: 2,
            cachedInputTokens: 3,
            cacheWriteTokens: 4,
            reasoningTokens: 5,
          },
        },
      }),
      callFacts({ model: modelCall({ requestModel: null }) }),
    ],
  },
  {
    name: "a refusal, a target and a capture among plain ones",
    facts: [
      callFacts({ id: "1" }),
      callFacts({ id: "2", denial: { reason: "not-ready", message: "No\n" } }),
      callFacts({ id: "3", target: { path: "/a b", query: "x=[redacted]" } }),
      callFacts({ id: "4", capture: capturedExchange({ requestHeaders: [["a", "b\n c"]] }) }),
      callFacts({ id: "5", trace }),
      callFacts({ id: "6", charge: { tokens: 7, microDollars: null, isEstimated: true } }),
    ],
  },
  {
    name: "what was said to an MCP server",
    facts: [
      callFacts({
        mcp: {
          protocol: "mcp",
          revision: null,
          messages: [
            { method: "a\n", subject: "tool", name: "\u001f", outcome: "denied", rule: null },
          ],
        },
      }),
    ],
  },
];

for (const { name, facts } of cases) {
  t.test(`decodeFacts() gives back ${name}`, async (t) => {
    t.same(decodeFacts(encodeFacts(facts)), facts);
  });
}

const clean = modelCall({ requestModel: "gpt-4.1", finishReasons: ["stop", "length"] });
const hostile = ["\u0000", "\n", "\u001f", "a\u001db", "\u0000\u001f\n", ""];

for (const text of hostile) {
  t.test(`decodeFacts() gives back texts of ${JSON.stringify(text)}`, async (t) => {
    const facts = [
      callFacts({ model: { ...clean, requestModel: text } }),
      callFacts({ model: { ...clean, responseModel: text, responseId: text } }),
      callFacts({ model: { ...clean, finishReasons: [text, "stop"] } }),
      callFacts({ denial: { reason: text, message: text } }),
    ];
    t.same(decodeFacts(encodeFacts(facts)), facts);
  });
}

t.test("decodeFacts() refuses what is no line of facts", async (t) => {
  t.throws(() => decodeFacts("id\u001f1\n"), SyntaxError);
  t.throws(
    () => decodeFacts(encodeFacts([callFacts()]).replace("\u0000\n", "{broken\n")),
    SyntaxError,
  );
});
