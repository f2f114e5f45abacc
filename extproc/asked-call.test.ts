import t from "tap";
import { AskedCall } from "./asked-call.ts";
import { askedCall, chat } from "./testdata/routing.ts";

const gemini = "/v1beta/models/gemini-x:generateContent";

const named = [
  { name: "the body's", provider: "openai", parts: { body: chat() }, model: "gpt-4o" },
  { name: "none", provider: "openai", parts: { body: {} }, model: null },
  { name: "an empty one", provider: "openai", parts: { body: { model: "" } }, model: "" },
  {
    name: "the path's, decoded",
    provider: "aws_bedrock",
    parts: { path: "/model/arn%3Aaws%2Fp/converse?a=1", body: { model: "lure" } },
    model: "arn:aws/p",
  },
  {
    name: "the path's, of a body that is no JSON",
    provider: "google_genai",
    parts: { path: gemini, body: "{" },
    model: "gemini-x",
  },
  {
    name: "a broken escape as it was sent",
    provider: "google_genai",
    parts: { path: "/v1beta/models/a%zz:generateContent" },
    model: "a%zz",
  },
  {
    name: "one of the longest",
    provider: "openai",
    parts: { body: chat({ model: "m".repeat(2_048) }) },
    model: "m".repeat(2_048),
  },
];
for (const { name, provider, parts, model } of named) {
  t.test(`model is ${name}`, async (t) => {
    t.same(askedCall(provider, parts).model, { kind: "ok", model });
  });
}

const doubtful = [
  {
    type: "application/json; charset=utf-7",
    reason: "the charset of its content-type is not UTF-8",
  },
  {
    type: 'text/json;x=y;charset="latin1"',
    reason: "the charset of its content-type is not UTF-8",
  },
  { type: "application/json;charset*=x", reason: "the charset of its content-type is not UTF-8" },
  { type: "application/x-www-form-urlencoded", reason: "its content-type is not that of JSON" },
  { type: "multipart/json-form; boundary=json", reason: "its content-type is not that of JSON" },
  { type: "", reason: "its content-type is not that of JSON" },
];
for (const { type, reason } of doubtful) {
  t.test(
    `model is malformed where a server may read ${JSON.stringify(type)} differently`,
    async (t) => {
      const headers = [["content-type", type]] as const;
      const call = askedCall("openai", { headers, body: chat() });
      t.same(call.model, { kind: "malformed", reason });
      t.equal(askedCall("google_genai", { headers, path: gemini }).model.kind, "ok", "the path's");
    },
  );
}

for (const type of [
  "application/json",
  "Application/JSON; Charset=UTF-8",
  'application/vnd.acme.v1+json ; charset="utf8"',
  "application/json;odata.metadata=minimal;",
]) {
  t.test(`model is the body's in ${type}`, async (t) => {
    const headers = [["content-type", type]] as const;
    t.same(askedCall("openai", { headers, body: chat() }).model, { kind: "ok", model: "gpt-4o" });
  });
}

t.test("model is malformed where the content-type is said twice", async (t) => {
  const headers = [
    ["content-type", "application/json"],
    ["content-type", "application/json;charset=utf-7"],
  ] as const;
  const reason = "it has several content-type headers";
  t.same(askedCall("openai", { headers, body: chat() }).model, { kind: "malformed", reason });
});

for (const name of ["models", "fallbacks", "preset"]) {
  t.test(`model is malformed where ${name} may name another`, async (t) => {
    const reason = `${name} may name other models than model does`;
    for (const provider of ["openai_compatible", "openai"]) {
      const call = askedCall(provider, { body: chat({ [name]: ["o3"] }) });
      t.same(call.model, { kind: "malformed", reason });
    }
  });
}

t.test("model is malformed for a method that calls no model", async (t) => {
  const { request, provider } = askedCall("openai", { body: chat() });
  for (const method of ["GET", "PUT", "post", ""]) {
    const call = new AskedCall(provider, { ...request, method });
    t.same(call.model, { kind: "malformed", reason: "it is no model call of openai" });
    t.equal(call.operation, undefined);
    t.equal(call.decoded, undefined);
  }
});

t.test("modelRange is where the path names the model", async (t) => {
  const { modelRange, pathModel } = askedCall("google_genai", { path: gemini });
  t.equal(gemini.slice(modelRange?.start, modelRange?.end), pathModel);
  t.equal(askedCall("openai").modelRange, null);
});

t.test("decoded is read once, and undefined where the dialect is not known", async (t) => {
  const call = askedCall("openai", { body: chat() });
  t.equal(call.decoded, call.decoded);
  t.match(call.decoded, { kind: "ok", call: { operation: "chat" } });
  t.equal(askedCall("openai", { path: "/v1/completions", body: {} }).decoded, undefined);
  t.match(askedCall("openai", { body: { messages: 1 } }).decoded, { kind: "malformed" });
});
