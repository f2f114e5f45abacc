import t from "tap";
import type { ValueCheck } from "../value-check.ts";
import { answerCases } from "./answer-cases.ts";
import { embeddingsAnswerCases, embeddingsRequestCases } from "./embeddings-cases.ts";
import {
  chatRequestShape,
  chatResponseShape,
  embeddingsRequestShape,
  embeddingsResponseShape,
  modelErrorShape,
  streamEventShape,
  tokenCountShape,
} from "./ir-shape.ts";
import {
  conversationWith,
  plainConversation,
  reasoningForms,
  requestCases,
} from "./request-cases.ts";
import { failingStreams, streamCases } from "./stream-cases.ts";

for (const { name, shape, values } of [
  {
    name: "conversations",
    shape: chatRequestShape,
    values: [
      ...requestCases().map(({ request }) => request),
      ...reasoningForms("own").map(conversationWith),
      { ...plainConversation, unexpressed: [{ feature: "safety", at: "safety[0]" }] },
    ],
  },
  {
    name: "answers",
    shape: chatResponseShape,
    values: answerCases().map(({ response }) => response),
  },
  {
    name: "events",
    shape: streamEventShape,
    values: [...streamCases(), ...failingStreams("No")].flatMap(({ events }) => events),
  },
  {
    name: "requests for embeddings",
    shape: embeddingsRequestShape,
    values: embeddingsRequestCases().map(({ request }) => request),
  },
  {
    name: "embeddings",
    shape: embeddingsResponseShape,
    values: embeddingsAnswerCases().map(({ response }) => response),
  },
  { name: "counts", shape: tokenCountShape, values: [{ inputTokens: 7 }] },
] as { name: string; shape: ValueCheck; values: unknown[] }[]) {
  t.test(`shapes are content with ${name}`, async (t) => {
    t.ok(values.length > 0);
    for (const value of values) t.same(shape(value, ""), []);
  });
}

const request = (changes: object) => ({ ...plainConversation, ...changes });
const [{ response } = { response: undefined }] = answerCases();
const part = (value: unknown) => request({ system: [value] });

for (const { name, shape, value, problem } of [
  { name: "null", shape: chatRequestShape, value: null, problem: "it is null, wanted an object" },
  {
    name: "a model that is a number",
    shape: chatRequestShape,
    value: request({ model: 7 }),
    problem: "model is 7, wanted a text",
  },
  {
    name: "an unknown field",
    shape: chatRequestShape,
    value: request({ extra: 1 }),
    problem: /^extra is unknown/,
  },
  {
    name: "an unknown role",
    shape: chatRequestShape,
    value: request({ messages: [{ role: "tool", parts: [] }] }),
    problem: 'messages[0].role is "tool", wanted one of user, assistant, system',
  },
  {
    name: "a part that is a text",
    shape: chatRequestShape,
    value: part("x"),
    problem: "system[0] is no object",
  },
  {
    name: "a part of no kind",
    shape: chatRequestShape,
    value: part({ text: "x" }),
    problem: /^system\[0\]\.kind is missing, wanted one of text, image/,
  },
  {
    name: "a part of a kind of prototypes",
    shape: chatRequestShape,
    value: part({ kind: "constructor" }),
    problem: /^system\[0\]\.kind is "constructor"/,
  },
  {
    name: "a text without text",
    shape: chatRequestShape,
    value: part({ kind: "text" }),
    problem: "system[0].text is missing, wanted a text",
  },
  {
    name: "a call with an object of arguments",
    shape: chatRequestShape,
    value: part({ kind: "tool-call", id: "1", name: "x", arguments: {}, signature: null }),
    problem: "system[0].arguments is an object, wanted a text",
  },
  {
    name: "a call without id",
    shape: chatRequestShape,
    value: part({ kind: "tool-call", id: "", name: "x", arguments: "{}", signature: null }),
    problem: 'system[0].id is "", wanted a text that is not empty',
  },
  {
    name: "a result with a strange part",
    shape: chatRequestShape,
    value: part({ kind: "tool-result", callId: "1", name: null, parts: [7], isError: false }),
    problem: "system[0].parts[0] is no object",
  },
  {
    name: "a source of no kind",
    shape: chatRequestShape,
    value: part({ kind: "audio", source: { data: "" } }),
    problem: /^system\[0\]\.source\.kind is missing/,
  },
  {
    name: "a temperature in words",
    shape: chatRequestShape,
    value: request({ temperature: "hot" }),
    problem: 'temperature is "hot", wanted a number',
  },
  {
    name: "a schema that is a list",
    shape: chatRequestShape,
    value: request({
      output: { kind: "schema", name: null, description: null, strict: null, schema: [] },
    }),
    problem: "output.schema is a list, wanted a JSON object",
  },
  {
    name: "an unknown feature",
    shape: chatRequestShape,
    value: request({ unexpressed: [{ feature: "magic", at: "" }] }),
    problem: /^unexpressed\[0\]\.feature is "magic"/,
  },
  {
    name: "an answer without choices",
    shape: chatResponseShape,
    value: { ...response, choices: [] },
    problem: "choices is an empty list, wanted one element or more",
  },
  {
    name: "tokens that are text",
    shape: chatResponseShape,
    value: { ...response, usage: { ...response?.usage, inputTokens: "7" } },
    problem: 'usage.inputTokens is "7", wanted a whole number',
  },
  {
    name: "half a token",
    shape: tokenCountShape,
    value: { inputTokens: 0.5 },
    problem: "inputTokens is 0.5, wanted a whole number",
  },
  {
    name: "an unknown finish",
    shape: streamEventShape,
    value: { kind: "finish", finish: "done", stopText: null },
    problem: /^finish is "done"/,
  },
  {
    name: "a part of an image in a stream",
    shape: streamEventShape,
    value: { kind: "part-start", index: 0, part: { kind: "image" } },
    problem: /^part\.kind is "image"/,
  },
  {
    name: "an error of success",
    shape: modelErrorShape,
    value: { status: 200, kind: "server", message: "", code: null },
    problem: "status is 200, wanted a status from 400 to 599",
  },
  {
    name: "an error of no kind",
    shape: modelErrorShape,
    value: { status: 500, kind: "bad", message: "", code: null },
    problem: /^kind is "bad"/,
  },
  {
    name: "vectors of texts in lists",
    shape: embeddingsResponseShape,
    value: { model: "m", vectors: [["1"]], usage: null },
    problem: 'vectors[0][0] is "1", wanted a number',
  },
  {
    name: "no inputs",
    shape: embeddingsRequestShape,
    value: { ...embeddingsRequestCases()[0]?.request, inputs: [] },
    problem: "inputs is an empty list, wanted one element or more",
  },
] as { name: string; shape: ValueCheck; value: unknown; problem: string | RegExp }[]) {
  t.test(`shapes find ${name}`, async (t) => {
    const problems = shape(value, "");
    t.equal(problems.length, 1, problems.join("; "));
    if (typeof problem === "string") t.equal(problems[0], problem);
    else t.match(problems[0], problem);
  });
}
