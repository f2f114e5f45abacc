/**
 * Anthropic's own SDK on both sides of the codec: what it sends is read without a loss, and what the codec writes, out of
 * answers of any provider's, comes out of the SDK as the values and errors that an agent knows.
 */
import Anthropic, { APIError } from "@anthropic-ai/sdk";
import t from "tap";
import type { WireRequest } from "../../providers/codec.ts";
import type {
  ChatRequest,
  ErrorKind,
  FinishReason,
  Part,
  PartStart,
  StreamEvent,
  Usage,
} from "../../providers/ir.ts";
import { anthropicMessages } from "../../providers/anthropic/messages-codec.ts";
import { anthropicTokenCount } from "../../providers/anthropic/token-count-codec.ts";

const ownDialect = anthropicMessages.name;
const usage: Usage = {
  inputTokens: 30,
  outputTokens: 7,
  cachedInputTokens: 10,
  cacheWriteTokens: null,
  reasoningTokens: 3,
  audioInputTokens: null,
  audioOutputTokens: null,
};

/** A client whose requests are read by the codec, one after another, and answered in turn. */
function clientOf(...answers: readonly ((request: ChatRequest) => Response)[]) {
  const requests: ChatRequest[] = [];
  const client = new Anthropic({
    apiKey: "key-of-the-agent",
    maxRetries: 0,
    fetch: async (url, init) => {
      const request = decodeSent(String(url), init);
      const answer = answers[requests.length];
      requests.push(request);
      if (answer === undefined) throw new Error(`Nobody answers request ${requests.length}`);
      return answer(request);
    },
  });
  return { client, requests };
}

function decodeSent(url: string, init: RequestInit | undefined): ChatRequest {
  const { pathname, search } = new URL(url);
  const headers = new Headers(init?.headers);
  const wire: WireRequest = {
    path: `${pathname}${search}`,
    pathModel: null,
    header: (name) => headers.get(name) ?? undefined,
    body: Buffer.from(String(init?.body)),
  };
  const codec = pathname.endsWith("count_tokens") ? anthropicTokenCount : anthropicMessages;
  const decoded = codec.decodeRequest(wire);
  if (decoded.kind === "malformed") throw new Error(decoded.reason);
  return decoded.value;
}

function plain(parts: readonly Part[], finish: FinishReason = "stop") {
  return (request: ChatRequest) => encodeAnswer(parts, finish, request);
}

function encodeAnswer(
  parts: readonly Part[],
  finish: FinishReason,
  request: ChatRequest,
): Response {
  const { body, contentType } = anthropicMessages.encodeResponse(
    {
      id: "chatcmpl-1",
      model: "gpt-5",
      created: 17,
      choices: [{ parts, finish, stopText: null, logprobs: null }],
      usage,
    },
    request,
  );
  return new Response(String(body), { headers: { "content-type": contentType } });
}

function streamed(...events: readonly StreamEvent[]) {
  return (request: ChatRequest) => {
    const encoder = anthropicMessages.createStreamEncoder(request);
    const start: StreamEvent = { kind: "start", id: "chatcmpl-1", model: "gpt-5", created: 17 };
    const bytes = [start, ...events].map((event) => String(encoder.write([event]))).join("");
    return new Response(bytes, { headers: { "content-type": encoder.contentType } });
  };
}

const begin = (index: number, part: PartStart): StreamEvent => ({
  kind: "part-start",
  index,
  part,
});
const add = (index: number, text: string): StreamEvent => ({ kind: "delta", index, text });
const close = (index: number): StreamEvent => ({ kind: "part-end", index });
const ended = (finish: FinishReason): readonly StreamEvent[] => [
  { kind: "finish", finish, stopText: null },
  { kind: "usage", usage },
  { kind: "end" },
];
const text = [begin(0, { kind: "text" }), add(0, "Hel"), add(0, "lo"), close(0)];

const params = {
  model: "claude-sonnet-4-5",
  max_tokens: 1_000,
  messages: [{ role: "user", content: "Hi" }],
} satisfies Anthropic.MessageCreateParamsNonStreaming;
const told = { input_tokens: 20, cache_read_input_tokens: 10, output_tokens: 7 };

t.test("messages.create() gives a whole answer with its usage", async (t) => {
  const { client } = clientOf(plain([{ kind: "text", text: "Hello" }]));
  const message = await client.messages.create(params);
  t.match(message, {
    id: "msg_chatcmpl1",
    type: "message",
    role: "assistant",
    model: "gpt-5",
    content: [{ type: "text", text: "Hello" }],
    stop_reason: "end_turn",
    usage: { ...told, output_tokens_details: { thinking_tokens: 3 } },
  });
});

t.test("messages.create() gives calls of tools and reasoning", async (t) => {
  const { client } = clientOf(
    plain(
      [
        {
          kind: "reasoning",
          text: "Hm",
          signature: "theirs",
          encrypted: null,
          origin: "google-genai",
        },
        { kind: "tool-call", id: "call_1", name: "f", arguments: '{"a":1}', signature: null },
        { kind: "tool-call", id: "call_2", name: "g", arguments: "", signature: null },
      ],
      "tool-calls",
    ),
  );
  const { content, stop_reason } = await client.messages.create(params);
  t.equal(stop_reason, "tool_use");
  t.strictSame(content, [
    { type: "thinking", thinking: "Hm", signature: "" },
    { type: "tool_use", id: "call_1", name: "f", input: { a: 1 } },
    { type: "tool_use", id: "call_2", name: "g", input: {} },
  ]);
});

t.test("messages.create() with a stream gives the events in the dialect's order", async (t) => {
  const { client, requests } = clientOf(streamed(...text, ...ended("stop")));
  const types: string[] = [];
  for await (const { type } of await client.messages.create({ ...params, stream: true }))
    types.push(type);
  t.equal(requests[0]?.stream, true);
  t.strictSame(types, [
    "message_start",
    "content_block_start",
    "content_block_delta",
    "content_block_delta",
    "content_block_stop",
    "message_delta",
    "message_stop",
  ]);
});

t.test("messages.stream() gathers text, and usage that was told last", async (t) => {
  const { client } = clientOf(streamed(...text, ...ended("stop")));
  const stream = client.messages.stream(params);
  const deltas: string[] = [];
  stream.on("text", (delta) => deltas.push(delta));
  const message = await stream.finalMessage();
  t.strictSame(deltas, ["Hel", "lo"]);
  t.match(message, {
    content: [{ type: "text", text: "Hello" }],
    stop_reason: "end_turn",
    usage: { ...told, output_tokens_details: { thinking_tokens: 3 } },
  });
});

t.test("messages.stream() gathers calls that the provider interleaves", async (t) => {
  const { client } = clientOf(
    streamed(
      begin(0, { kind: "tool-call", id: "call_1", name: "f" }),
      begin(1, { kind: "tool-call", id: "call_2", name: "g" }),
      add(0, '{"a":'),
      add(1, '{"b":[1,'),
      add(0, '"x"}'),
      add(1, "2]}"),
      close(0),
      close(1),
      begin(2, { kind: "tool-call", id: "call_3", name: "h" }),
      close(2),
      ...ended("stop"),
    ),
  );
  const { content, stop_reason } = await client.messages.stream(params).finalMessage();
  t.equal(stop_reason, "tool_use");
  t.strictSame(JSON.parse(JSON.stringify(content)), [
    { type: "tool_use", id: "call_1", name: "f", input: { a: "x" } },
    { type: "tool_use", id: "call_2", name: "g", input: { b: [1, 2] } },
    { type: "tool_use", id: "call_3", name: "h", input: {} },
  ]);
});

t.test(
  "messages.stream() gathers thinking with its signature, hidden thinking and text",
  async (t) => {
    const { client } = clientOf(
      streamed(
        begin(0, { kind: "reasoning", encrypted: null, origin: ownDialect }),
        add(0, "H"),
        add(0, "m"),
        { kind: "signature", index: 0, signature: "EqQB" },
        close(0),
        begin(1, { kind: "reasoning", encrypted: "EmwK", origin: ownDialect }),
        close(1),
        begin(2, { kind: "text" }),
        add(2, "Yes"),
        close(2),
        ...ended("stop"),
      ),
    );
    const { content } = await client.messages.stream(params).finalMessage();
    t.strictSame(content, [
      { type: "thinking", thinking: "Hm", signature: "EqQB" },
      { type: "redacted_thinking", data: "EmwK" },
      { type: "text", text: "Yes" },
    ]);
  },
);

t.test("messages.stream() raises the error of mid-stream with its type", async (t) => {
  const failed: StreamEvent = {
    kind: "failed",
    error: { status: 529, kind: "overloaded", message: "Too many", code: null },
  };
  const { client } = clientOf(streamed(begin(0, { kind: "text" }), add(0, "Hel"), failed));
  const stream = client.messages.stream(params);
  const raised = await stream.finalMessage().catch((error: unknown) => error);
  t.ok(raised instanceof APIError);
  t.match(raised, { type: "overloaded_error", apiMessage: "Too many" });
});

const classes: readonly {
  readonly kind: ErrorKind;
  readonly status: number;
  readonly raised: string;
}[] = [
  { kind: "invalid-request", status: 400, raised: "BadRequestError" },
  { kind: "authentication", status: 401, raised: "AuthenticationError" },
  { kind: "permission", status: 403, raised: "PermissionDeniedError" },
  { kind: "not-found", status: 404, raised: "NotFoundError" },
  { kind: "too-large", status: 413, raised: "ContentTooLargeError" },
  { kind: "rate-limit", status: 429, raised: "RateLimitError" },
  { kind: "overloaded", status: 503, raised: "OverloadedError" },
  { kind: "timeout", status: 408, raised: "GatewayTimeoutError" },
  { kind: "server", status: 500, raised: "InternalServerError" },
];
for (const { kind, status, raised } of classes) {
  t.test(`messages.create() raises ${raised} for ${kind}`, async (t) => {
    const { client } = clientOf(() => {
      const written = anthropicMessages.encodeError({
        status,
        kind,
        message: "Why",
        code: "their_code",
      });
      return new Response(String(written.body), {
        status: written.status,
        headers: { "content-type": written.contentType },
      });
    });
    const error = await client.messages.create(params).catch((thrown: unknown) => thrown);
    t.ok(error instanceof APIError);
    t.match(error, { name: raised, apiMessage: "Why", errorCode: "their_code" });
  });
}

t.test("messages.countTokens() gives the count", async (t) => {
  const { client, requests } = clientOf((request) => {
    const { body, contentType } = anthropicTokenCount.encodeResponse({ inputTokens: 42 }, request);
    return new Response(String(body), { headers: { "content-type": contentType } });
  });
  const { model, messages } = params;
  t.equal((await client.messages.countTokens({ model, messages })).input_tokens, 42);
  t.equal(requests[0]?.model, "claude-sonnet-4-5");
});

t.test("messages.parse() gets the form that it asked for", async (t) => {
  const { client, requests } = clientOf(plain([{ kind: "text", text: '{"a":1}' }]));
  const schema = {
    type: "object",
    properties: { a: { type: "integer" } },
    additionalProperties: false,
  };
  await client.messages.parse({
    ...params,
    output_config: { format: { type: "json_schema", schema } },
  });
  t.match(requests[0]?.output, { kind: "schema", schema });
  t.strictSame(requests[0]?.unexpressed, []);
});

t.test("messages.create() sends nothing that the codec does not read", async (t) => {
  const { client, requests } = clientOf(plain([{ kind: "text", text: "Hello" }]));
  await client.messages.create({
    ...params,
    system: [{ type: "text", text: "Be brief" }],
    messages: [
      {
        role: "user",
        content: [
          { type: "text", text: "See" },
          { type: "image", source: { type: "base64", media_type: "image/png", data: "aGk=" } },
          {
            type: "document",
            source: { type: "url", url: "https://example.com/a.pdf" },
            title: "A",
          },
        ],
      },
      {
        role: "assistant",
        content: [
          { type: "thinking", thinking: "Hm", signature: "EqQB" },
          { type: "tool_use", id: "toolu_1", name: "f", input: { a: 1 } },
        ],
      },
      {
        role: "user",
        content: [{ type: "tool_result", tool_use_id: "toolu_1", content: "1", is_error: true }],
      },
    ],
    tools: [{ name: "f", description: "Does f", input_schema: { type: "object" }, strict: true }],
    tool_choice: { type: "auto", disable_parallel_tool_use: true },
    thinking: { type: "adaptive", display: "summarized" },
    output_config: { effort: "high" },
    stop_sequences: ["END"],
    metadata: { user_id: "u" },
  });
  t.strictSame(requests[0]?.unexpressed, []);
  t.match(requests[0], {
    toolChoice: { kind: "auto" },
    parallelToolCalls: false,
    reasoning: { effort: "high", budgetTokens: -1, visible: true },
    stop: ["END"],
    endUser: "u",
  });
});

t.test(
  "beta.messages.toolRunner() calls the tool that another provider's model asked for",
  async (t) => {
    const { client, requests } = clientOf(
      plain(
        [
          { kind: "text", text: "Let me see" },
          {
            kind: "tool-call",
            id: "call_1",
            name: "double",
            arguments: '{"of":21}',
            signature: null,
          },
        ],
        "tool-calls",
      ),
      plain([{ kind: "text", text: "It is 42" }]),
    );
    const final = await client.beta.messages.toolRunner({
      ...params,
      tools: [
        {
          name: "double",
          description: "Doubles",
          input_schema: { type: "object", properties: { of: { type: "integer" } } },
          parse: (input: unknown) => input as { readonly of: number },
          run: ({ of }: { readonly of: number }) => String(of * 2),
        },
      ],
    });
    t.match(final.content, [{ type: "text", text: "It is 42" }]);
    t.strictSame(requests[1]?.messages.at(-1), {
      role: "user",
      parts: [
        {
          kind: "tool-result",
          callId: "call_1",
          name: null,
          parts: [{ kind: "text", text: "42" }],
          isError: false,
        },
      ],
    });
  },
);
