import t from "tap";
import { anthropicMessages } from "../anthropic/messages-codec.ts";
import type { ChatResponse } from "../ir.ts";
import { bedrockAnthropic } from "./invoke-anthropic-codec.ts";
import {
  chatRequest,
  nova,
  roundTrip,
  wireRequest,
  wireResponse,
} from "./testdata/converse-calls.ts";

const body = {
  anthropic_version: "bedrock-2023-05-31",
  max_tokens: 10,
  messages: [{ role: "user", content: "Hi" }],
};

t.test("decodeRequest() reads Anthropic's body with the path's model", async (t) => {
  const decoded = bedrockAnthropic.decodeRequest(wireRequest(body, { path: "/model/x/invoke" }));
  t.match(decoded, {
    kind: "ok",
    value: {
      model: "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
      messages: [{ role: "user", parts: [{ kind: "text", text: "Hi" }] }],
      maxOutputTokens: 10,
      stream: false,
      unexpressed: [],
    },
  });
});

t.test("decodeRequest() knows a stream by the path alone", async (t) => {
  for (const [path, stream] of [
    ["/model/x/invoke", false],
    ["/model/x/invoke-with-response-stream", true],
  ] as const) {
    const wire = wireRequest({ ...body, stream: !stream }, { path });
    t.match(bedrockAnthropic.decodeRequest(wire), { kind: "ok", value: { stream } });
  }
});

t.test("decodeRequest() notes betas that the body names", async (t) => {
  const wire = wireRequest({ ...body, anthropic_beta: ["x"] }, { path: "/model/x/invoke" });
  t.match(bedrockAnthropic.decodeRequest(wire), {
    value: { unexpressed: [{ feature: "beta-header", at: "anthropic_beta" }] },
  });
});

t.test("decodeRequest() refuses models whose bodies are their own", async (t) => {
  const reason = "the path names a model whose bodies are not Anthropic's messages";
  for (const pathModel of [
    nova,
    "meta.llama3-3-70b-instruct-v1:0",
    "amazon.titan-embed-text-v2:0",
  ]) {
    const wire = wireRequest({ inputText: "Hi" }, { path: "/model/x/invoke", pathModel });
    t.same(bedrockAnthropic.decodeRequest(wire), { kind: "malformed", reason }, pathModel);
  }
});

t.test("decodeRequest() knows Anthropic's body behind an account's own profile", async (t) => {
  const pathModel = "arn:aws:bedrock:us-east-1:1:application-inference-profile/abc";
  t.match(bedrockAnthropic.decodeRequest(wireRequest(body, { pathModel })), {
    kind: "ok",
    value: { model: pathModel },
  });
});

t.test("decodeRequest() tells what is wrong", async (t) => {
  const rows: readonly [body: unknown, reason: RegExp][] = [
    ["{", /not JSON/],
    [[], /not an object/],
    [{ ...body, messages: 1 }, /messages is not a list/],
  ];
  for (const [wrong, reason] of rows) {
    t.match(bedrockAnthropic.decodeRequest(wireRequest(wrong)), { kind: "malformed", reason });
  }
  t.match(bedrockAnthropic.decodeRequest(wireRequest(body, { pathModel: null })), {
    kind: "malformed",
    reason: "the path names no model",
  });
});

t.test(
  "encodeRequest() writes no model, no stream and no user, but Bedrock's version",
  async (t) => {
    const request = chatRequest({ stream: true, endUser: "u", maxOutputTokens: 5 });
    t.same(JSON.parse(String(bedrockAnthropic.encodeRequest(request))), {
      anthropic_version: "bedrock-2023-05-31",
      max_tokens: 5,
      messages: [{ role: "user", content: "Hi" }],
    });
  },
);

t.test("decodeRequest() reads what encodeRequest() wrote", async (t) => {
  const request = chatRequest({
    system: [{ kind: "text", text: "Be kind" }],
    tools: [{ name: "f", description: "Does", parameters: { type: "object" }, strict: null }],
    toolChoice: { kind: "none" },
    parallelToolCalls: null,
    maxOutputTokens: 100,
    temperature: 0.5,
    stop: ["END"],
    stream: true,
    variant: "anthropic-messages",
  });
  t.same(roundTrip(bedrockAnthropic, request, "/model/x/invoke-with-response-stream"), request);
});

t.test("expresses what Anthropic's own codec does, less what Bedrock does not", async (t) => {
  const missing = [...anthropicMessages.expresses].filter(
    (feature) => !bedrockAnthropic.expresses.has(feature),
  );
  t.same(new Set(missing), new Set(["image-url", "document-url", "file-id", "end-user"]));
  for (const feature of bedrockAnthropic.expresses) t.ok(anthropicMessages.expresses.has(feature));
});

t.test("bedrockAnthropic shares the name of the dialect, but is another codec", async (t) => {
  t.equal(bedrockAnthropic.name, anthropicMessages.name);
  t.not(bedrockAnthropic, anthropicMessages);
});

const answer = {
  id: "msg_bdrk_1",
  type: "message",
  role: "assistant",
  model: "claude-3-haiku-20240307",
  content: [{ type: "text", text: "Hello" }],
  stop_reason: "end_turn",
  stop_sequence: null,
  usage: { input_tokens: 9, output_tokens: 3 },
};

t.test("decodeResponse() reads Anthropic's answer", async (t) => {
  t.match(bedrockAnthropic.decodeResponse(wireResponse(answer)), {
    kind: "ok",
    value: {
      id: "msg_bdrk_1",
      model: "claude-3-haiku-20240307",
      choices: [{ parts: [{ kind: "text", text: "Hello" }], finish: "stop" }],
      usage: { inputTokens: 9, outputTokens: 3 },
    },
  });
  t.match(bedrockAnthropic.decodeResponse(wireResponse("<html>")), { kind: "malformed" });
});

t.test(
  "encodeResponse() writes Anthropic's answer, of the model that was asked at least",
  async (t) => {
    const response: ChatResponse = {
      id: "msg_bdrk_1",
      model: "",
      created: null,
      choices: [
        {
          parts: [{ kind: "text", text: "Hello" }],
          finish: "stop",
          stopText: null,
          logprobs: null,
        },
      ],
      usage: null,
    };
    const { contentType, body: written } = bedrockAnthropic.encodeResponse(response, chatRequest());
    t.equal(contentType, "application/json");
    t.match(JSON.parse(String(written)), {
      ...answer,
      model: "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
      usage: {},
    });
  },
);

t.test("errors are Bedrock's", async (t) => {
  const error = { status: 429, kind: "rate-limit", message: "Slow", code: null } as const;
  t.match(bedrockAnthropic.encodeError(error), {
    status: 429,
    headers: [{ name: "x-amzn-errortype", value: "ThrottlingException" }],
  });
  const headers = { "x-amzn-errortype": "AccessDeniedException" };
  t.match(bedrockAnthropic.decodeError(wireResponse({ message: "No" }, { status: 403, headers })), {
    kind: "permission",
    message: "No",
  });
});
