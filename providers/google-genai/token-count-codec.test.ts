import t from "tap";
import { answer, decodedValue, requestWith, wire } from "./testdata/requests.ts";
import { geminiTokenCount, vertexTokenCount } from "./token-count-codec.ts";

const contents = [{ role: "user", parts: [{ text: "Hi" }] }];
const path = "/v1beta/models/m:countTokens";
const tools = [{ name: "f", description: null, parameters: null, strict: null }];
const counted = requestWith({ variant: "" });

t.test("decodeRequest() reads a conversation alone and a whole request", async (t) => {
  const whole = { model: "models/m", contents, tools: [{ functionDeclarations: [{ name: "f" }] }] };
  const read = (body: object) => decodedValue(geminiTokenCount.decodeRequest(wire(body, path)));
  t.same(read({ contents }), counted);
  t.same(read({ generateContentRequest: whole }), { ...counted, tools });
  t.same(read({ generate_content_request: whole }), { ...counted, tools });
  t.same(read(whole), { ...counted, tools });
});

t.test("decodeRequest() says what is wrong", async (t) => {
  const reason = (body: unknown) => geminiTokenCount.decodeRequest(wire(body, path));
  t.same(reason({}), { kind: "malformed", reason: "contents is missing" });
  t.same(reason("x"), { kind: "malformed", reason: "it is not JSON" });
  t.same(reason("[]"), { kind: "malformed", reason: "it is not an object" });
});

t.test("encodeRequest() writes a conversation alone", async (t) => {
  for (const codec of [geminiTokenCount, vertexTokenCount]) {
    t.same(JSON.parse(codec.encodeRequest(counted).toString()), { contents });
  }
});

t.test("encodeRequest() writes more than that in the form of each API", async (t) => {
  const request = { ...counted, tools };
  const wireTools = [{ functionDeclarations: [{ name: "f" }] }];
  t.same(JSON.parse(geminiTokenCount.encodeRequest(request).toString()), {
    generateContentRequest: {
      model: "models/gemini-3-flash-preview",
      contents,
      tools: wireTools,
    },
  });
  t.same(JSON.parse(vertexTokenCount.encodeRequest(request).toString()), {
    contents,
    tools: wireTools,
  });
});

t.test("decodeRequest() reads what encodeRequest() writes", async (t) => {
  const request = { ...counted, tools, system: [{ kind: "text", text: "Be kind" }] as const };
  for (const codec of [geminiTokenCount, vertexTokenCount]) {
    const text = codec.encodeRequest(request).toString();
    t.same(decodedValue(codec.decodeRequest(wire(text, path))), request);
  }
});

t.test("decodeResponse() reads the count", async (t) => {
  t.same(geminiTokenCount.decodeResponse(answer({ totalTokens: 31 })), {
    kind: "ok",
    value: { inputTokens: 31 },
  });
  t.same(
    vertexTokenCount.decodeResponse(answer({ total_tokens: 6, totalBillableCharacters: 25 })),
    {
      kind: "ok",
      value: { inputTokens: 6 },
    },
  );
});

t.test("decodeResponse() says what is wrong", async (t) => {
  const read = (body: unknown) => geminiTokenCount.decodeResponse(answer(body));
  t.same(read({}), { kind: "malformed", reason: "totalTokens is not a count" });
  t.same(read({ totalTokens: -1 }), { kind: "malformed", reason: "totalTokens is not a count" });
  t.same(read("[]"), { kind: "malformed", reason: "it is not an object" });
  t.same(read(""), { kind: "malformed", reason: "it is not JSON" });
});

t.test("encodeResponse() writes the count", async (t) => {
  const { body, contentType } = geminiTokenCount.encodeResponse({ inputTokens: 31 }, counted);
  t.equal(body, '{"totalTokens":31}');
  t.equal(contentType, "application/json; charset=UTF-8");
});

t.test("the codecs are two, of one operation", async (t) => {
  t.not(geminiTokenCount.name, vertexTokenCount.name);
  t.equal(vertexTokenCount.operation, "count_tokens");
});
