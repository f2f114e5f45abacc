import t from "tap";
import type { ChatRequest, Message, Part } from "../ir.ts";
import { encodeConverseRequest } from "./converse-request-encoder.ts";
import { chatRequest, nova, opus48 } from "./testdata/converse-calls.ts";
import { toolUseId } from "./tool-use-id.ts";

function encode(changes: Partial<ChatRequest>): Record<string, unknown> {
  return JSON.parse(encodeConverseRequest(chatRequest(changes)));
}

const text = (value: string) => ({ kind: "text", text: value }) as const;
const call = (id: string) =>
  ({ kind: "tool-call", id, name: "f", arguments: "{}", signature: null }) as const;
const result = (callId: string, value: string) =>
  ({ kind: "tool-result", callId, name: null, parts: [text(value)], isError: false }) as const;
const written = (callId: string, value: string) => ({
  toolResult: { toolUseId: callId, content: [{ text: value }] },
});
const use = (id: string) => ({ toolUse: { toolUseId: id, name: "f", input: {} } });
const user = (...parts: Part[]): Message => ({ role: "user", parts });
const assistant = (...parts: Part[]): Message => ({ role: "assistant", parts });

const conversations: readonly {
  readonly name: string;
  readonly messages: readonly Message[];
  readonly wanted: readonly unknown[];
}[] = [
  {
    name: "turns",
    messages: [user(text("a")), assistant(text("b")), user(text("c"))],
    wanted: [
      { role: "user", content: [{ text: "a" }] },
      { role: "assistant", content: [{ text: "b" }] },
      { role: "user", content: [{ text: "c" }] },
    ],
  },
  {
    name: "neighbours of one role as one turn",
    messages: [user(text("a")), user(text("b")), assistant(call("1")), assistant(call("2"))],
    wanted: [
      { role: "user", content: [{ text: "a" }, { text: "b" }] },
      { role: "assistant", content: [use("1"), use("2")] },
    ],
  },
  {
    name: "results of parallel calls in one turn, before the text",
    messages: [
      user(text("a")),
      assistant(call("1"), call("2")),
      user(text("so")),
      user(result("2", "x")),
      user(result("1", "y"), text("go on")),
    ],
    wanted: [
      { role: "user", content: [{ text: "a" }] },
      { role: "assistant", content: [use("1"), use("2")] },
      {
        role: "user",
        content: [written("2", "x"), written("1", "y"), { text: "so" }, { text: "go on" }],
      },
    ],
  },
  {
    name: "a turn of the user's before one of the assistant's",
    messages: [assistant(text("a")), user(text("b"))],
    wanted: [
      { role: "user", content: [{ text: "(empty)" }] },
      { role: "assistant", content: [{ text: "a" }] },
      { role: "user", content: [{ text: "b" }] },
    ],
  },
  {
    name: "a turn where there is none",
    messages: [],
    wanted: [{ role: "user", content: [{ text: "(empty)" }] }],
  },
  {
    name: "no blank turns, and joins what they held apart",
    messages: [user(text("a")), assistant(text("  ")), user(text("b")), assistant()],
    wanted: [{ role: "user", content: [{ text: "a" }, { text: "b" }] }],
  },
  {
    name: "no white space at the end of what is to go on",
    messages: [user(text("a")), assistant(text("Because \n"))],
    wanted: [
      { role: "user", content: [{ text: "a" }] },
      { role: "assistant", content: [{ text: "Because" }] },
    ],
  },
  {
    name: "white space elsewhere",
    messages: [user(text("a ")), assistant(text("b ")), user(text("c "))],
    wanted: [
      { role: "user", content: [{ text: "a " }] },
      { role: "assistant", content: [{ text: "b " }] },
      { role: "user", content: [{ text: "c " }] },
    ],
  },
  {
    name: "ids that fit in the call and its result",
    messages: [user(text("a")), assistant(call("call:1")), user(result("call:1", "x"))],
    wanted: [
      { role: "user", content: [{ text: "a" }] },
      { role: "assistant", content: [use(toolUseId("call:1"))] },
      { role: "user", content: [written(toolUseId("call:1"), "x")] },
    ],
  },
];

for (const { name, messages, wanted } of conversations) {
  t.test(`encodeConverseRequest() writes ${name}`, async (t) => {
    t.same(encode({ messages })["messages"], wanted);
  });
}

t.test("encodeConverseRequest() writes text beside documents", async (t) => {
  const document: Part = {
    kind: "document",
    source: { kind: "base64", mediaType: "text/plain", data: "AQID" },
    name: "a",
  };
  const block = { document: { format: "txt", source: { bytes: "AQID" }, name: "a" } };
  t.match(encode({ messages: [user(document)] }), {
    messages: [{ content: [block, { text: "(empty)" }] }],
  });
  t.match(encode({ messages: [user(document, text("Read"))] }), {
    messages: [{ content: [block, { text: "Read" }] }],
  });
});

t.test(
  "encodeConverseRequest() gives every document of the conversation its own name",
  async (t) => {
    const document: Part = {
      kind: "document",
      source: { kind: "base64", mediaType: "text/plain", data: "AQID" },
      name: "a",
    };
    const { messages } = encode({
      messages: [user(document), assistant(text("b")), user(document, text("c"))],
    });
    t.match(JSON.stringify(messages), /"name":"a".*"name":"a \(2\)"/);
  },
);

const members: readonly {
  readonly name: string;
  readonly request: Partial<ChatRequest>;
  readonly wanted: object;
}[] = [
  { name: "nothing but messages", request: {}, wanted: {} },
  {
    name: "instructions",
    request: { system: [text("Be kind"), text(" "), text("Be brief")] },
    wanted: { system: [{ text: "Be kind" }, { text: "Be brief" }] },
  },
  {
    name: "limits",
    request: { maxOutputTokens: 100, temperature: 0.5 },
    wanted: { inferenceConfig: { maxTokens: 100, temperature: 0.5 } },
  },
  {
    name: "texts to stop at, and asks at which it did",
    request: { stop: ["END"] },
    wanted: {
      inferenceConfig: { stopSequences: ["END"] },
      additionalModelResponseFieldPaths: ["/stop_sequence"],
    },
  },
  {
    name: "thinking",
    request: {
      maxOutputTokens: 9_000,
      reasoning: { effort: null, budgetTokens: 2_000, visible: null },
    },
    wanted: {
      inferenceConfig: { maxTokens: 9_000 },
      additionalModelRequestFields: { thinking: { type: "enabled", budget_tokens: 2_000 } },
    },
  },
  {
    name: "effort",
    request: { model: opus48, reasoning: { effort: "low", budgetTokens: null, visible: null } },
    wanted: {
      outputConfig: { effort: "low" },
      additionalModelRequestFields: { thinking: { type: "adaptive" } },
    },
  },
  {
    name: "a schema that Claude's provider can compile",
    request: {
      output: {
        kind: "schema",
        name: "n",
        description: "d",
        schema: { type: "object", properties: { a: { type: "integer", minimum: 1 } } },
        strict: true,
      },
    },
    wanted: {
      outputConfig: {
        textFormat: {
          type: "json_schema",
          structure: {
            jsonSchema: {
              schema:
                '{"type":"object","properties":{"a":{"type":"integer","description":"{\\"minimum\\":1}"}},"additionalProperties":false}',
              name: "n",
              description: "d",
            },
          },
        },
      },
    },
  },
  {
    name: "a schema as it is for other models",
    request: {
      model: nova,
      output: {
        kind: "schema",
        name: null,
        description: null,
        schema: { type: "object", maxProperties: 3 },
        strict: null,
      },
    },
    wanted: {
      outputConfig: {
        textFormat: {
          type: "json_schema",
          structure: { jsonSchema: { schema: '{"type":"object","maxProperties":3}' } },
        },
      },
    },
  },
  {
    name: "nothing of what may be dropped",
    request: {
      seed: 1,
      frequencyPenalty: 1,
      presencePenalty: 1,
      endUser: "u",
      choices: 1,
      stream: true,
    },
    wanted: {},
  },
];

for (const { name, request, wanted } of members) {
  t.test(`encodeConverseRequest() writes ${name}`, async (t) => {
    const { messages, ...others } = encode(request);
    t.same(messages, [{ role: "user", content: [{ text: "Hi" }] }]);
    t.same(others, wanted);
  });
}

t.test("encodeConverseRequest() takes no reasoning to models that may not read it", async (t) => {
  const reasoning: Part = {
    kind: "reasoning",
    text: "Hm",
    signature: "s",
    encrypted: null,
    origin: "bedrock-converse",
  };
  const messages = [user(text("a")), assistant(reasoning, text("b")), user(text("c"))];
  t.match(JSON.stringify(encode({ messages })), "reasoningText");
  t.notMatch(JSON.stringify(encode({ messages, model: nova })), "reasoning");
});

t.test(
  "encodeConverseRequest() puts instructions in mid-conversation where Claude takes them",
  async (t) => {
    const system = (value: string): Message => ({ role: "system", parts: [text(value)] });
    const body = encode({
      model: opus48,
      messages: [
        system("first"),
        user(text("a")),
        assistant(text("b")),
        system("then"),
        user(text("c")),
      ],
    });
    t.same(body["system"], [{ text: "first" }]);
    t.same(
      (body["messages"] as { role: string }[]).map(({ role }) => role),
      ["user", "assistant", "user", "system"],
    );
  },
);
