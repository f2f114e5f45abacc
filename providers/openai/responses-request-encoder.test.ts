import t from "tap";
import { encodedBody } from "../testdata/openai-responses-codec/wire-calls.ts";

const text = { kind: "text", text: "a" } as const;

t.test(
  "encodeRequest() writes no more than a request says, and that it be not stored",
  async (t) => {
    t.same(encodedBody(), {
      model: "gpt-5",
      input: [{ type: "message", role: "user", content: "Hi" }],
      store: false,
    });
  },
);

t.test("encodeRequest() writes settings", async (t) => {
  t.match(
    encodedBody({
      parallelToolCalls: false,
      maxOutputTokens: 100,
      temperature: 0.5,
      topP: 0.9,
      logprobs: { top: 2 },
      stream: true,
      endUser: "u",
    }),
    {
      parallel_tool_calls: false,
      max_output_tokens: 100,
      temperature: 0.5,
      top_p: 0.9,
      top_logprobs: 2,
      include: ["message.output_text.logprobs"],
      stream: true,
      user: "u",
    },
  );
});

t.test("encodeRequest() writes tools with their choice", async (t) => {
  const tools = [{ name: "f", description: null, parameters: {}, strict: null }];
  t.match(encodedBody({ tools, toolChoice: { kind: "tool", name: "f" } }), {
    tools: [{ type: "function", name: "f", parameters: {}, strict: false }],
    tool_choice: { type: "function", name: "f" },
  });
});

t.test("encodeRequest() writes the form of the answer and reasoning", async (t) => {
  t.match(
    encodedBody({
      output: { kind: "json" },
      reasoning: { effort: "low", budgetTokens: null, visible: true },
    }),
    {
      text: { format: { type: "json_object" } },
      reasoning: { effort: "low", summary: "auto" },
      include: ["reasoning.encrypted_content"],
    },
  );
});

const systems = [
  { name: "no system", system: [], instructions: undefined, input: [] },
  { name: "one text", system: [text], instructions: "a", input: [] },
  {
    name: "two texts",
    system: [text, { kind: "text", text: "b" }],
    instructions: "a",
    input: [{ type: "message", role: "system", content: "b" }],
  },
  {
    name: "an image first",
    system: [{ kind: "image", source: { kind: "file", id: "f" }, detail: null }],
    instructions: undefined,
    input: [
      {
        type: "message",
        role: "system",
        content: [{ type: "input_image", file_id: "f", detail: "auto" }],
      },
    ],
  },
] as const;

for (const { name, system, instructions, input } of systems) {
  t.test(`encodeRequest() divides ${name} into instructions and messages`, async (t) => {
    const body = encodedBody({ system, messages: [] });
    t.same(body["instructions"], instructions);
    t.same(body["input"], input);
  });
}

t.test("encodeRequest() raises a maximum that the API would refuse", async (t) => {
  t.equal(encodedBody({ maxOutputTokens: 1 })["max_output_tokens"], 16);
  t.equal(encodedBody({ maxOutputTokens: 16 })["max_output_tokens"], 16);
  t.equal(encodedBody({ maxOutputTokens: 17 })["max_output_tokens"], 17);
});
