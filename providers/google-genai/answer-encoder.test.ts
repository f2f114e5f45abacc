import t from "tap";
import type { ChatRequest, ChatResponse, Choice, Part } from "../ir.ts";
import { decodeAnswer } from "./answer-decoder.ts";
import { createSigner, encodeAnswer, encodeId, showsThoughts } from "./answer-encoder.ts";
import { requestWith, decodedValue } from "./testdata/requests.ts";

const visible = { effort: null, budgetTokens: null, visible: true } as const;
const older = "gemini-2.5-flash";

function responseWith(given: Partial<Choice>): ChatResponse {
  const choice = { parts: [], finish: "stop", stopText: null, logprobs: null, ...given } as const;
  return { id: "r1", model: "m", created: null, choices: [choice], usage: null };
}

function encode(response: ChatResponse, request: Partial<ChatRequest> = {}) {
  return JSON.parse(encodeAnswer(response, requestWith({ model: older, ...request })));
}

/** Parts of the only candidate on the wire. */
function encodeParts(parts: readonly Part[], request: Partial<ChatRequest> = {}): unknown {
  return encode(responseWith({ parts }), request).candidates[0].content.parts;
}

const thought = (text: string, signature: string | null, origin = "gemini-generate-content") =>
  ({ kind: "reasoning", text, signature, encrypted: null, origin }) as const;
const call = (id: string, signature: string | null = null) =>
  ({ kind: "tool-call", id, name: "f", arguments: '{"a":1}', signature }) as const;

t.test("encodeAnswer() writes an answer", async (t) => {
  const usage = {
    inputTokens: 9,
    outputTokens: 5,
    cachedInputTokens: 4,
    cacheWriteTokens: 3,
    reasoningTokens: 2,
    audioInputTokens: null,
    audioOutputTokens: null,
  };
  const response = responseWith({ parts: [{ kind: "text", text: "Hi" }], finish: "length" });
  t.same(encode({ ...response, usage }), {
    candidates: [
      {
        content: { parts: [{ text: "Hi" }], role: "model" },
        finishReason: "MAX_TOKENS",
        index: 0,
      },
    ],
    usageMetadata: {
      promptTokenCount: 9,
      candidatesTokenCount: 3,
      totalTokenCount: 14,
      cachedContentTokenCount: 4,
      thoughtsTokenCount: 2,
    },
    modelVersion: "m",
    responseId: "r1",
  });
});

const parts: readonly {
  readonly name: string;
  readonly parts: readonly Part[];
  readonly request?: Partial<ChatRequest>;
  readonly wanted: readonly object[];
}[] = [
  {
    name: "a refusal as text",
    parts: [{ kind: "refusal", text: "No" }],
    wanted: [{ text: "No" }],
  },
  {
    name: "thoughts that the agent asked for",
    parts: [thought("Hm", null, "openai-responses"), { kind: "text", text: "a" }],
    request: { reasoning: visible },
    wanted: [{ thought: true, text: "Hm" }, { text: "a" }],
  },
  {
    name: "no thoughts that it did not ask for",
    parts: [thought("Hm", null), { kind: "text", text: "a" }],
    wanted: [{ text: "a" }],
  },
  {
    name: "the signature of its own thoughts",
    parts: [thought("Hm", "c2ln")],
    request: { reasoning: visible },
    wanted: [{ thought: true, text: "Hm", thoughtSignature: "c2ln" }],
  },
  {
    name: "the signature of its own thoughts though they are hidden",
    parts: [thought("Hm", "c2ln"), { kind: "text", text: "a" }],
    wanted: [{ text: "", thoughtSignature: "c2ln" }, { text: "a" }],
  },
  {
    name: "no signature of others'",
    parts: [thought("Hm", "c2ln", "anthropic-messages")],
    request: { reasoning: visible },
    wanted: [{ thought: true, text: "Hm" }],
  },
  {
    name: "calls with their ids",
    parts: [call("1"), call("2", "c2ln")],
    wanted: [
      { functionCall: { id: "1", name: "f", args: { a: 1 } } },
      { functionCall: { id: "2", name: "f", args: { a: 1 } }, thoughtSignature: "c2ln" },
    ],
  },
  {
    name: "calls signed for the model that the agent will ask again",
    parts: [call("1"), call("2")],
    request: { model: "gemini-3-pro" },
    wanted: [
      {
        functionCall: { id: "1", name: "f", args: { a: 1 } },
        thoughtSignature: "skip_thought_signature_validator",
      },
      { functionCall: { id: "2", name: "f", args: { a: 1 } } },
    ],
  },
  {
    name: "an image",
    parts: [
      {
        kind: "image",
        source: { kind: "base64", mediaType: "image/png", data: "AA==" },
        detail: null,
      },
    ],
    wanted: [{ inlineData: { mimeType: "image/png", data: "AA==" } }],
  },
];

for (const { name, parts: given, request, wanted } of parts) {
  t.test(`encodeAnswer() writes ${name}`, async (t) => {
    t.same(encodeParts(given, request), wanted);
  });
}

t.test("encodeAnswer() writes no parts where there are none", async (t) => {
  t.same(encode(responseWith({ finish: "content-filter" })).candidates, [
    { content: { role: "model" }, finishReason: "SAFETY", index: 0 },
  ]);
});

t.test("encodeAnswer() writes several choices with probabilities", async (t) => {
  const logprobs = [{ token: "a", logprob: -1, bytes: [97], top: [] }];
  const [choice] = responseWith({ parts: [{ kind: "text", text: "a" }], logprobs }).choices;
  const response = responseWith({});
  const encoded = encode({ ...response, choices: choice === undefined ? [] : [choice, choice] });
  t.match(encoded.candidates, [
    { index: 0, logprobsResult: { chosenCandidates: [{ token: "a", logProbability: -1 }] } },
    { index: 1 },
  ]);
});

t.test("encodeAnswer() writes what decodeAnswer() reads as it was", async (t) => {
  const response: ChatResponse = {
    id: "r1",
    model: "m",
    created: null,
    choices: [
      {
        parts: [
          thought("Hm", "c2ln"),
          { kind: "text", text: "Héllo\n" },
          call("1", "b3Ro"),
          call("2"),
        ],
        finish: "tool-calls",
        stopText: null,
        logprobs: [
          {
            token: "H",
            logprob: -0.5,
            bytes: null,
            top: [{ token: "J", logprob: -2, bytes: null }],
          },
        ],
      },
      { parts: [{ kind: "text", text: "b" }], finish: "length", stopText: null, logprobs: null },
    ],
    usage: {
      inputTokens: 9,
      outputTokens: 5,
      cachedInputTokens: 4,
      cacheWriteTokens: null,
      reasoningTokens: 2,
      audioInputTokens: 1,
      audioOutputTokens: 0,
    },
  };
  const text = encodeAnswer(response, requestWith({ model: older, reasoning: visible }));
  t.same(decodedValue(decodeAnswer(Buffer.from(text))), response);
});

t.test("encodeId() keeps what Gemini's ids are made of", async (t) => {
  t.equal(encodeId("mAit-aLm_kHP"), "mAit-aLm_kHP");
  t.equal(encodeId("chatcmpl-abc"), "chatcmpl-abc");
  t.equal(encodeId("a/b:c d"), "abcd");
  t.equal(encodeId("x".repeat(100)), "x".repeat(64));
  t.equal(encodeId(""), "");
});

t.test("showsThoughts() is true where they were asked for", async (t) => {
  t.equal(showsThoughts(requestWith({ reasoning: visible })), true);
  t.equal(showsThoughts(requestWith({ reasoning: { ...visible, visible: null } })), false);
  t.equal(showsThoughts(requestWith()), false);
});

t.test("createSigner() signs for models that check", async (t) => {
  t.type(createSigner(requestWith({ model: "gemini-3-pro" })).sign(null), "string");
  t.equal(createSigner(requestWith({ model: older })).sign(null), undefined);
});
