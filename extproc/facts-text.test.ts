import t from "tap";
import type { CallFacts } from "../gateway/call-facts.ts";
import { CaptureReader } from "./capture-memory.ts";
import { decodeFacts, FactsEncoder } from "./facts-text.ts";
import type { EncodedFacts } from "./facts-text.ts";
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
      callFacts({ id: "7", charge: { tokens: 0, microDollars: 0, isEstimated: false }, trace }),
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

/** As it comes to the process: messages are cloned, memory is shared. */
function send(facts: readonly CallFacts[]): CallFacts[] {
  return decodeFacts(structuredClone(encode(facts)), new CaptureReader());
}

function encode(facts: readonly CallFacts[]): EncodedFacts {
  const encoder = new FactsEncoder();
  for (const one of facts) encoder.add(one);
  return encoder.take();
}

for (const { name, facts } of cases) {
  t.test(`decodeFacts() gives back ${name}`, async (t) => {
    t.same(JSON.parse(JSON.stringify(send(facts))), JSON.parse(JSON.stringify(facts)));
  });
}

t.test(
  "decodeFacts() gives back captures in their order, also those that fit in no chunk",
  async (t) => {
    const facts = Array.from({ length: 60 }, (_, index) => {
      const size = index % 7 === 3 ? 100_000 : 5_000 + index;
      const base64 = "abcd".repeat(size / 4);
      const requestBody = { base64, bytes: index, isTruncated: false, contentEncoding: "" };
      return callFacts({ id: String(index), capture: capturedExchange({ requestBody }) });
    });
    const bare = callFacts({ id: "bare" });
    const sent = send([bare, ...facts, bare]);
    t.equal(sent.length, 62);
    t.equal(sent[0]?.capture, null);
    for (const [index, { capture }] of facts.entries()) {
      t.same(JSON.parse(JSON.stringify(sent[index + 1]?.capture)), capture, `the one of ${index}`);
    }
  },
);

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
    t.same(send(facts), facts);
  });
}

t.test("decodeFacts() refuses what is no line of facts", async (t) => {
  const reader = new CaptureReader();
  const encoded = encode([callFacts({ capture: capturedExchange() })]);
  const { text } = encoded;
  const refused = (changed: string) => () => decodeFacts({ ...encoded, text: changed }, reader);
  t.throws(refused(text.slice(text.indexOf("\u001f") + 1)), SyntaxError);
  t.throws(refused("id\u001f1\n"), SyntaxError);
  const line = text.slice(0, text.lastIndexOf("\u001f") + 1);
  t.throws(refused(`${line.slice(0, -2)}{broken\u001f\0\n`), SyntaxError);
  const wrong = [
    "9\u001d4\u001d8",
    "0\u001d4\u001d9999999",
    "0\u001d0\u001d8",
    "0\u001d8\u001d4",
    "a\u001db",
    "long",
  ];
  for (const place of wrong) t.throws(refused(`${line}${place}\n`), RangeError, place);
});

t.test("take() gives each of the facts once", async (t) => {
  const encoder = new FactsEncoder();
  const reader = new CaptureReader();
  const ids = () => decodeFacts(encoder.take(), reader).map(({ id }) => id);
  encoder.add(callFacts({ id: "a", capture: capturedExchange() }));
  encoder.add(callFacts({ id: "b" }));
  t.same(ids(), ["a", "b"]);
  t.same(ids(), []);
  encoder.add(callFacts({ id: "c", capture: capturedExchange() }));
  t.same(ids(), ["c"]);
});
