import t from "tap";
import { createBedrockSite } from "./bedrock.ts";
import { createRequest, fixedEnvironment, jsonOf } from "./fake-request.ts";

const signer = { accessKeyId: "AKID", secretAccessKey: "secret" };
const site = createBedrockSite({ signer, apiKey: "bedrock-key" }, fixedEnvironment);
const sonnet = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
const headers = { "content-type": "application/json", authorization: "Bearer bedrock-key" };
const user = { role: "user", content: [{ text: "Hello" }] };
const png =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const weather = {
  toolSpec: {
    name: "weather",
    inputSchema: { json: { type: "object", properties: { city: { type: "string" } } } },
  },
};

function ask(body: object, operation = "converse", model = sonnet) {
  const path = `/model/${encodeURIComponent(model)}/${operation}`;
  return site.handle(createRequest({ path, headers, body }));
}

function toolUse(id: string) {
  return { toolUse: { toolUseId: id, name: "weather", input: {} } };
}

function toolResult(id: string, more: object = { content: [{ text: "warm" }] }) {
  return { toolResult: { toolUseId: id, ...more } };
}

function turns(...contents: readonly object[][]) {
  const messages = contents.map((content, index) => ({
    role: index % 2 === 0 ? "user" : "assistant",
    content,
  }));
  return { messages, toolConfig: { tools: [weather] } };
}

/** Types and payloads of the frames of a stream. */
function framesOf(reply: ReturnType<typeof ask>): { type: string; payload: unknown }[] {
  return [...(reply.chunks ?? [])].map((chunk) => {
    const bytes = Buffer.from(chunk);
    const headersEnd = 12 + bytes.readUInt32BE(4);
    // The first header names the event: its name, one byte of type, two of length, its value.
    const valueAt = 13 + bytes.readUInt8(12) + 3;
    const type = bytes.toString("utf8", valueAt, valueAt + bytes.readUInt16BE(valueAt - 2));
    return { type, payload: JSON.parse(bytes.toString("utf8", headersEnd, bytes.length - 4)) };
  });
}

t.test("createBedrockSite() converses", async (test) => {
  const reply = ask({ messages: [user], system: [{ text: "Be kind [[sign Robin]]" }] });
  test.match(reply.headers, { "x-amzn-requestid": /^a{8}-/ });
  test.match(jsonOf(reply), {
    output: {
      message: { role: "assistant", content: [{ text: "You said: Hello, signed Robin" }] },
    },
    stopReason: "end_turn",
    usage: { inputTokens: 17, outputTokens: 7, totalTokens: 24 },
    metrics: { latencyMs: 7 },
  });
});

t.test("createBedrockSite() streams a conversation in frames", async (test) => {
  const reply = ask(turns([{ text: "Look [[aloud]]" }]), "converse-stream");
  test.equal(reply.headers["content-type"], "application/vnd.amazon.eventstream");
  const frames = framesOf(reply);
  test.same(
    [...new Set(frames.map(({ type }) => type))],
    [
      "messageStart",
      "contentBlockDelta",
      "contentBlockStop",
      "contentBlockStart",
      "messageStop",
      "metadata",
    ],
  );
  test.match(frames.find(({ type }) => type === "contentBlockStart")?.payload, {
    contentBlockIndex: 1,
    start: { toolUse: { name: "weather", toolUseId: /^tooluse_/ } },
  });
  test.match(frames.at(-2)?.payload, { stopReason: "tool_use" });
});

t.test("createBedrockSite() breaks and cuts streams when told", async (test) => {
  const told = (word: string) => ask(turns([{ text: `a [[${word}]]` }]), "converse-stream");
  test.match(framesOf(told("break")).at(-1), { type: "modelStreamErrorException" });
  test.ok(Number(told("cut").cutAfterChunks) > 1);
});

t.test("createBedrockSite() takes results back, with their status", async (test) => {
  const body = turns(
    [{ text: "Look" }],
    [toolUse("a"), toolUse("b")],
    [toolResult("a"), toolResult("b", { content: [{ json: { no: 1 } }], status: "error" })],
  );
  test.match(jsonOf(ask(body)), {
    output: { message: { content: [{ text: 'Tools said warm and {"no":1} (failed): Look' }] } },
  });
});

t.test("createBedrockSite() reasons, and takes its own reasoning back", async (test) => {
  const additionalModelRequestFields = { thinking: { type: "enabled", budget_tokens: 1_024 } };
  const { output } = Object(jsonOf(ask({ messages: [user], additionalModelRequestFields })));
  const [thought, text] = output.message.content;
  test.match(thought, {
    reasoningContent: { reasoningText: { text: "Thinking about: Hello", signature: /.{44}/ } },
  });
  const again = (block: object) =>
    ask({
      messages: [user, { role: "assistant", content: [block, text] }, user],
      additionalModelRequestFields,
    });
  test.equal(again(thought).status, 200);
  const { reasoningText } = thought.reasoningContent;
  test.match(
    jsonOf(again({ reasoningContent: { reasoningText: { ...reasoningText, signature: "x" } } })),
    { message: /Invalid `signature`/ },
  );
});

t.test("createBedrockSite() writes JSON that fits a schema, which comes as text", async (test) => {
  const schema = { type: "object", properties: { a: { type: "integer" } } };
  const format = (text: string) => ({
    messages: [user],
    outputConfig: {
      textFormat: { type: "json_schema", structure: { jsonSchema: { schema: text } } },
    },
  });
  const closed = JSON.stringify({ ...schema, additionalProperties: false });
  test.match(jsonOf(ask(format(closed))), {
    output: { message: { content: [{ text: '{"a":1}' }] } },
  });
  test.match(jsonOf(ask(format(JSON.stringify(schema)))), { message: /additionalProperties/ });
  test.match(jsonOf(ask(format("{"))), { message: /not valid JSON/ });
});

t.test("createBedrockSite() tells the stop text where it is asked for", async (test) => {
  const body = {
    messages: [user],
    inferenceConfig: { stopSequences: [" said"] },
    additionalModelResponseFieldPaths: ["/stop_sequence"],
  };
  test.match(jsonOf(ask(body)), {
    stopReason: "stop_sequence",
    additionalModelResponseFields: { stop_sequence: " said" },
  });
});

t.test("createBedrockSite() says of images what they are, and counts tokens", async (test) => {
  const image = { image: { format: "png", source: { bytes: png } } };
  test.match(jsonOf(ask({ messages: [{ role: "user", content: [{ text: "See" }, image] }] })), {
    output: { message: { content: [{ text: /^You said: See with image\/png of 70 bytes/ }] } },
  });
  test.same(jsonOf(ask({ input: { converse: { messages: [user] } } }, "count-tokens")), {
    inputTokens: 8,
  });
});

t.test("createBedrockSite() invokes Claude with Anthropic's bodies", async (test) => {
  const body = {
    anthropic_version: "bedrock-2023-05-31",
    max_tokens: 64,
    messages: [{ role: "user", content: "Hello" }],
  };
  test.match(jsonOf(ask(body, "invoke")), {
    type: "message",
    id: /^msg_bdrk_/,
    content: [{ text: "You said: Hello" }],
  });
  const [first] = framesOf(ask(body, "invoke-with-response-stream"));
  const { bytes } = Object(first?.payload);
  test.match(JSON.parse(Buffer.from(bytes, "base64").toString()), { type: "message_start" });
  test.match(jsonOf(ask({ ...body, model: "x" }, "invoke")), { message: /^model: Extra inputs/ });
  test.match(jsonOf(ask({ ...body, anthropic_version: undefined }, "invoke")), {
    message: "anthropic_version: Field required",
  });
});

const rejected: [string, object, RegExp][] = [
  ["no messages", {}, /messages field is required/],
  ["the model first", turns([]), /messages.0 is empty/],
  [
    "two turns of one role",
    { messages: [user, user] },
    /must alternate between user and assistant/,
  ],
  [
    "a turn of the model first",
    { messages: [{ role: "assistant", content: [{ text: "a" }] }] },
    /must start with a user message/,
  ],
  ["another role", { messages: [{ role: "tool", content: [] }] }, /enum value set: \[user/],
  ["blank text", { messages: [{ role: "user", content: [{ text: " " }] }] }, /is blank/],
  [
    "a block of two",
    { messages: [{ role: "user", content: [{ text: "a", image: {} }] }] },
    /exactly/,
  ],
  ["an unknown field", { messages: [user], stop: 1 }, /extraneous key \[stop\]/],
  [
    "an unknown field of Claude's",
    { messages: [user], additionalModelRequestFields: { seed: 1 } },
    /extraneous key \[seed\]/,
  ],
  ["an image format", turns([{ image: { format: "bmp", source: { bytes: png } } }]), /png, jpeg/],
  [
    "an image that is none",
    turns([{ text: "a" }, { image: { format: "gif", source: { bytes: png } } }]),
    /the bytes are no image\/gif/,
  ],
  [
    "tools in the history alone",
    { ...turns([{ text: "a" }], [toolUse("b")], [toolResult("b")]), toolConfig: undefined },
    /toolConfig field must be defined/,
  ],
  ["a call without a result", turns([{ text: "a" }], [toolUse("b")], [{ text: "c" }]), /Ids: b$/],
  ["a result without a call", turns([toolResult("b")]), /exceeds the number of toolUse/],
  [
    "an empty result of an error",
    turns([{ text: "a" }], [toolUse("b")], [toolResult("b", { content: [], status: "error" })]),
    /cannot be empty when status value is error/,
  ],
  ["an id", turns([{ text: "a" }], [toolUse("b:c")], [toolResult("b:c")]), /toolUseId' failed/],
  ["an id of 65", turns([{ text: "a" }], [toolUse("b".repeat(65))]), /less than or equal to 64/],
  ["no tools", { messages: [user], toolConfig: { tools: [] } }, /greater than or equal to 1/],
  [
    "two settings of chance",
    { messages: [user], inferenceConfig: { temperature: 1, topP: 1 } },
    /both/,
  ],
  ["a document alone", turns([{ document: { name: "a", source: { text: "b" } } }]), /a text block/],
  [
    "a document's name",
    turns([{ document: { name: "a.b", source: { text: "b" } } }]),
    /name' failed/,
  ],
];

for (const [name, body, message] of rejected) {
  t.test(`createBedrockSite() refuses ${name}`, async (test) => {
    const reply = ask(body);
    test.match(reply, { status: 400, headers: { "x-amzn-errortype": /^ValidationException:/ } });
    test.match(jsonOf(reply), { message });
  });
}

t.test("createBedrockSite() refuses who is unknown, and what it does not serve", async (test) => {
  const path = `/model/${sonnet}/converse`;
  const type = (request: Parameters<typeof createRequest>[0]) => {
    const { status, headers: answered } = site.handle(createRequest(request));
    return [status, answered["x-amzn-errortype"]?.split(":")[0]];
  };
  const body = { messages: [user] };
  test.same(type({ path, body }), [403, "MissingAuthenticationTokenException"]);
  test.same(type({ path, body, headers: { authorization: "AWS4-HMAC-SHA256 Credential=x" } }), [
    403,
    "IncompleteSignatureException",
  ]);
  test.same(type({ path, body, headers: { authorization: "Bearer x" } }), [
    403,
    "AccessDeniedException",
  ]);
  test.same(type({ path: "/x", body, headers }), [404, "UnknownOperationException"]);
  test.same(type({ path: "/model/x/converse", body, headers }), [400, "ValidationException"]);
});

t.test("createBedrockSite() fails when told", async (test) => {
  const told = (status: number) =>
    ask({ messages: [{ role: "user", content: [{ text: `a [[fail ${status} 7]]` }] }] });
  for (const [status, type] of [
    [400, "ValidationException"],
    [429, "ThrottlingException"],
    [500, "InternalServerException"],
    [503, "ServiceUnavailableException"],
  ] as const) {
    test.match(told(status), { status, headers: { "retry-after": "7" } });
    test.match(told(status).headers["x-amzn-errortype"], new RegExp(`^${type}:`));
  }
});
