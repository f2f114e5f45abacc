import t from "tap";
import type { Feature } from "../features.ts";
import type { ChatRequest, Part, StreamEvent } from "../ir.ts";
import { chatFeatures, judge } from "../request-features.ts";
import { randomJson } from "../testdata/json-documents.ts";
import { readRecordedCalls } from "../testdata/recorded-calls.ts";
import { seededRandom } from "../testdata/seeded-random.ts";
import { createStreamTranslator } from "../translation.ts";
import { joinTurns } from "../turns.ts";
import { openaiChat } from "./chat-codec.ts";
import {
  decodePieces,
  decodedValue,
  emptyRequest,
  eventStream,
  requestWith,
  text,
  wireRequest,
  wireResponse,
} from "./testdata/chat.ts";

const user = { role: "user", parts: [text("Hi")] } as const;
const image: Part = {
  kind: "image",
  source: { kind: "base64", mediaType: "image/png", data: "AAAA" },
  detail: null,
};
const tools = [
  { name: "f", description: "Does", parameters: { type: "object" }, strict: null },
  { name: "g", description: null, parameters: null, strict: null },
] as const;
const schema = { type: "object", properties: { a: { type: "integer" } }, required: ["a"] };

function asking(...parts: Part[]): Partial<ChatRequest> {
  return { messages: [{ role: "user", parts: [text("See"), ...parts] }] };
}

/** A request for each feature that the dialect expresses. */
const expressed: Readonly<Record<string, Partial<ChatRequest>>> = {
  system: { system: [text("Be brief"), text("Be kind")], messages: [user] },
  "system-in-mid-conversation": {
    messages: [user, { role: "system", parts: [text("Now be long")] }, user],
  },
  "image-base64": asking(image),
  "image-url": asking({
    kind: "image",
    source: { kind: "url", url: "https://example.com/a.png", mediaType: null },
    detail: null,
  }),
  "image-detail": asking({ ...image, detail: "high" }),
  "document-base64": asking({
    kind: "document",
    source: { kind: "base64", mediaType: "application/pdf", data: "AAAA" },
    name: "a.pdf",
  }),
  audio: asking({
    kind: "audio",
    source: { kind: "base64", mediaType: "audio/wav", data: "AAAA" },
  }),
  tools: {
    tools,
    messages: [
      user,
      {
        role: "assistant",
        parts: [
          text("Wait"),
          { kind: "tool-call", id: "1", name: "f", arguments: '{"n":1.50}', signature: null },
          { kind: "tool-call", id: "2", name: "g", arguments: "{}", signature: null },
        ],
      },
      {
        role: "user",
        parts: [
          { kind: "tool-result", callId: "1", name: null, parts: [text("a")], isError: false },
          {
            kind: "tool-result",
            callId: "2",
            name: null,
            parts: [text("b"), text("c")],
            isError: false,
          },
          text("And?"),
        ],
      },
    ],
  },
  "parallel-tool-calls-off": { tools, parallelToolCalls: false },
  "tool-choice-none": { tools, toolChoice: { kind: "none" } },
  "tool-choice-required": { tools, toolChoice: { kind: "required" } },
  "tool-choice-named": { tools, toolChoice: { kind: "tool", name: "f" } },
  "tool-strict": { tools: [{ ...tools[0], strict: true }] },
  stream: { stream: true, streamUsage: true },
  temperature: { temperature: 0.5 },
  "top-p": { topP: 0.5 },
  seed: { seed: 7 },
  penalties: { frequencyPenalty: 0.5, presencePenalty: -0.5 },
  stop: { stop: ["a", "b"] },
  choices: { choices: 2 },
  logprobs: { logprobs: { top: 2 } },
  "json-output": { output: { kind: "json" } },
  "schema-output": {
    output: { kind: "schema", name: "n", description: "d", schema, strict: true },
  },
  reasoning: { reasoning: { effort: "high", budgetTokens: null, visible: null } },
  "end-user": { endUser: "u" },
};

t.test("openaiChat expresses what these tests have a request for", async (t) => {
  t.strictSame(Object.keys(expressed).toSorted(), [...openaiChat.expresses].toSorted());
});

for (const [feature, fields] of Object.entries(expressed)) {
  t.test(`decodeRequest() reads what encodeRequest() wrote when there is ${feature}`, async (t) => {
    const request = requestWith(fields);
    const uses = chatFeatures(request, "another");
    t.ok(
      uses.some((use) => use.feature === feature),
      "the request uses the feature",
    );
    t.strictSame(judge(uses, (one) => openaiChat.expresses.has(one)).refused, []);
    const read = decodedValue(
      openaiChat.decodeRequest(wireRequest(`${openaiChat.encodeRequest(request)}`)),
    );
    t.strictSame(
      { ...read, messages: joinTurns(read.messages) },
      { ...request, messages: joinTurns(request.messages) },
    );
  });
}

for (const feature of [
  "assistant-prefill",
  "file-id",
  "tool-result-image",
  "tool-choice-subset",
  "custom-tool",
  "server-tool",
  "unknown-content",
  "stored-conversation",
  "choices-streamed",
] as const satisfies readonly Feature[]) {
  t.test(`openaiChat does not express ${feature}, which is refused`, async (t) => {
    const uses = [{ feature, at: "x" }];
    t.strictSame(judge(uses, (one) => openaiChat.expresses.has(one)).refused, uses);
  });
}

t.test("openaiChat lets the judge refuse whatever a request says beyond it", async (t) => {
  const body = {
    model: "m",
    messages: [{ role: "user", content: [{ type: "hologram" }] }],
    tools: [{ type: "custom", custom: { name: "f" } }],
    logit_bias: { 5: 1 },
    metadata: { a: "b" },
    unheard_of: 1,
  };
  const request = decodedValue(openaiChat.decodeRequest(wireRequest(body)));
  const { refused, dropped } = judge(chatFeatures(request, "another"), () => false);
  t.strictSame(
    refused.map(({ feature }) => feature),
    ["logit-bias", "unknown-content", "custom-tool"],
  );
  t.strictSame(
    dropped.map(({ feature }) => feature),
    ["metadata", "unknown-field"],
  );
});

t.test("openaiChat translates every recorded answer into itself", async (t) => {
  const calls = readRecordedCalls().filter(
    ({ path, answer, status }) => path.includes("/chat/completions") && answer && status === 200,
  );
  t.ok(calls.length >= 4);
  for (const { name, answer } of calls) {
    const read = decodedValue(openaiChat.decodeResponse(wireResponse(answer)));
    const { body } = openaiChat.encodeResponse(read, emptyRequest);
    const again = decodedValue(openaiChat.decodeResponse(wireResponse(`${body}`)));
    t.strictSame({ ...again, id: read.id }, { ...read, usage: again.usage }, name);
  }
});

t.test("openaiChat translates the stream of a failed upstream to its end", async (t) => {
  const translator = createStreamTranslator(openaiChat, openaiChat, requestWith({ stream: true }));
  t.equal(
    translator.fail("The connection broke off"),
    'data: {"error":{"message":"The connection broke off","type":"server_error","param":null,"code":null}}\n\n',
  );
  t.equal(translator.end(), "");
});

/** A body in which every member of the dialect has a value, so that each can be replaced. */
const richBody = {
  model: "m",
  messages: [
    { role: "system", content: "a", name: "n" },
    {
      role: "user",
      content: [
        { type: "text", text: "a" },
        { type: "image_url", image_url: { url: "data:image/png;base64,AA", detail: "low" } },
        { type: "input_audio", input_audio: { data: "AA", format: "wav" } },
        { type: "file", file: { file_data: "AA", filename: "a.pdf" } },
        { type: "thinking", thinking: [{ type: "text", text: "a" }] },
      ],
    },
    {
      role: "assistant",
      content: null,
      refusal: null,
      reasoning_content: "a",
      tool_calls: [
        {
          id: "1",
          type: "function",
          function: { name: "f", arguments: "{}" },
          extra_content: { google: { thought_signature: "a" } },
        },
      ],
    },
    { role: "tool", tool_call_id: "1", content: "a" },
  ],
  tools: [{ type: "function", function: { name: "f", parameters: {}, strict: true } }],
  tool_choice: { type: "allowed_tools", allowed_tools: { mode: "auto", tools: [] } },
  response_format: { type: "json_schema", json_schema: { name: "a", schema: {} } },
  reasoning: { effort: "low", max_tokens: 5 },
  thinking: { type: "enabled" },
  stream: true,
  stream_options: { include_usage: true },
  stop: ["a"],
  modalities: ["text"],
};

const richAnswer = {
  id: "a",
  model: "m",
  created: 1,
  choices: [
    {
      index: 0,
      finish_reason: "stop",
      stop_reason: "a",
      message: {
        content: [
          { type: "text", text: "a" },
          { type: "thinking", thinking: [{ text: "b" }] },
        ],
        refusal: "a",
        tool_calls: [{ id: "1", function: { name: "f", arguments: "{}" } }],
        function_call: { name: "f", arguments: "{}" },
      },
      delta: {
        content: "a",
        reasoning: "b",
        tool_calls: [{ index: 0, id: "1", function: { name: "f", arguments: "{}" } }],
      },
      logprobs: { content: [{ token: "a", logprob: -1, bytes: [1], top_logprobs: [{}] }] },
    },
  ],
  usage: { prompt_tokens: 1, completion_tokens_details: { reasoning_tokens: 1 } },
};

/** The value's JSON with one value in it, at any depth, replaced by a random one. */
function mutated(value: unknown, random: () => number): string {
  const text = JSON.stringify(value);
  const values = [
    ...text.matchAll(/(?<=[:[,])(?:"[^"]*"|[\d.-]+|true|false|null|\[\]|\{\})(?=[,\]}])/g),
  ];
  const found = values[Math.floor(random() * values.length)];
  if (found === undefined) throw new RangeError("Cannot replace a value: there is none");
  const end = found.index + found[0].length;
  return text.slice(0, found.index) + randomJson(random, 2) + text.slice(end);
}

t.test("openaiChat never throws, whatever an agent sends", async (t) => {
  const random = seededRandom(61);
  let read = 0;
  for (let left = 2_000; left > 0; left--) {
    const body = mutated(richBody, random);
    const decoded = openaiChat.decodeRequest(wireRequest(body));
    if (decoded.kind === "malformed") {
      t.notMatch(decoded.reason, /undefined|NaN|\[object/);
      continue;
    }
    read++;
    openaiChat.encodeRequest(decoded.value);
  }
  t.ok(read > 300 && read < 1_900, `${read} of them read`);
});

t.test("openaiChat never throws, whatever a provider answers", async (t) => {
  const random = seededRandom(62);
  for (let left = 2_000; left > 0; left--) {
    const body = mutated(richAnswer, random);
    const decoded = openaiChat.decodeResponse(wireResponse(body));
    if (decoded.kind === "ok") openaiChat.encodeResponse(decoded.value, emptyRequest);
    openaiChat.decodeError(wireResponse(body, 400));
  }
  t.pass("no answer was too odd");
});

/** What is wrong with the order of a stream's events; empty: nothing. */
function orderProblem(events: readonly StreamEvent[]): string {
  const open = new Set<number>();
  let parts = 0;
  let last = "";
  for (const event of events) {
    if (last === "end" || last === "failed") return `${event.kind} after ${last}`;
    if (last === "" && event.kind !== "start" && event.kind !== "failed") return "no start";
    if (event.kind === "part-start") {
      if (event.index !== parts) return "an index that is not dense";
      open.add(event.index);
      parts++;
    } else if ("index" in event && !open.has(event.index)) return `${event.kind} of a closed part`;
    if (event.kind === "part-end") open.delete(event.index);
    if (event.kind === "finish" && open.size > 0) return "an open part at the end";
    if (event.kind === "end" && last !== "finish") return "an end without a reason";
    last = event.kind;
  }
  return last === "end" || last === "failed" ? "" : "no end";
}

t.test("openaiChat tells events in order, whatever a provider streams", async (t) => {
  const random = seededRandom(63);
  let whole = 0;
  for (let left = 1_000; left > 0; left--) {
    const chunks = Array.from({ length: 4 }, () => {
      return random() < 0.5 ? mutated(richAnswer, random) : JSON.stringify(richAnswer);
    });
    const events = decodePieces([eventStream([...chunks, "[DONE]"])]);
    const problem = orderProblem(events);
    if (problem !== "") t.fail(`${problem}: ${chunks.join("\n")}`);
    if (events.at(-1)?.kind === "end") whole++;
    openaiChat.createStreamEncoder(emptyRequest).write(events);
  }
  t.ok(whole > 500, `${whole} of them whole`);
});
