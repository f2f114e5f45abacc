import t from "tap";
import { anthropicTokenCount } from "../anthropic/token-count-codec.ts";
import type { ChatRequest } from "../ir.ts";
import { chatFeatures, judge } from "../request-features.ts";
import { decodedValue, requestWith, text, wireRequest, wireResponse } from "./testdata/chat.ts";
import { openaiTokenCount } from "./token-count-codec.ts";

const said = { role: "user", parts: [text("Hello")] } as const;
const tool = {
  name: "f",
  description: "F",
  parameters: { type: "object", properties: {} },
  strict: null,
} as const;

function encode(fields: Partial<ChatRequest>): unknown {
  return JSON.parse(`${openaiTokenCount.encodeRequest(requestWith(fields))}`);
}

t.test("encodeRequest() writes what the model reads", async (t) => {
  t.match(
    encode({
      system: [text("Be brief")],
      messages: [said],
      tools: [tool],
      toolChoice: { kind: "required" },
      reasoning: { effort: "low", budgetTokens: null, visible: null },
      output: { kind: "json" },
    }),
    {
      model: "m",
      instructions: "Be brief",
      input: [{ role: "user" }],
      tools: [{ type: "function", name: "f" }],
      tool_choice: "required",
      reasoning: { effort: "low" },
      text: { format: { type: "json_object" } },
    },
  );
});

t.test("encodeRequest() writes no field that the count does not take", async (t) => {
  const written = encode({
    messages: [said],
    maxOutputTokens: 100,
    temperature: 0.5,
    topP: 0.5,
    endUser: "u",
    stream: true,
    reasoning: { effort: "low", budgetTokens: null, visible: true },
  });
  t.same(Object.keys(Object(written)).sort(), ["input", "model", "reasoning"]);
});

t.test("encodeRequest() writes a count of Anthropic's", async (t) => {
  const body = {
    model: "claude-sonnet-4-5",
    system: "Be brief",
    messages: [{ role: "user", content: "Hello" }],
  };
  const request = decodedValue(anthropicTokenCount.decodeRequest(wireRequest(body)));
  const uses = chatFeatures(request, openaiTokenCount.name);
  t.same(judge(uses, (feature) => openaiTokenCount.expresses.has(feature)).refused, []);
  t.match(JSON.parse(`${openaiTokenCount.encodeRequest({ ...request, model: "gpt-5" })}`), {
    model: "gpt-5",
    instructions: "Be brief",
    input: [{ role: "user" }],
  });
});

t.test("decodeRequest() reads what encodeRequest() wrote", async (t) => {
  const request = requestWith({ system: [text("a")], messages: [said], tools: [tool] });
  const read = decodedValue(
    openaiTokenCount.decodeRequest(wireRequest(`${openaiTokenCount.encodeRequest(request)}`)),
  );
  t.same(read.system, request.system);
  t.same(read.messages, request.messages);
  t.match(read.tools, [{ name: "f" }]);
  t.same(read.unexpressed, []);
});

t.test("decodeRequest() names a conversation that the provider stores", async (t) => {
  const read = decodedValue(
    openaiTokenCount.decodeRequest(wireRequest({ model: "m", conversation: "conv_1" })),
  );
  t.match(read.unexpressed, [{ feature: "stored-conversation" }]);
});

t.test("decodeRequest() says what is wrong with a body", async (t) => {
  t.match(openaiTokenCount.decodeRequest(wireRequest("[]")), { kind: "malformed" });
  t.match(openaiTokenCount.decodeRequest(wireRequest({ model: "m", input: 7 })), {
    kind: "malformed",
  });
});

t.test("encodeResponse() and decodeResponse() are of one form", async (t) => {
  const { body, contentType } = openaiTokenCount.encodeResponse(
    { inputTokens: 7 },
    requestWith({}),
  );
  t.equal(contentType, "application/json");
  t.equal(body, '{"object":"response.input_tokens","input_tokens":7}');
  t.same(decodedValue(openaiTokenCount.decodeResponse(wireResponse(`${body}`))), {
    inputTokens: 7,
  });
});

for (const body of ['{"input_tokens":"7"}', '{"input_tokens":-1}', "{}", "[]", "null", "<html>"]) {
  t.test(`decodeResponse() takes ${body} for no count`, async (t) => {
    t.match(openaiTokenCount.decodeResponse(wireResponse(body)), { kind: "malformed" });
  });
}
