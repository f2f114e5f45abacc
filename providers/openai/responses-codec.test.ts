/** What survives a round trip through the dialect; the parts of the codec have tests of their own. */
import t from "tap";
import type { Feature } from "../features.ts";
import type { ChatRequest, ChatResponse, Message, Part, StreamEvent } from "../ir.ts";
import { chatFeatures, judge } from "../request-features.ts";
import { brokenValues } from "../testdata/openai-responses-codec/broken-values.ts";
import {
  afterRoundTrip,
  chatRequest,
  decodeFields,
  decodeStream,
  encodeStream,
  decodedValue,
  wireRequest,
  wireResponse,
  writtenEvents,
} from "../testdata/openai-responses-codec/wire-calls.ts";
import { randomPieces, seededRandom } from "../testdata/seeded-random.ts";
import { createStreamTranslator } from "../translation.ts";
import { openaiChat } from "./chat-codec.ts";
import { openaiResponses } from "./responses-codec.ts";

const text = { kind: "text", text: "a" } as const;
const tool = { name: "f", description: "F", parameters: { type: "object" }, strict: null } as const;
const png = { kind: "base64", mediaType: "image/png", data: "AAAA" } as const;
const pdf = { kind: "base64", mediaType: "application/pdf", data: "AAAA" } as const;
const call = { kind: "tool-call", id: "c", name: "f", arguments: "{}", signature: null } as const;

function user(...parts: readonly Part[]): Partial<ChatRequest> {
  return { messages: [{ role: "user", parts }] };
}

function resultWith(...parts: readonly Part[]): Partial<ChatRequest> {
  const result = { kind: "tool-result", callId: "c", name: null, parts, isError: false } as const;
  const messages: readonly Message[] = [
    { role: "user", parts: [text] },
    { role: "assistant", parts: [call] },
    { role: "user", parts: [result] },
  ];
  return { messages, tools: [tool] };
}

/** For each feature that the dialect expresses, a request that uses it. */
const uses: ReadonlyMap<Feature, Partial<ChatRequest>> = new Map<Feature, Partial<ChatRequest>>([
  ["system", { system: [text, { kind: "text", text: "b" }] }],
  [
    "system-in-mid-conversation",
    {
      messages: [
        { role: "user", parts: [text] },
        { role: "system", parts: [text] },
        { role: "user", parts: [text] },
      ],
    },
  ],
  ["image-base64", user({ kind: "image", source: png, detail: null }, text)],
  [
    "image-url",
    user(text, {
      kind: "image",
      source: { kind: "url", url: "https://a.example/b", mediaType: null },
      detail: null,
    }),
  ],
  ["image-detail", user({ kind: "image", source: png, detail: "high" })],
  ["document-base64", user({ kind: "document", source: pdf, name: "a.pdf" })],
  [
    "document-url",
    user({
      kind: "document",
      source: { kind: "url", url: "https://a.example/b", mediaType: null },
      name: null,
    }),
  ],
  ["tool-result-image", resultWith(text, { kind: "image", source: png, detail: null })],
  ["tool-result-document", resultWith({ kind: "document", source: pdf, name: "b.pdf" })],
  [
    "reasoning-history",
    {
      messages: [
        { role: "user", parts: [text] },
        {
          role: "assistant",
          parts: [
            {
              kind: "reasoning",
              text: "Hm",
              signature: "s",
              encrypted: null,
              origin: "openai-responses",
            },
            {
              kind: "reasoning",
              text: "",
              signature: null,
              encrypted: "e",
              origin: "openai-responses",
            },
            call,
          ],
        },
        { role: "user", parts: [text] },
      ],
      tools: [tool],
    },
  ],
  ["tools", { tools: [tool, { ...tool, name: "g", description: null, parameters: null }] }],
  ["parallel-tool-calls-off", { tools: [tool], parallelToolCalls: false }],
  ["tool-choice-none", { tools: [tool], toolChoice: { kind: "none" } }],
  ["tool-choice-required", { tools: [tool], toolChoice: { kind: "required" } }],
  ["tool-choice-named", { tools: [tool], toolChoice: { kind: "tool", name: "f" } }],
  ["tool-strict", { tools: [{ ...tool, strict: true }] }],
  ["stream", { stream: true }],
  ["temperature", { temperature: 0.5 }],
  ["top-p", { topP: 0.5 }],
  ["logprobs", { logprobs: { top: 3 } }],
  ["json-output", { output: { kind: "json" } }],
  [
    "schema-output",
    {
      output: {
        kind: "schema",
        name: "n",
        description: "D",
        schema: { type: "object" },
        strict: true,
      },
    },
  ],
  ["reasoning", { reasoning: { effort: "high", budgetTokens: null, visible: null } }],
  ["reasoning-visible", { reasoning: { effort: null, budgetTokens: null, visible: true } }],
  ["end-user", { endUser: "u" }],
]);

for (const [feature, changes] of uses) {
  t.test(`encodeRequest() keeps ${feature}`, async (t) => {
    const request = chatRequest(changes);
    const used = chatFeatures(request, openaiResponses.name).map((use) => use.feature);
    t.ok(used.includes(feature), "the request uses it");
    t.same(afterRoundTrip(changes), request);
  });
}

t.test("expresses names what round trips keep, and nothing else", async (t) => {
  t.same([...openaiResponses.expresses].sort(), [...uses.keys()].sort());
});

const refused: readonly { name: string; fields: Readonly<Record<string, unknown>> }[] = [
  { name: "a stored answer", fields: { previous_response_id: "resp_1" } },
  { name: "a conversation", fields: { conversation: "conv_1" } },
  { name: "a prompt", fields: { prompt: { id: "pmpt_1" } } },
  { name: "a reference", fields: { input: [{ type: "item_reference", id: "msg_1" }] } },
  { name: "the provider's tools", fields: { tools: [{ type: "web_search" }] } },
  { name: "custom tools", fields: { tools: [{ type: "custom", name: "c" }] } },
  {
    name: "some of the tools",
    fields: { tool_choice: { type: "allowed_tools", mode: "auto", tools: [] } },
  },
  { name: "the background", fields: { background: true } },
  { name: "moderation", fields: { moderation: { model: "m" } } },
  { name: "content of the future", fields: { input: [{ type: "dream" }] } },
];

for (const { name, fields } of refused) {
  t.test(`decodeRequest() reads of ${name} what no other provider can be asked for`, async (t) => {
    const uses = chatFeatures(decodeFields(fields), openaiResponses.name);
    const { refused } = judge(uses, (feature) => openaiResponses.expresses.has(feature));
    t.equal(refused.length, 1);
  });
}

t.test("encodeRequest() keeps turns whose parts are mixed", async (t) => {
  const result = (callId: string): Part => ({
    kind: "tool-result",
    callId,
    name: null,
    parts: [text],
    isError: false,
  });
  const messages: readonly Message[] = [
    { role: "user", parts: [text, { kind: "image", source: png, detail: null }, text] },
    { role: "assistant", parts: [text, call, text, { ...call, id: "d" }] },
    { role: "user", parts: [result("c"), result("d"), text] },
    { role: "assistant", parts: [{ kind: "refusal", text: "No" }] },
    { role: "user", parts: [text, result("c")] },
  ];
  t.same(afterRoundTrip({ messages }).messages, messages);
});

t.test("encodeRequest() keeps conversations of any shape", async (t) => {
  const random = seededRandom(11);
  for (let round = 0; round < 300; round++) {
    const messages = randomTurns(random);
    t.same(afterRoundTrip({ messages }).messages, messages);
  }
});

const response: ChatResponse = {
  id: "resp_1",
  model: "gpt-5",
  created: 1_700_000_000,
  choices: [
    {
      parts: [
        {
          kind: "reasoning",
          text: "Hm",
          signature: "s",
          encrypted: null,
          origin: "openai-responses",
        },
        text,
        { ...call, arguments: '{"n":1.00000000000000000001}' },
      ],
      finish: "tool-calls",
      stopText: null,
      logprobs: [{ token: "a", logprob: -0.5, bytes: [97], top: [] }],
    },
  ],
  usage: {
    inputTokens: 10,
    outputTokens: 5,
    cachedInputTokens: 4,
    cacheWriteTokens: 1,
    reasoningTokens: 2,
    audioInputTokens: null,
    audioOutputTokens: null,
  },
};

t.test("encodeResponse() writes what decodeResponse() reads", async (t) => {
  const { body } = openaiResponses.encodeResponse(response, chatRequest());
  t.same(decodedValue(openaiResponses.decodeResponse(wireResponse(String(body)))), response);
});

const streamed: readonly StreamEvent[] = [
  { kind: "start", id: "resp_1", model: "gpt-5", created: 5 },
  {
    kind: "part-start",
    index: 0,
    part: { kind: "reasoning", encrypted: null, origin: "openai-responses" },
  },
  { kind: "delta", index: 0, text: "Hm" },
  { kind: "signature", index: 0, signature: "s" },
  { kind: "part-end", index: 0 },
  {
    kind: "part-start",
    index: 1,
    part: { kind: "reasoning", encrypted: "e", origin: "openai-responses" },
  },
  { kind: "part-end", index: 1 },
  { kind: "part-start", index: 2, part: { kind: "text" } },
  { kind: "delta", index: 2, text: 'é"\n' },
  { kind: "logprobs", index: 2, logprobs: [{ token: "a", logprob: -1, bytes: [97], top: [] }] },
  { kind: "part-end", index: 2 },
  { kind: "part-start", index: 3, part: { kind: "tool-call", id: "c", name: "f" } },
  { kind: "delta", index: 3, text: '{"a":' },
  { kind: "delta", index: 3, text: "1}" },
  { kind: "part-end", index: 3 },
  { kind: "part-start", index: 4, part: { kind: "refusal" } },
  { kind: "delta", index: 4, text: "No" },
  { kind: "part-end", index: 4 },
  {
    kind: "usage",
    usage: {
      inputTokens: 10,
      outputTokens: 5,
      cachedInputTokens: 4,
      cacheWriteTokens: 0,
      reasoningTokens: 2,
      audioInputTokens: null,
      audioOutputTokens: null,
    },
  },
  { kind: "finish", finish: "tool-calls", stopText: null },
  { kind: "end" },
];

t.test("createStreamEncoder() writes what createStreamDecoder() reads", async (t) => {
  // The empty text beside a lone probability is no delta again.
  t.same(decodeStream([Buffer.from(encodeStream(streamed))]), streamed);
});

t.test("createStreamDecoder() reads the encoder's bytes alike however they are cut", async (t) => {
  const bytes = Buffer.from(encodeStream(streamed));
  t.same(decodeStream(Array.from(bytes, (byte) => Buffer.of(byte))), streamed);
  const random = seededRandom(3);
  for (let round = 0; round < 200; round++) {
    t.same(decodeStream(randomPieces(bytes, 1 + Math.floor(random() * 999), random)), streamed);
  }
});

t.test("createStreamEncoder() writes failures that createStreamDecoder() reads", async (t) => {
  const failed: StreamEvent = {
    kind: "failed",
    error: { status: 429, kind: "rate-limit", message: "Slow", code: "insufficient_quota" },
  };
  for (const events of [[failed], [...streamed.slice(0, 5), failed]]) {
    t.same(decodeStream([Buffer.from(encodeStream(events))]), events);
  }
});

t.test("createStreamTranslator() serves an agent of this dialect by chat", async (t) => {
  const chunk = (delta: object, finish: string | null = null) => ({
    id: "chatcmpl-1",
    object: "chat.completion.chunk",
    created: 5,
    model: "m",
    choices: [{ index: 0, delta, finish_reason: finish }],
  });
  const chunks = [
    chunk({ role: "assistant", content: "" }),
    chunk({ content: "a" }),
    chunk({}, "stop"),
  ];
  const translator = createStreamTranslator(openaiResponses, openaiChat, chatRequest());
  const bytes = [
    ...chunks.map((data) => translator.write(Buffer.from(`data: ${JSON.stringify(data)}\n\n`))),
    translator.write(Buffer.from("data: [DONE]\n\n")),
    translator.end(),
  ];
  const events = decodeStream([Buffer.from(bytes.join(""))]);
  t.match(
    events.filter(({ kind }) => kind !== "usage"),
    [
      { kind: "start", id: "resp_chatcmpl1", model: "m", created: 5 },
      { kind: "part-start", part: { kind: "text" } },
      { kind: "delta", text: "a" },
      { kind: "part-end" },
      { kind: "finish", finish: "stop" },
      { kind: "end" },
    ],
  );
});

t.test("createStreamTranslator() serves an agent of chat by this dialect", async (t) => {
  const translator = createStreamTranslator(openaiChat, openaiResponses, chatRequest());
  const bytes = String(translator.write(Buffer.from(encodeStream(streamed)))) + translator.end();
  t.match(bytes, /"content":"é\\"\\n"/);
  t.match(bytes, /"tool_calls":\[/);
  t.match(bytes, /data: \[DONE\]\n\n$/);
});

const everything = {
  model: "gpt-5",
  instructions: "I",
  input: [
    { role: "developer", content: "D" },
    {
      role: "user",
      content: [
        { type: "input_text", text: "a" },
        { type: "input_image", image_url: "data:image/png;base64,AAAA", detail: "low" },
        { type: "input_file", file_data: "data:application/pdf;base64,AAAA", filename: "a.pdf" },
        { type: "input_audio", input_audio: { data: "AAAA", format: "wav" } },
      ],
    },
    { type: "reasoning", id: "rs_1", summary: [{ type: "summary_text", text: "Hm" }] },
    { type: "function_call", call_id: "c", name: "f", arguments: "{}" },
    { type: "function_call_output", call_id: "c", output: [{ type: "input_text", text: "R" }] },
  ],
  tools: [{ type: "function", name: "f", parameters: { type: "object" }, strict: true }],
  tool_choice: { type: "function", name: "f" },
  text: { format: { type: "json_schema", name: "n", schema: {} }, verbosity: "low" },
  reasoning: { effort: "low", summary: "auto" },
  include: ["message.output_text.logprobs"],
  metadata: { a: "b" },
  temperature: 1,
  stream: true,
};

t.test(
  "decodeRequest() reads or rejects whatever an agent sends, and what it reads can be written",
  async (t) => {
    let count = 0;
    for (const body of brokenValues(everything)) {
      const decoded = openaiResponses.decodeRequest(wireRequest(body));
      if (decoded.kind === "malformed") continue;
      count++;
      const answer = { id: "", model: "", created: null, choices: [], usage: null };
      openaiResponses.encodeRequest(decoded.value);
      JSON.parse(String(openaiResponses.encodeResponse(answer, decoded.value).body));
      openaiResponses.createStreamEncoder(decoded.value).write(streamed);
    }
    t.ok(count > 100, "many are read");
  },
);

t.test("decodeResponse() reads or rejects whatever a provider answers", async (t) => {
  const { body } = openaiResponses.encodeResponse(response, chatRequest());
  let count = 0;
  for (const answer of brokenValues(JSON.parse(String(body)))) {
    if (openaiResponses.decodeResponse(wireResponse(answer)).kind === "ok") count++;
  }
  t.ok(count > 100, "many are read");
});

t.test(
  "createStreamDecoder() tells whatever a provider streams in the order of the IR",
  async (t) => {
    const wire = writtenEvents(encodeStream(streamed)).map(({ data }) => data);
    for (const [index, event] of wire.entries()) {
      for (const broken of brokenValues(event)) {
        const stream = [...wire.slice(0, index), broken, ...wire.slice(index + 1)];
        const text = stream.map((data) => `data: ${JSON.stringify(data)}\n\n`).join("");
        const problem = disorderOf(decodeStream([Buffer.from(text)]));
        if (problem !== null) t.fail(`${problem} in ${JSON.stringify(broken)}`);
      }
    }
    t.equal(disorderOf(streamed), null);
  },
);

t.test("decodeError() and encodeError() speak as OpenAI's other APIs", async (t) => {
  const error = { status: 429, kind: "rate-limit", message: "Slow", code: "slow" } as const;
  const { status, body } = openaiResponses.encodeError(error);
  t.equal(status, 429);
  t.same(openaiResponses.decodeError(wireResponse(String(body), status)), error);
  t.match(openaiResponses.decodeError(wireResponse("<html>", 503)), { kind: "overloaded" });
});

/** What is against the order of the IR's events; null: nothing. */
function disorderOf(events: readonly StreamEvent[]): string | null {
  const open = new Set<number>();
  let parts = 0;
  for (const [at, event] of events.entries()) {
    if ((event.kind === "start") !== (at === 0) && event.kind !== "failed") return "no start";
    if (event.kind === "part-start") {
      if (event.index !== parts++) return "indexes are not dense";
      open.add(event.index);
    } else if ("index" in event && !open.has(event.index)) {
      return "a part that is not open";
    }
    if (event.kind === "part-end") open.delete(event.index);
    if (event.kind === "finish" && open.size > 0) return "an open part at the end";
    const isLast = event.kind === "end" || event.kind === "failed";
    if (isLast !== (at === events.length - 1)) return "more after the end, or no end";
  }
  return null;
}

function randomTurns(random: () => number): Message[] {
  const turns: Message[] = [];
  let role: Message["role"] = "user";
  for (let count = 1 + Math.floor(random() * 6); count > 0; count--) {
    const parts: Part[] = [];
    for (let size = 1 + Math.floor(random() * 4); size > 0; size--) {
      parts.push(role === "user" ? randomInput(random) : randomOutput(random));
    }
    turns.push({ role, parts });
    role = role === "user" ? "assistant" : "user";
  }
  return turns;
}

function randomInput(random: () => number): Part {
  const parts: readonly Part[] = [
    { kind: "text", text: `t${random()}` },
    { kind: "image", source: png, detail: "low" },
    { kind: "document", source: pdf, name: "x.pdf" },
    { kind: "tool-result", callId: `c${random()}`, name: null, parts: [text], isError: false },
    { kind: "tool-result", callId: `c${random()}`, name: null, parts: [], isError: false },
  ];
  return parts[Math.floor(random() * parts.length)] ?? text;
}

function randomOutput(random: () => number): Part {
  const parts: readonly Part[] = [
    { kind: "text", text: `t${random()}` },
    { kind: "refusal", text: "No" },
    { ...call, id: `c${random()}`, arguments: `{"a":${random()}}` },
    {
      kind: "reasoning",
      text: "",
      signature: null,
      encrypted: `e${random()}`,
      origin: "openai-responses",
    },
  ];
  return parts[Math.floor(random() * parts.length)] ?? text;
}
