import t from "tap";
import { createRequest, fixedEnvironment, jsonOf } from "./fake-request.ts";
import { createGoogleSite } from "./google.ts";

const credentials = { apiKey: "AIza-key", vertexToken: "ya29.token" };
const site = createGoogleSite(credentials, fixedEnvironment);
const json = { "content-type": "application/json" };
const key = { ...json, "x-goog-api-key": credentials.apiKey };
const user = { role: "user", parts: [{ text: "Hello" }] };
const png =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const schema = { type: "object", properties: { city: { type: "string" } } };
const weather = { functionDeclarations: [{ name: "weather", parametersJsonSchema: schema }] };

interface Asked {
  readonly model?: string;
  readonly method?: string;
  readonly body?: object;
  readonly headers?: Record<string, string>;
}

function ask({ model = "gemini-3.8-flash", method = "generateContent", ...more }: Asked) {
  const path = `/v1beta/models/${model}:${method}`;
  const { headers = key, body = { contents: [user] } } = more;
  return site.handle(createRequest({ path, headers, body }));
}

function model(...parts: object[]) {
  return { role: "model", parts };
}

function called(name: string, more: object = {}) {
  return { functionCall: { name, args: {}, ...more } };
}

function responded(name: string, response: object = { output: "warm" }, more: object = {}) {
  return { functionResponse: { name, response, ...more } };
}

t.test("createGoogleSite() answers with thoughts counted beside the answer", async (test) => {
  test.match(jsonOf(ask({})), {
    candidates: [
      {
        content: { role: "model", parts: [{ text: "You said: Hello", thoughtSignature: /.{44}/ }] },
        finishReason: "STOP",
        index: 0,
      },
    ],
    usageMetadata: {
      promptTokenCount: 5,
      candidatesTokenCount: 4,
      thoughtsTokenCount: 5,
      totalTokenCount: 14,
    },
    modelVersion: "gemini-3.8-flash",
    responseId: /^a+$/,
  });
});

t.test("createGoogleSite() streams events, or one array", async (test) => {
  const events = [...(ask({ method: "streamGenerateContent?alt=sse" }).chunks ?? [])].map(String);
  test.match(events[0], /^data: \{"candidates":.*\}\r\n\r\n$/);
  test.match(events.at(-1), /"finishReason":"STOP"/);
  test.equal(events.filter((event) => event.includes("finishReason")).length, 1);
  const array = [...(ask({ method: "streamGenerateContent" }).chunks ?? [])].join("");
  test.equal(JSON.parse(array).length, events.length);
});

t.test("createGoogleSite() breaks and cuts streams when told", async (test) => {
  const told = (word: string, query: string) =>
    ask({
      method: `streamGenerateContent${query}`,
      body: { contents: [{ role: "user", parts: [{ text: `Hello [[${word}]]` }] }] },
    });
  test.match([...(told("break", "?alt=sse").chunks ?? [])].at(-1), /^data: \{"error":\{"code":503/);
  test.match(told("cut", "?alt=sse"), { cutAfterChunks: 2 });
  test.match(told("cut", ""), { cutAfterChunks: 2 });
});

t.test(
  "createGoogleSite() calls functions, with ids and signatures since Gemini 3",
  async (test) => {
    const contents = [{ role: "user", parts: [{ text: "Look [[calls 2]]" }] }];
    const body = { contents, tools: [weather] };
    test.match(jsonOf(ask({ body })), {
      candidates: [
        {
          content: {
            parts: [
              {
                functionCall: { name: "weather", args: { city: "city 1" }, id: "aaaaaa00" },
                thoughtSignature: /.{44}/,
              },
              { functionCall: { id: "aaaaaa01" } },
            ],
          },
          finishReason: "STOP",
        },
      ],
    });
    const old = Object(jsonOf(ask({ body, model: "gemini-2.5-flash" })));
    test.same(old.candidates[0].content.parts[0], {
      functionCall: { name: "weather", args: { city: "city 1" } },
    });
  },
);

t.test("createGoogleSite() takes responses back, whatever their form", async (test) => {
  const calls = [called("weather"), called("weather")];
  const answers = [responded("weather"), responded("weather", { error: "no" })];
  const body = {
    contents: [user, model(...calls), { role: "user", parts: answers }],
    tools: [weather],
  };
  test.match(jsonOf(ask({ body, model: "gemini-2.5-flash" })), {
    candidates: [{ content: { parts: [{ text: "Tools said warm and no (failed): Hello" }] } }],
  });
});

t.test(
  "createGoogleSite() shows thoughts when asked, and has none without a budget",
  async (test) => {
    const thinking = (thinkingConfig: object) =>
      jsonOf(ask({ body: { contents: [user], generationConfig: { thinkingConfig } } }));
    test.match(thinking({ includeThoughts: true, thinkingLevel: "LOW" }), {
      candidates: [{ content: { parts: [{ text: "Thinking about: Hello", thought: true }, {}] } }],
    });
    const { usageMetadata } = Object(thinking({ thinkingBudget: 0 }));
    test.equal(usageMetadata.thoughtsTokenCount, undefined);
  },
);

t.test("createGoogleSite() writes JSON by either form of schema", async (test) => {
  const asJson = (form: object) =>
    jsonOf(
      ask({
        body: {
          contents: [user],
          generationConfig: { responseMimeType: "application/json", ...form },
        },
      }),
    );
  const answer = { candidates: [{ content: { parts: [{ text: '{"city":"city 1"}' }] } }] };
  test.match(asJson({ responseJsonSchema: schema }), answer);
  const responseSchema = { type: "OBJECT", properties: { city: { type: "STRING" } } };
  test.match(asJson({ responseSchema }), answer);
});

t.test("createGoogleSite() says of images what they are", async (test) => {
  const parts = [{ text: "See" }, { inlineData: { mimeType: "image/png", data: png } }];
  test.match(jsonOf(ask({ body: { contents: [{ role: "user", parts }] } })), {
    candidates: [{ content: { parts: [{ text: /^You said: See with image\/png of 70 bytes/ }] } }],
  });
});

t.test("createGoogleSite() counts tokens and makes vectors", async (test) => {
  test.match(jsonOf(ask({ method: "countTokens" })), { totalTokens: 5 });
  const generateContentRequest = { model: "models/gemini-3.8-flash", contents: [user] };
  test.match(jsonOf(ask({ method: "countTokens", body: { generateContentRequest } })), {
    totalTokens: 5,
  });
  const content = { parts: [{ text: "a" }] };
  const embed = { model: "gemini-embedding-001", method: "embedContent", body: { content } };
  test.equal(Object(jsonOf(ask(embed))).embedding.values.length, 3_072);
  const requests = [{ model: "models/gemini-embedding-001", content, outputDimensionality: 8 }];
  const batch = { ...embed, method: "batchEmbedContents", body: { requests } };
  test.equal(Object(jsonOf(ask(batch))).embeddings[0].values.length, 8);
});

t.test("createGoogleSite() is Vertex AI at its hosts", async (test) => {
  const path =
    "/v1/projects/p/locations/us-central1/publishers/google/models/gemini-2.5-flash:generateContent";
  const host = "us-central1-aiplatform.googleapis.com";
  const at = (headers: Record<string, string>) =>
    site.handle({ ...createRequest({ path, headers, body: { contents: [user] } }), host });
  test.equal(at({ ...json, authorization: "Bearer ya29.token" }).status, 200);
  test.match(jsonOf(at(key)), { error: { code: 401, status: "UNAUTHENTICATED" } });
});

const config = (generationConfig: object) => ({ body: { contents: [user], generationConfig } });
const turns = (...contents: object[]) => ({ body: { contents, tools: [weather] } });
const old = { model: "gemini-2.5-flash" };

const rejected: [string, Asked, number, RegExp][] = [
  ["no key", { headers: json }, 403, /unregistered callers/],
  ["a wrong key", { headers: { ...json, "x-goog-api-key": "x" } }, 400, /API key not valid/],
  ["a key beside a token", { headers: { ...key, authorization: "Bearer x" } }, 400, /not valid/],
  ["an unknown model", { model: "gemini-0" }, 404, /models\/gemini-0 is not found for API version/],
  ["an unknown field", { body: { contents: [user], foo: 1 } }, 400, /Unknown name "foo": Cannot/],
  [
    "an unknown setting",
    config({ maxTokens: 1 }),
    400,
    /Unknown name "maxTokens" at 'generation_config'/,
  ],
  ["a wrong type", config({ temperature: "1" }), 400, /'generation_config.temperature'/],
  ["no contents", { body: {} }, 400, /contents is not specified/],
  ["another role", turns({ role: "assistant", parts: [{ text: "a" }] }), 400, /use a valid role/],
  ["no parts", turns({ role: "user", parts: [] }), 400, /contents\[0\].parts: .* not be empty/],
  ["an empty part", turns({ role: "user", parts: [{}] }), 400, /required oneof field 'data'/],
  [
    "a part with two members",
    turns({ role: "user", parts: [{ text: "a", fileData: { fileUri: "b" } }] }),
    400,
    /oneof field 'data' is already set/,
  ],
  [
    "an image type that it lacks",
    turns({ role: "user", parts: [{ inlineData: { mimeType: "image/gif", data: png } }] }),
    400,
    /Unsupported MIME type: image\/gif/,
  ],
  [
    "instructions that are no text",
    { body: { contents: [user], systemInstruction: { parts: [called("a")] } } },
    400,
    /text parts only/,
  ],
  ["a call without an answer", turns(user, model(called("weather"))), 400, /number of function/],
  [
    "a call after the model",
    turns(user, model({ text: "a" }), model(called("a"))),
    400,
    /comes imm/,
  ],
  [
    "an answer without a call",
    turns({ role: "user", parts: [responded("a")] }),
    400,
    /call turn\./,
  ],
  [
    "an answer under another name",
    { ...turns(user, model(called("weather")), { role: "user", parts: [responded("b")] }), ...old },
    400,
    /"b" has no function call/,
  ],
  [
    "an answer with another id",
    {
      ...turns(user, model(called("weather", { id: "1" })), {
        role: "user",
        parts: [responded("weather", {}, { id: "2" })],
      }),
      ...old,
    },
    400,
    /has no function call/,
  ],
  [
    "a call without a signature",
    turns(user, model(called("weather")), { role: "user", parts: [responded("weather")] }),
    400,
    /missing a thought_signature in functionCall parts/,
  ],
  [
    "a foreign signature",
    turns(user, model({ text: "a", thoughtSignature: "YQ==" }), user),
    400,
    /Corrupted thought signature/,
  ],
  [
    "a function's name",
    { body: { contents: [user], tools: [{ functionDeclarations: [{ name: "a b" }] }] } },
    400,
    /tools\[0\].function_declarations\[0\].name: \[FIELD_INVALID\]/,
  ],
  [
    "an open schema",
    {
      body: {
        contents: [user],
        tools: [
          {
            functionDeclarations: [
              { name: "a", parameters: { type: "OBJECT", additionalProperties: false } },
            ],
          },
        ],
      },
    },
    400,
    /Unknown name "additionalProperties"/,
  ],
  [
    "an object without properties",
    {
      body: {
        contents: [user],
        tools: [{ functionDeclarations: [{ name: "a", parameters: { type: "OBJECT" } }] }],
      },
    },
    400,
    /parameters.properties: should be non-empty for OBJECT type/,
  ],
  ["types in lower case", config({ responseSchema: { type: "object" } }), 400, /application\/json/],
  [
    "a schema without its media type",
    config({ responseJsonSchema: schema }),
    400,
    /only allowed when response_mime_type/,
  ],
  [
    "a budget and a level",
    config({ thinkingConfig: { thinkingBudget: 1, thinkingLevel: "LOW" } }),
    400,
    /only one of thinking budget and thinking level/,
  ],
  [
    "a level for an older model",
    { ...config({ thinkingConfig: { thinkingLevel: "LOW" } }), ...old },
    400,
    /Thinking level is not supported/,
  ],
  [
    "a budget out of range",
    { ...config({ thinkingConfig: { thinkingBudget: 30_000 } }), ...old },
    400,
    /The thinking budget 30000 is invalid/,
  ],
  [
    "functions and JSON for an older model",
    {
      ...old,
      body: {
        contents: [user],
        tools: [weather],
        generationConfig: { responseMimeType: "application/json" },
      },
    },
    400,
    /'application\/json' is unsupported/,
  ],
  [
    "names without the mode for them",
    {
      body: {
        contents: [user],
        tools: [weather],
        toolConfig: { functionCallingConfig: { mode: "AUTO", allowedFunctionNames: ["weather"] } },
      },
    },
    400,
    /should only be set when/,
  ],
  ["six stop texts", config({ stopSequences: ["1", "2", "3", "4", "5", "6"] }), 400, /too long/],
];

for (const [name, asked, status, message] of rejected) {
  t.test(`createGoogleSite() refuses ${name}`, async (test) => {
    const reply = ask(asked);
    test.equal(reply.status, status);
    test.match(jsonOf(reply), { error: { code: status, message } });
  });
}

t.test("createGoogleSite() takes the documented placeholder for a signature", async (test) => {
  const thoughtSignature = "skip_thought_signature_validator";
  const reply = ask(
    turns(user, model({ ...called("weather"), thoughtSignature }), {
      role: "user",
      parts: [responded("weather")],
    }),
  );
  test.equal(reply.status, 200);
});
