import t from "tap";
import { whenMissing } from "../features.ts";
import type { Feature } from "../features.ts";
import type { ChatRequest, Part } from "../ir.ts";
import { chatFeatures } from "../request-features.ts";
import { createStreamTranslator } from "../translation.ts";
import { geminiFeatures, geminiGenerateContent } from "./generate-content-codec.ts";
import { randomRequest } from "./testdata/random-requests.ts";
import {
  answer,
  assistant,
  decodeBody,
  decodedValue,
  encodeBody,
  requestWith,
  sendAndRead,
  user,
  wire,
} from "./testdata/requests.ts";

const text = (words: string) => ({ kind: "text", text: words }) as const;
const base64 = (mediaType: string) => ({ kind: "base64", mediaType, data: "AAAA" }) as const;
const url = (mediaType: string) =>
  ({ kind: "url", url: "https://a.example/b", mediaType }) as const;
const image: Part = { kind: "image", source: base64("image/png"), detail: null };
const pdf: Part = { kind: "document", source: base64("application/pdf"), name: null };
const call: Part = { kind: "tool-call", id: "1", name: "f", arguments: '{"a":1}', signature: null };
const result = (...parts: readonly Part[]): Part => ({
  kind: "tool-result",
  callId: "1",
  name: "f",
  parts,
  isError: false,
});
const thought: Part = {
  kind: "reasoning",
  text: "Hm",
  signature: "c2ln",
  encrypted: null,
  origin: "gemini-generate-content",
};
const tool = {
  name: "f",
  description: "Does",
  parameters: { type: "object", properties: { a: { type: ["integer", "null"] } } },
  strict: null,
} as const;

/** A request for each feature that the dialect has words for. */
const uses: Readonly<Partial<Record<Feature, Partial<ChatRequest>>>> = {
  system: { system: [text("Be kind"), text("Be brief")] },
  "image-base64": { messages: [user(text("See"), image)] },
  "image-url": { messages: [user({ kind: "image", source: url("image/png"), detail: null })] },
  "document-base64": { messages: [user(pdf)] },
  "document-url": {
    messages: [user({ kind: "document", source: url("application/pdf"), name: null })],
  },
  audio: { messages: [user({ kind: "audio", source: base64("audio/wav") })] },
  "tool-result-image": { messages: [assistant(call), user(result(text("see"), image))] },
  "tool-result-document": { messages: [assistant(call), user(result(pdf))] },
  "tool-result-error": {
    messages: [
      assistant(call),
      user({ kind: "tool-result", callId: "1", name: "f", parts: [text("no")], isError: true }),
    ],
  },
  "reasoning-history": {
    messages: [user(text("Hi")), assistant(thought, text("a")), user(text("b"))],
  },
  tools: { tools: [tool] },
  "tool-choice-none": { toolChoice: { kind: "none" } },
  "tool-choice-required": { toolChoice: { kind: "required" } },
  "tool-choice-named": { toolChoice: { kind: "tool", name: "f" } },
  stream: { stream: true, variant: "sse" },
  temperature: { temperature: 0.5 },
  "top-p": { topP: 0.5 },
  "top-k": { topK: 5 },
  seed: { seed: 5 },
  penalties: { frequencyPenalty: 0.5, presencePenalty: -0.5 },
  stop: { stop: ["a", "b", "c", "d", "e", "f"] },
  choices: { choices: 3 },
  logprobs: { logprobs: { top: 2 } },
  "json-output": { output: { kind: "json" } },
  "schema-output": {
    output: {
      kind: "schema",
      name: null,
      description: null,
      schema: { type: "object", additionalProperties: false, $defs: {} },
      strict: null,
    },
  },
  reasoning: { reasoning: { effort: "low", budgetTokens: null, visible: null } },
  "reasoning-visible": { reasoning: { effort: null, budgetTokens: 512, visible: true } },
};

for (const [feature, given] of Object.entries(uses)) {
  t.test(`${feature} survives encodeRequest() and decodeRequest()`, async (t) => {
    const request = requestWith(given);
    const used = chatFeatures(request, geminiGenerateContent.name).map((use) => use.feature);
    t.ok(
      used.some((one) => one === feature),
      "is used",
    );
    t.same(sendAndRead(request), request);
  });
}

t.test("expresses has a test for each of its features", async (t) => {
  t.same(Object.keys(uses).toSorted(), [...geminiFeatures].toSorted());
  t.equal(geminiGenerateContent.expresses, geminiFeatures);
});

t.test("a long conversation survives encodeRequest() and decodeRequest()", async (t) => {
  const calls: readonly Part[] = [
    { kind: "tool-call", id: "toolu_1", name: "f", arguments: '{"q":"é"}', signature: "c2ln" },
    { kind: "tool-call", id: "toolu_2", name: "g", arguments: "{}", signature: null },
    {
      kind: "tool-call",
      id: "toolu_3",
      name: "f",
      arguments: '{"q":[1,{"a":null}]}',
      signature: null,
    },
  ];
  const results: readonly Part[] = [
    { kind: "tool-result", callId: "toolu_3", name: "f", parts: [text("[1]")], isError: false },
    { kind: "tool-result", callId: "toolu_1", name: "f", parts: [text('{"a":1}')], isError: false },
    { kind: "tool-result", callId: "toolu_2", name: "g", parts: [text("no")], isError: true },
    text("And then?"),
    image,
  ];
  const request = requestWith({
    system: [text("Be kind")],
    messages: [
      user(text("Hi"), image, text("there")),
      assistant(thought, text("Let me see"), ...calls),
      user(...results),
      assistant(text("Done")),
      user(text("Thanks")),
    ],
    tools: [tool, { ...tool, name: "g", parameters: null }],
    toolChoice: { kind: "auto" },
  });
  t.same(sendAndRead(request), request);
});

t.test("random requests survive encodeRequest() and decodeRequest()", async (t) => {
  for (let seed = 0; seed < 500; seed++) {
    const request = randomRequest(seed);
    const read = sendAndRead(request);
    if (JSON.stringify(read) !== JSON.stringify(request)) t.same(read, request, `seed ${seed}`);
  }
  t.pass("500 requests");
});

t.test("a conversation without ids is the same when it is read twice", async (t) => {
  const body = {
    contents: [
      { role: "user", parts: [{ text: "Go" }] },
      { role: "model", parts: [{ functionCall: { name: "f" } }, { functionCall: { name: "f" } }] },
      {
        role: "user",
        parts: [
          { functionResponse: { name: "f", response: { output: "1" } } },
          { functionResponse: { name: "f", response: { output: "2" } } },
        ],
      },
    ],
  };
  const request = decodeBody(body);
  t.same(sendAndRead(request), { ...request, unexpressed: [] });
});

t.test("decodeRequest() knows from the path whether and how the answer streams", async (t) => {
  const body = { contents: [{ parts: [{ text: "Hi" }] }] };
  const path = "/v1beta/models/m:streamGenerateContent";
  t.match(decodeBody(body, path), { stream: true, variant: "array" });
  t.match(decodeBody(body, `${path}?alt=sse`), { stream: true, variant: "sse" });
  t.match(decodeBody(body), { stream: false, variant: "whole", model: "gemini-3-flash-preview" });
});

const broken: readonly (readonly [string, string])[] = [
  ["", "it is not JSON"],
  ["{", "it is not JSON"],
  ["[]", "it is not an object"],
  ["7", "it is not an object"],
  ["{}", "contents is missing"],
  ['{"contents":"Hi"}', "contents[0] is not an object"],
];

for (const [body, reason] of broken) {
  t.test(`decodeRequest() says of ${JSON.stringify(body)} that ${reason}`, async (t) => {
    t.same(geminiGenerateContent.decodeRequest(wire(body)), { kind: "malformed", reason });
  });
}

t.test("decodeRequest() never throws on damaged bodies", async (t) => {
  const values = [null, 7, "x", [], {}, [7], [null], [[]], { parts: 7 }, { parts: [7] }];
  const keys = [
    "contents",
    "systemInstruction",
    "tools",
    "toolConfig",
    "generationConfig",
    "safetySettings",
  ];
  const partKeys = [
    "text",
    "inlineData",
    "fileData",
    "functionCall",
    "functionResponse",
    "thought",
  ];
  for (const value of values) {
    for (const key of keys) {
      t.type(geminiGenerateContent.decodeRequest(wire({ contents: {}, [key]: value })), "object");
    }
    for (const key of partKeys) {
      const body = { contents: [{ parts: [{ [key]: value }] }] };
      t.type(geminiGenerateContent.decodeRequest(wire(body)), "object");
    }
  }
});

t.test("encodeResponse() writes what decodeResponse() reads as it was", async (t) => {
  const body = {
    candidates: [
      {
        content: { parts: [{ text: "Hi" }, { functionCall: { id: "1", name: "f", args: {} } }] },
        finishReason: "STOP",
      },
    ],
    responseId: "r1",
    modelVersion: "m",
  };
  const response = decodedValue(geminiGenerateContent.decodeResponse(answer(body)));
  const written = geminiGenerateContent.encodeResponse(response, requestWith());
  t.equal(written.contentType, "application/json; charset=UTF-8");
  const read = geminiGenerateContent.decodeResponse(answer(written.body.toString()));
  t.same(decodedValue(read), response);
});

t.test(
  "an agent gives back what its answers were signed with, and nobody takes it for proof",
  async (t) => {
    const response = decodedValue(
      geminiGenerateContent.decodeResponse(
        answer({ candidates: [{ content: { parts: [{ functionCall: { name: "f" } }] } }] }),
      ),
    );
    const written = geminiGenerateContent.encodeResponse(response, requestWith());
    const [{ content }] = JSON.parse(written.body.toString()).candidates;
    t.equal(content.parts[0].thoughtSignature, "skip_thought_signature_validator");
    const request = decodeBody({ contents: [content] });
    t.match(request.messages, [{ parts: [{ kind: "tool-call", signature: null }] }]);
  },
);

t.test("a broken stream reaches the agent in its dialect", async (t) => {
  const request = requestWith({ stream: true, variant: "sse" });
  const translator = createStreamTranslator(geminiGenerateContent, geminiGenerateContent, request);
  t.match(translator.fail("Upstream broke off").toString(), '"code":502,"message":"Upstream');
});

t.test("encodeRequest() leaves out what the dialect may drop", async (t) => {
  const request = requestWith({
    endUser: "u",
    tools: [{ ...tool, strict: true }],
    messages: [user({ kind: "image", source: base64("image/png"), detail: "low" })],
  });
  const used = chatFeatures(request, geminiGenerateContent.name).map(({ feature }) => feature);
  const dropped = used.filter((feature) => !geminiFeatures.has(feature));
  t.same(dropped, ["image-detail", "tool-strict", "end-user"]);
  t.ok(dropped.every((feature) => whenMissing(feature) === "drop"));
  t.same(Object.keys(encodeBody(request)), ["contents", "tools"]);
});
