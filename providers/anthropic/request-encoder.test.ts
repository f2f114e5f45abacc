import t from "tap";
import type { ChatRequest } from "../ir.ts";
import { chatRequest, dialect, encodeBody } from "../testdata/anthropic-messages.ts";
import { anthropicMessages } from "./messages-codec.ts";
import { encodeCountObject, encodeRequestObject } from "./request-encoder.ts";

const encode = (changes: Partial<ChatRequest>) =>
  encodeBody(anthropicMessages, chatRequest(changes));

t.test("encodeRequest() writes the least that the API wants", async (t) => {
  t.equal(
    anthropicMessages.encodeRequest(chatRequest({ maxOutputTokens: null })),
    '{"model":"claude-sonnet-4-5","max_tokens":4096,"messages":[{"role":"user","content":"Hi"}]}',
  );
});

t.test("encodeRequest() asks for a stream only where there is to be one", async (t) => {
  t.equal(encode({ stream: true })["stream"], true);
  t.notOk("stream" in encode({ stream: false }));
});

const fields = [
  { name: "a user's id", request: { endUser: "u" }, body: { metadata: { user_id: "u" } } },
  { name: "texts to stop at", request: { stop: ["a", "b"] }, body: { stop_sequences: ["a", "b"] } },
  { name: "the temperature", request: { temperature: 0.3 }, body: { temperature: 0.3 } },
  {
    name: "a temperature that is too high",
    request: { temperature: 1.7 },
    body: { temperature: 1 },
  },
  { name: "top_p", request: { topP: 0.5 }, body: { top_p: 0.5 } },
  { name: "top_k", request: { topK: 5 }, body: { top_k: 5 } },
  {
    name: "the temperature rather than top_p",
    request: { temperature: 0.3, topP: 1 },
    body: { temperature: 0.3, top_p: undefined },
  },
  {
    name: "both for models that take both",
    request: { model: "claude-3-5-haiku-latest", temperature: 0.3, topP: 0.5 },
    body: { temperature: 0.3, top_p: 0.5 },
  },
  {
    name: "no sampling for models that take none",
    request: { model: "claude-opus-4-7", temperature: 0.3, topP: 0.5, topK: 5 },
    body: { temperature: undefined, top_p: undefined, top_k: undefined },
  },
  {
    name: "no sampling where the model thinks",
    request: {
      temperature: 0.3,
      topP: 0.5,
      topK: 5,
      reasoning: { effort: "low", budgetTokens: null, visible: null },
    },
    body: {
      temperature: undefined,
      top_p: undefined,
      top_k: undefined,
      thinking: { type: "enabled", budget_tokens: 2_048 },
      max_tokens: 3_048,
    },
  },
  {
    name: "a top_p that thinking allows",
    request: { topP: 0.95, reasoning: { effort: "low", budgetTokens: null, visible: null } },
    body: { top_p: 0.95 },
  },
  {
    name: "the effort",
    request: {
      model: "claude-opus-4-8",
      reasoning: { effort: "xhigh", budgetTokens: null, visible: null },
    },
    body: { thinking: { type: "adaptive" }, output_config: { effort: "xhigh" } },
  },
] as const;
for (const { name, request, body } of fields) {
  t.test(`encodeRequest() writes ${name}`, async (t) => {
    const written = encode(request);
    for (const [key, value] of Object.entries(body)) t.strictSame(written[key], value, key);
  });
}

const schema = { type: "object", properties: { a: { type: "string", minLength: 1 } } };
const output = { kind: "schema", name: "n", description: null, schema, strict: true } as const;

t.test("encodeRequest() writes the form of the output as the API compiles it", async (t) => {
  t.strictSame(encode({ output })["output_config"], {
    format: {
      type: "json_schema",
      schema: {
        type: "object",
        properties: { a: { type: "string", description: '{"minLength":1}' } },
        additionalProperties: false,
      },
    },
  });
});

t.test("encodeRequest() leaves the form of this dialect as it is", async (t) => {
  t.strictSame(encode({ output, variant: dialect })["output_config"], {
    format: { type: "json_schema", schema },
  });
});

t.test("encodeRequest() writes effort and form together", async (t) => {
  const reasoning = { effort: "low", budgetTokens: null, visible: null } as const;
  t.match(encode({ output, reasoning, model: "claude-opus-4-8" })["output_config"], {
    effort: "low",
    format: { type: "json_schema" },
  });
});

t.test(
  "encodeRequestObject() has neither model nor stream, which some hosts want elsewhere",
  async (t) => {
    const object = encodeRequestObject(chatRequest({ stream: true }));
    t.notOk("model" in object);
    t.notOk("stream" in object);
  },
);

t.test("encodeCountObject() has what is counted and nothing of the answer", async (t) => {
  const object = JSON.parse(
    JSON.stringify(
      encodeCountObject(
        chatRequest({
          model: "claude-opus-4-8",
          system: [{ kind: "text", text: "Be brief" }],
          tools: [{ name: "f", description: null, parameters: { type: "object" }, strict: null }],
          toolChoice: { kind: "auto" },
          reasoning: { effort: "low", budgetTokens: null, visible: null },
          stop: ["a"],
          temperature: 1,
          endUser: "u",
          stream: true,
          output,
        }),
      ),
    ),
  );
  t.strictSame(Object.keys(object).toSorted(), [
    "messages",
    "output_config",
    "system",
    "thinking",
    "tool_choice",
    "tools",
  ]);
});
