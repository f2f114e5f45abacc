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
