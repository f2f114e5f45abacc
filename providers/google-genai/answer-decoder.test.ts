import t from "tap";
import type { ChatResponse, Choice, Part } from "../ir.ts";
import { decodeAnswer, decodeTime, isBlocked } from "./answer-decoder.ts";

function decode(body: unknown): ChatResponse {
  const decoded = decodeAnswer(Buffer.from(JSON.stringify(body)));
  if (decoded.kind === "malformed") throw new Error(decoded.reason);
  return decoded.value;
}

/** The only choice of an answer with one candidate. */
function choiceOf(candidate: object, id = "r1"): Choice | undefined {
  return decode({ candidates: [candidate], responseId: id }).choices[0];
}

const thought = (text: string, signature: string | null) =>
  ({
    kind: "reasoning",
    text,
    signature,
    encrypted: null,
    origin: "gemini-generate-content",
  }) as const;

t.test("decodeAnswer() reads an answer", async (t) => {
  const body = {
    candidates: [
      {
        content: { parts: [{ text: "AI learns." }], role: "model" },
        finishReason: "STOP",
        index: 0,
        avgLogprobs: -0.19,
      },
    ],
    usageMetadata: { promptTokenCount: 9, candidatesTokenCount: 3, totalTokenCount: 12 },
    modelVersion: "gemini-2.5-flash",
    createTime: "2025-06-26T08:14:25.163100Z",
    responseId: "IQRdaIz7",
  };
  t.same(decode(body), {
    id: "IQRdaIz7",
    model: "gemini-2.5-flash",
    created: 1_750_925_665,
    choices: [
      {
        parts: [{ kind: "text", text: "AI learns." }],
        finish: "stop",
        stopText: null,
        logprobs: null,
      },
    ],
    usage: {
      inputTokens: 9,
      outputTokens: 3,
      cachedInputTokens: null,
      cacheWriteTokens: null,
      reasoningTokens: null,
      audioInputTokens: null,
      audioOutputTokens: null,
    },
  });
});

t.test("decodeAnswer() reads the least that an answer can be", async (t) => {
  t.same(decode({ candidates: [{}] }), {
    id: "",
    model: "",
    created: null,
    choices: [{ parts: [], finish: "stop", stopText: null, logprobs: null }],
    usage: null,
  });
});

const parts: readonly {
  readonly name: string;
  readonly parts: readonly unknown[];
  readonly wanted: readonly Part[];
}[] = [
  {
    name: "texts",
    parts: [{ text: "a" }, { text: "" }, { text: "b" }],
    wanted: [
      { kind: "text", text: "a" },
      { kind: "text", text: "b" },
    ],
  },
  {
    name: "thoughts",
    parts: [{ text: "Hm", thought: true }, { text: "a" }],
    wanted: [thought("Hm", null), { kind: "text", text: "a" }],
  },
  {
    name: "signatures of hidden reasoning",
    parts: [{ text: "a", thoughtSignature: "c2ln" }],
    wanted: [thought("", "c2ln"), { kind: "text", text: "a" }],
  },
  {
    name: "calls with and without ids",
    parts: [
      {
        functionCall: { id: "own", name: "f", args: { a: 1 } },
        thoughtSignature: "c2ln",
      },
      { functionCall: { name: "g" } },
    ],
    wanted: [
      { kind: "tool-call", id: "own", name: "f", arguments: '{"a":1}', signature: "c2ln" },
      { kind: "tool-call", id: "call_r1_1", name: "g", arguments: "{}", signature: null },
    ],
  },
  {
    name: "an image",
    parts: [{ inlineData: { mimeType: "image/png", data: "AA==" } }],
    wanted: [
      {
        kind: "image",
        source: { kind: "base64", mediaType: "image/png", data: "AA==" },
        detail: null,
      },
    ],
  },
  {
    name: "nothing of what only the server's tools write",
    parts: [
      { executableCode: { language: "PYTHON", code: "1" } },
      { codeExecutionResult: { outcome: "OUTCOME_OK" } },
      { inlineData: { mimeType: "video/mp4", data: "AA==" } },
      7,
      null,
      {},
    ],
    wanted: [],
  },
];

for (const { name, parts: wire, wanted } of parts) {
  t.test(`decodeAnswer() reads ${name}`, async (t) => {
    t.same(choiceOf({ content: { parts: wire } })?.parts, wanted);
  });
}

const finishes: readonly (readonly [object, string])[] = [
  [{ finishReason: "MAX_TOKENS" }, "length"],
  [{ finishReason: "SAFETY" }, "content-filter"],
  [{ content: { parts: [{ functionCall: { name: "f" } }] }, finishReason: "STOP" }, "tool-calls"],
  [{ content: { parts: [{ functionCall: { name: "f" } }] }, finishReason: "MAX_TOKENS" }, "length"],
  [{ content: { parts: [{ text: "a" }] } }, "stop"],
];

for (const [candidate, finish] of finishes) {
  t.test(`decodeAnswer() takes ${JSON.stringify(candidate)} for ${finish}`, async (t) => {
    t.equal(choiceOf(candidate)?.finish, finish);
  });
}

t.test("decodeAnswer() reads several candidates in the order of their index", async (t) => {
  const candidate = (index: number | undefined, text: string) => ({
    index,
    content: { parts: [{ text }] },
  });
  const { choices } = decode({
    candidates: [candidate(2, "c"), candidate(undefined, "a"), candidate(1, "b")],
  });
  t.match(choices, [
    { parts: [{ text: "a" }] },
    { parts: [{ text: "b" }] },
    { parts: [{ text: "c" }] },
  ]);
});

t.test("decodeAnswer() gives calls of different candidates different ids", async (t) => {
  const content = { parts: [{ functionCall: { name: "f" } }] };
  const { choices } = decode({
    candidates: [{ content }, { content, index: 1 }],
    responseId: "r1",
  });
  t.match(choices, [{ parts: [{ id: "call_r1_0" }] }, { parts: [{ id: "call_r1_1" }] }]);
});

t.test("decodeAnswer() reads probabilities", async (t) => {
  const logprobsResult = { chosenCandidates: [{ token: "a", logProbability: -1 }] };
  t.match(choiceOf({ logprobsResult })?.logprobs, [{ token: "a", logprob: -1 }]);
});

t.test("decodeAnswer() takes a blocked prompt for a filtered choice without parts", async (t) => {
  const body = {
    promptFeedback: { blockReason: "SAFETY" },
    usageMetadata: { promptTokenCount: 8 },
  };
  const { choices, usage } = decode(body);
  t.same(choices, [{ parts: [], finish: "content-filter", stopText: null, logprobs: null }]);
  t.equal(usage?.inputTokens, 8);
});

t.test("decodeAnswer() keeps the digits of arguments", async (t) => {
  const body =
    '{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"a":12345678901234567890}}}]}}]}';
  const decoded = decodeAnswer(Buffer.from(body));
  t.match(decoded, {
    value: { choices: [{ parts: [{ arguments: '{"a":12345678901234567890}' }] }] },
  });
});

const broken: readonly (readonly [string, string])[] = [
  ["", "it is not JSON"],
  ["<html>", "it is not JSON"],
  ['{"candidates":[', "it is not JSON"],
  ["[]", "it is not an object"],
  ["null", "it is not an object"],
  ["{}", "it has no candidates"],
  ['{"candidates":[]}', "it has no candidates"],
  ['{"candidates":[7]}', "it has no candidates"],
  ['{"promptFeedback":{}}', "it has no candidates"],
  ['{"error":{"code":500}}', "it has no candidates"],
];

for (const [body, reason] of broken) {
  t.test(`decodeAnswer() says of ${JSON.stringify(body)} that ${reason}`, async (t) => {
    t.same(decodeAnswer(Buffer.from(body)), { kind: "malformed", reason });
  });
}

t.test("decodeAnswer() says that bytes are not UTF-8", async (t) => {
  t.same(decodeAnswer(Buffer.of(0xff)), { kind: "malformed", reason: "it is not UTF-8" });
});

t.test("decodeTime() reads timestamps as seconds", async (t) => {
  t.equal(decodeTime("1970-01-01T00:00:07.999Z"), 7);
  for (const value of ["soon", "", undefined, null, 7, {}]) t.equal(decodeTime(value), null);
});

t.test("isBlocked() is true where a reason is given", async (t) => {
  t.equal(isBlocked({ promptFeedback: { blockReason: "OTHER" } }), true);
  t.equal(isBlocked({ promptFeedback: { block_reason: "OTHER" } }), true);
  t.equal(isBlocked({ promptFeedback: { safetyRatings: [] } }), false);
  t.equal(isBlocked({}), false);
});
