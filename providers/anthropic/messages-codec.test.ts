import t from "tap";
import type { ChatRequest, Message, Part } from "../ir.ts";
import { chatFeatures } from "../request-features.ts";
import {
  assistantTurn,
  chatRequest,
  chatResponse,
  decodeBody,
  dialect,
  encodeBody,
  reasoning,
  requestBody,
  toolCall,
  toolResult,
  userTurn,
  wireResponse,
} from "../testdata/anthropic-messages.ts";
import { readRecordedCalls } from "../testdata/recorded-calls.ts";
import { seededRandom } from "../testdata/seeded-random.ts";
import { anthropicMessages, messagesFeatures } from "./messages-codec.ts";

const tools = [{ name: "f", description: "Does f", input_schema: { type: "object" } }];
const base64 = { type: "base64", media_type: "image/png", data: "aGk=" };
const user = (...content: object[]) => ({ role: "user", content });
const call = {
  role: "assistant",
  content: [{ type: "tool_use", id: "toolu_1", name: "f", input: {} }],
};
const result = (content: object | string, is_error = false) => ({
  messages: [
    { role: "user", content: "Hi" },
    call,
    user({ type: "tool_result", tool_use_id: "toolu_1", content, ...(is_error && { is_error }) }),
  ],
  tools,
});
const format = { type: "json_schema", schema: { type: "object", additionalProperties: false } };

const byFeature: Readonly<Record<string, object>> = {
  system: { system: "Be brief" },
  "system-in-mid-conversation": {
    model: "claude-opus-4-8",
    messages: [user({ type: "text", text: "Hi" }), { role: "system", content: "Be brief" }],
  },
  "image-base64": { messages: [user({ type: "image", source: base64 })] },
  "image-url": { messages: [user({ type: "image", source: { type: "url", url: "https://a" } })] },
  "document-base64": {
    messages: [
      user({
        type: "document",
        source: { type: "base64", media_type: "application/pdf", data: "JVBERg==" },
        title: "a",
      }),
    ],
  },
  "document-url": {
    messages: [user({ type: "document", source: { type: "url", url: "https://a" } })],
  },
  "file-id": { messages: [user({ type: "image", source: { type: "file", file_id: "file_1" } })] },
  "tool-result-image": result([
    { type: "text", text: "a" },
    { type: "image", source: base64 },
  ]),
  "tool-result-document": result([
    { type: "document", source: { type: "text", media_type: "text/plain", data: "a" } },
  ]),
  "tool-result-error": result("Failed", true),
  "assistant-prefill": {
    messages: [user({ type: "text", text: "Hi" }), { role: "assistant", content: "So" }],
  },
  "reasoning-history": {
    messages: [
      user({ type: "text", text: "Hi" }),
      {
        role: "assistant",
        content: [
          { type: "thinking", thinking: "Hm", signature: "Eq" },
          { type: "redacted_thinking", data: "Em" },
          { type: "text", text: "Yes" },
        ],
      },
      user({ type: "text", text: "Go" }),
    ],
  },
  tools: { tools },
  "parallel-tool-calls-off": {
    tools,
    tool_choice: { type: "auto", disable_parallel_tool_use: true },
  },
  "tool-choice-none": { tools, tool_choice: { type: "none" } },
  "tool-choice-required": { tools, tool_choice: { type: "any" } },
  "tool-choice-named": { tools, tool_choice: { type: "tool", name: "f" } },
  "tool-strict": { tools: [{ ...tools[0], strict: true }] },
  stream: { stream: true },
  temperature: { temperature: 0.5 },
  "top-p": { top_p: 0.5 },
  "top-k": { top_k: 5 },
  stop: { stop_sequences: ["a", "b", "c", "d", "e"] },
  "schema-output": { output_config: { format } },
  reasoning: {
    model: "claude-opus-4-8",
    thinking: { type: "adaptive" },
    output_config: { effort: "low" },
  },
  "reasoning-visible": {
    model: "claude-opus-4-8",
    thinking: { type: "adaptive", display: "summarized" },
  },
  "end-user": { metadata: { user_id: "u" } },
};

t.test("anthropicMessages expresses nothing that has no test of its own", async (t) => {
  t.strictSame(Object.keys(byFeature).toSorted(), [...messagesFeatures].toSorted());
});

for (const [feature, body] of Object.entries(byFeature)) {
  t.test(
    `anthropicMessages carries ${feature} through decodeRequest() and encodeRequest()`,
    async (t) => {
      const request = decodeBody(anthropicMessages, requestBody(body));
      const uses = chatFeatures(request, dialect).map((use) => use.feature);
      t.ok((uses as readonly string[]).includes(feature));
      const written = encodeBody(anthropicMessages, request);
      t.strictSame(decodeBody(anthropicMessages, written), request);
      // Once it has been written, it is written the same.
      t.strictSame(encodeBody(anthropicMessages, decodeBody(anthropicMessages, written)), written);
    },
  );
}

const thinkingBodies = [
  { thinking: { type: "enabled", budget_tokens: 1_024 }, max_tokens: 2_048 },
  { thinking: { type: "enabled", budget_tokens: 1_024, display: "omitted" }, max_tokens: 2_048 },
  { thinking: { type: "disabled" } },
  { model: "claude-opus-4-5", output_config: { effort: "low" } },
  {
    model: "claude-opus-4-5",
    thinking: { type: "enabled", budget_tokens: 1_024 },
    output_config: { effort: "high" },
    max_tokens: 2_048,
  },
  { model: "claude-opus-4-8", thinking: { type: "disabled" }, output_config: { effort: "medium" } },
  { model: "claude-opus-5", output_config: { effort: "max" } },
  { model: "claude-sonnet-5-5", thinking: { type: "between_tools" } },
];
for (const body of thinkingBodies) {
  t.test(`anthropicMessages writes ${JSON.stringify(body)} as it was`, async (t) => {
    const before = requestBody(body);
    t.strictSame(encodeBody(anthropicMessages, decodeBody(anthropicMessages, before)), before);
  });
}

/** Something that an agent of this dialect may send: turns alternate, results come first, no text is blank. */
function randomConversation(random: () => number): Message[] {
  const pick = <T>(...options: readonly T[]): T =>
    options[Math.floor(random() * options.length)] as T;
  const words = () => `${pick("a", "é", '"\\', "\u{1f600}", "x\n")}${Math.floor(random() * 1_000)}`;
  const image: Part = {
    kind: "image",
    source: { kind: "url", url: "https://a", mediaType: null },
    detail: null,
  };
  const messages: Message[] = [userTurn(words(), image)];
  for (let turn = 0; turn < 4; turn++) {
    const ids = [0, 1, 2].slice(0, Math.floor(random() * 4)).map((at) => `toolu_${turn}_${at}`);
    const thought = random() < 0.5 ? [reasoning(words(), words())] : [];
    const calls = ids.map((id) => toolCall(id, JSON.stringify({ [words()]: random() })));
    messages.push(assistantTurn(...thought, words(), ...calls));
    const results = ids.map((id) =>
      pick(toolResult(id, words()), { ...toolResult(id, "1"), parts: [image] } as Part),
    );
    messages.push(userTurn(...results, words()));
  }
  return messages;
}

t.test(
  "anthropicMessages carries conversations of any parts through, in their order",
  async (t) => {
    const random = seededRandom(42);
    for (let run = 0; run < 100; run++) {
      const request = chatRequest({ messages: randomConversation(random), variant: dialect });
      const body = String(anthropicMessages.encodeRequest(request));
      t.strictSame(decodeBody(anthropicMessages, body), request);
    }
  },
);

t.test("anthropicMessages carries an answer through", async (t) => {
  const response = chatResponse({ parts: [{ kind: "text", text: "Hi" }], finish: "length" });
  const { body, contentType } = anthropicMessages.encodeResponse(response, chatRequest());
  t.equal(contentType, "application/json");
  t.match(anthropicMessages.decodeResponse(wireResponse(String(body))), {
    kind: "ok",
    value: { choices: [{ parts: [{ text: "Hi" }], finish: "length" }] },
  });
});

t.test("decodeResponse() refuses what is no JSON", async (t) => {
  t.strictSame(anthropicMessages.decodeResponse(wireResponse("<html>")), {
    kind: "malformed",
    reason: "it is not JSON",
  });
});

const answers = readRecordedCalls().filter(
  ({ provider, path, answer, status }) =>
    provider === "anthropic" && path === "/v1/messages" && answer !== undefined && status === 200,
);
for (const { name, answer, facts } of answers) {
  t.test(`decodeResponse() reads ${name}, and encodeResponse() writes it anew`, async (t) => {
    const decoded = anthropicMessages.decodeResponse(wireResponse(answer as object));
    if (decoded.kind === "malformed") throw new Error(decoded.reason);
    const { usage, id, model } = decoded.value;
    t.equal(id, facts.responseId);
    t.equal(model, facts.responseModel);
    t.match(usage, {
      inputTokens: facts.usage?.inputTokens,
      outputTokens: facts.usage?.outputTokens,
    });
    const written = JSON.parse(
      String(anthropicMessages.encodeResponse(decoded.value, chatRequest()).body),
    );
    const { content, stop_reason, stop_sequence } = answer as Record<string, unknown>;
    t.strictSame(written.content, content);
    t.equal(written.stop_reason, stop_reason);
    t.equal(written.stop_sequence, stop_sequence ?? null);
    const again = anthropicMessages.decodeResponse(wireResponse(written));
    t.match(again, { value: { choices: decoded.value.choices } });
  });
}

const empty: Partial<ChatRequest> = { messages: [], maxOutputTokens: null };
t.test("encodeRequest() writes a conversation without turns for the API to refuse", async (t) => {
  t.equal(
    anthropicMessages.encodeRequest(chatRequest(empty)),
    '{"model":"claude-sonnet-4-5","max_tokens":4096,"messages":[]}',
  );
});
