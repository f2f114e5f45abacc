import t from "tap";
import { checkObserved } from "./observer-checks.ts";
import { answering, chatProblems, streaming } from "./testdata/broken-codecs.ts";
import type { MirrorParts } from "./testdata/mirror-provider.ts";
import { mirrorChat } from "./testdata/mirror-provider.ts";

const problemsOf = (parts: MirrorParts) => chatProblems(parts, checkObserved);
const answer = { inputTokens: ["usage.inputTokens"], outputTokens: ["usage.outputTokens"] };
const event = { ...answer, content: ["text"] };

t.test("checkObserved() finds nothing wrong with the mirror", async (t) => {
  t.same(problemsOf({}), []);
});

t.test("checkObserved() asks only for what the operation says where to find", async (t) => {
  t.same(problemsOf({ operation: { answer: {}, event: {} } }), []);
});

t.test("checkObserved() asks nothing of streams that nobody reads as they pass", async (t) => {
  const chat = {
    createStreamEncoder: (request: Parameters<typeof mirrorChat.createStreamEncoder>[0]) => ({
      ...mirrorChat.createStreamEncoder(request),
      contentType: "application/x-ndjson",
    }),
  };
  t.same(problemsOf({ chat }), []);
});

for (const { name, parts, problem } of [
  {
    name: "tokens in the wrong place",
    parts: { operation: { answer: { ...answer, inputTokens: ["usage.input"] } } },
    problem: "operation at /chat, plain: inputTokens is seen as none, wanted 120",
  },
  {
    name: "input counted in another way",
    parts: {
      operation: {
        answer: { ...answer, cachedInputTokens: ["usage.cachedInputTokens"] },
        inputTokens: "without-cache",
      },
    },
    problem: "operation at /chat, plain: inputTokens is seen as 170, wanted 120",
  },
  {
    name: "tokens of streams in the wrong place",
    parts: { operation: { event: { ...event, outputTokens: ["usage.output"] } } },
    problem:
      "operation at /models/{model}/chat, as a stream: outputTokens is seen as none, wanted 34",
  },
  {
    name: "the model in the wrong place",
    parts: { operation: { answer: { model: ["modelName"] } } },
    problem: "operation at /chat, plain: model is seen as none, wanted model-1",
  },
  {
    name: "no finish reason",
    parts: { operation: { event: { ...event, finishReason: ["reason"] } } },
    problem: "operation at /chat, as a stream: 0 finish reasons are seen, wanted 1",
  },
  {
    name: "no content",
    parts: { operation: { event: { ...event, content: ["delta"] } } },
    problem: "operation at /chat, as a stream: its first token is not seen",
  },
  {
    name: "no usage",
    parts: { chat: answering(() => ({ usage: null })) },
    problem: "operation at /chat, plain: outputTokens is seen as none, wanted 34",
  },
  {
    name: "no usage in streams",
    parts: { chat: streaming((one) => (one.kind === "usage" ? [] : [one])) },
    problem: "operation at /chat, as a stream: inputTokens is seen as none, wanted 120",
  },
] as { name: string; parts: MirrorParts; problem: string }[]) {
  t.test(`checkObserved() finds ${name}`, async (t) => {
    const problems = problemsOf(parts);
    t.ok(problems.includes(problem), `${problem} in ${JSON.stringify(problems).slice(0, 600)}`);
  });
}

t.test("checkObserved() finds a model that is not where requests are read", async (t) => {
  const chat = {
    encodeRequest: (request: Parameters<typeof mirrorChat.encodeRequest>[0]) =>
      JSON.stringify({ ask: mirrorChat.encodeRequest(request).toString() }),
    decodeRequest: (wire: Parameters<typeof mirrorChat.decodeRequest>[0]) => {
      const { ask } = JSON.parse(wire.body.toString());
      return mirrorChat.decodeRequest({ ...wire, body: Buffer.from(ask) });
    },
  };
  t.ok(
    problemsOf({ chat }).includes(
      "operation at /chat, plain: the model that was asked is seen as none, wanted model-1",
    ),
  );
});
