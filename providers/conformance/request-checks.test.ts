import t from "tap";
import type { ChatCodec } from "../codec.ts";
import type { ChatRequest, Part } from "../ir.ts";
import { checkRequests } from "./request-checks.ts";
import { chatProblems, countProblems, writing } from "./testdata/broken-codecs.ts";
import { allBut, mirrorChat, mirrorCount } from "./testdata/mirror-provider.ts";

const problemsOf = (chat: Partial<ChatCodec>) => chatProblems({ chat }, checkRequests);

/** Every part of every turn and of results replaced by what `change` gives. */
function changingParts(change: (part: Part) => readonly Part[]) {
  const inner = (part: Part): readonly Part[] =>
    change(part.kind === "tool-result" ? { ...part, parts: part.parts.flatMap(change) } : part);
  return writing(({ system, messages }) => ({
    system: system.flatMap(inner),
    messages: messages.map(({ role, parts }) => ({ role, parts: parts.flatMap(inner) })),
  }));
}

t.test("checkRequests() finds nothing wrong with the mirror", async (t) => {
  t.same(problemsOf({}), []);
  t.same(countProblems({}, checkRequests), []);
});

t.test("checkRequests() leaves out what a dialect cannot express", async (t) => {
  const poor = writing(() => ({
    tools: [],
    toolChoice: null,
    parallelToolCalls: null,
    topK: null,
  }));
  const expresses = allBut(
    ...(["tools", "top-k", "tool-choice-none", "tool-choice-required"] as const),
    ...(["tool-choice-named", "parallel-tool-calls-off", "tool-strict"] as const),
  );
  t.same(problemsOf({ ...poor, expresses }), []);
});

t.test("checkRequests() wants no bound of a count, and no stream", async (t) => {
  const encodeRequest = (request: ChatRequest) => {
    if (request.stream) throw new Error("Nobody streams a count");
    return mirrorCount.encodeRequest({ ...request, maxOutputTokens: null });
  };
  t.same(countProblems({ count: { encodeRequest } }, checkRequests), []);
});

for (const { name, chat, problem } of [
  {
    name: "another model",
    chat: writing(() => ({ model: "other" })),
    problem: 'request "one text": model is "other", wanted "model-1"',
  },
  {
    name: "no instructions",
    chat: writing(() => ({ system: [] })),
    problem: 'request "instructions": system has 0 elements, wanted 1',
  },
  {
    name: "the last turn only",
    chat: writing(({ messages }) => ({ messages: messages.slice(-1) })),
    problem: 'request "several turns": messages[0].parts[0].text is "Five", wanted "One"',
  },
  {
    name: "turns in another order",
    chat: writing(({ messages }) => ({ messages: messages.toReversed() })),
    problem:
      'request "two turns of one role": messages[0].parts[0].text is "TwoOne", wanted "OneTwo"',
  },
  {
    name: "no texts beside calls",
    chat: changingParts((part) => (part.kind === "text" && part.text === "I look" ? [] : [part])),
    problem:
      /^request "several calls and their results": messages\[1\]\.parts\[0\]\.text is missing|^request "several calls/,
  },
  {
    name: "blanks cut off",
    chat: changingParts((part) =>
      part.kind === "text" ? [{ ...part, text: part.text.trim() }] : [part],
    ),
    problem: /^request "difficult text": messages\[0\]\.parts\[0\]\.text is /,
  },
  {
    name: "results of the wrong call",
    chat: changingParts((part) =>
      part.kind === "tool-result" ? [{ ...part, callId: "call_1" }] : [part],
    ),
    problem:
      'request "several calls and their results": messages[2].parts[1].result is "call 1", wanted "call 2"',
  },
  {
    name: "rounded arguments",
    chat: changingParts((part) =>
      part.kind === "tool-call"
        ? [{ ...part, arguments: JSON.stringify(JSON.parse(part.arguments)) }]
        : [part],
    ),
    problem: /^request "a call and its result": messages\[1\]\.parts\[0\]\.arguments is /,
  },
  {
    name: "errors of tools as successes",
    chat: changingParts((part) =>
      part.kind === "tool-result" ? [{ ...part, isError: false }] : [part],
    ),
    problem:
      'request "a result that is an error": messages[2].parts[0].isError is false, wanted true',
  },
  {
    name: "no images",
    chat: changingParts((part) => (part.kind === "image" ? [] : [part])),
    problem: 'request "an image": messages[0].parts has 1 elements, wanted 2',
  },
  {
    name: "documents without bytes",
    chat: changingParts((part) =>
      part.kind === "document" && part.source.kind === "base64"
        ? [{ ...part, source: { ...part.source, data: "" } }]
        : [part],
    ),
    problem: /^request "a document": messages\[0\]\.parts\[1\]\.document\.base64 is "", wanted/,
  },
  {
    name: "no detail",
    chat: changingParts((part) => (part.kind === "image" ? [{ ...part, detail: null }] : [part])),
    problem: 'request "an image in detail": messages[0].parts[1].detail is null, wanted "high"',
  },
  {
    name: "one tool only",
    chat: writing(({ tools }) => ({ tools: tools.slice(0, 1) })),
    problem: 'request "several tools": tools has 1 elements, wanted 2',
  },
  {
    name: "tools without description",
    chat: writing(({ tools }) => ({
      tools: tools.map((tool) => ({ ...tool, description: null })),
    })),
    problem: 'request "one tool": tools[0].description is null, wanted "Weather of a city"',
  },
  {
    name: "tools that are not strict",
    chat: writing(({ tools }) => ({ tools: tools.map((tool) => ({ ...tool, strict: null })) })),
    problem: 'request "a tool with strict arguments": tools[0].isStrict is false, wanted true',
  },
  {
    name: "free choice of tools",
    chat: writing(() => ({ toolChoice: null })),
    problem: 'request "no tool to be called": toolChoice is null, wanted "none"',
  },
  {
    name: "parallel calls",
    chat: writing(() => ({ parallelToolCalls: null })),
    problem: 'request "one call at a time": isParallelOff is false, wanted true',
  },
  {
    name: "no bound",
    chat: writing(() => ({ maxOutputTokens: null })),
    problem: 'request "most output tokens": maxOutputTokens is null, wanted "256"',
  },
  {
    name: "a temperature of its own",
    chat: writing(({ temperature }) => ({ temperature: temperature ?? 1 })),
    problem: 'request "one text": temperature is "1", wanted null',
  },
  {
    name: "a rounded temperature",
    chat: writing(({ temperature }) => ({
      temperature: temperature === null ? null : Number(JSON.stringify(temperature)),
    })),
    problem:
      'request "temperature with many digits": temperature is "0.3", wanted "0.30000000000000000001"',
  },
  {
    name: "no temperature of zero",
    chat: writing(({ temperature }) => ({ temperature: temperature || null })),
    problem: 'request "temperature of none": temperature is null, wanted "0"',
  },
  {
    name: "top p for top k",
    chat: writing(({ topK }) => ({ topK: null, topP: topK })),
    problem: 'request "top p": topP is null, wanted "0.25"',
  },
  {
    name: "no seed",
    chat: writing(() => ({ seed: null })),
    problem: 'request "seed": seed is null, wanted "7"',
  },
  {
    name: "one penalty for the other",
    chat: writing(({ presencePenalty, frequencyPenalty }) => ({
      presencePenalty: frequencyPenalty,
      frequencyPenalty: presencePenalty,
    })),
    problem: 'request "a frequency penalty": frequencyPenalty is null, wanted "0.5"',
  },
  {
    name: "one stop text only",
    chat: writing(({ stop }) => ({ stop: stop.slice(0, 1) })),
    problem: 'request "several stop texts": stop has 1 elements, wanted 3',
  },
  {
    name: "one answer only",
    chat: writing(() => ({ choices: null })),
    problem: 'request "two answers": choices is "1", wanted "2"',
  },
  {
    name: "no log probabilities",
    chat: writing(() => ({ logprobs: null })),
    problem: 'request "log probabilities": logprobs is null, wanted "2"',
  },
  {
    name: "text for JSON",
    chat: writing(() => ({ output: { kind: "text" } })),
    problem: 'request "JSON of a schema": output is "text", wanted an object',
  },
  {
    name: "any JSON for a schema",
    chat: writing(({ output }) => ({
      output: output.kind === "schema" ? { ...output, schema: {} } : output,
    })),
    problem: /^request "JSON of a schema": output\.schema is "\{\}", wanted/,
  },
  {
    name: "no reasoning",
    chat: writing(() => ({ reasoning: null })),
    problem: 'request "reasoning of medium effort": reasoning is null, wanted an object',
  },
  {
    name: "reasoning that is hidden",
    chat: writing(({ reasoning }) => ({ reasoning: reasoning && { ...reasoning, visible: null } })),
    problem: 'request "reasoning to be seen": reasoning.isVisible is false, wanted true',
  },
  {
    name: "no stream",
    chat: writing(() => ({ stream: false })),
    problem: 'request "a stream": stream is false, wanted true',
  },
  {
    name: "no end user",
    chat: writing(() => ({ endUser: null })),
    problem: 'request "an end user": endUser is null, wanted "user-7"',
  },
  {
    name: "what it does not understand itself",
    chat: writing(() => ({ unexpressed: [{ feature: "store", at: "store" }] })),
    problem: 'request "one text": unexpressed has 1 elements, wanted 0',
  },
  {
    name: "no reasoning of before",
    chat: changingParts((part) => (part.kind === "reasoning" ? [] : [part])),
    problem: "reasoning of before: no form of it survives, and the codec says that it expresses it",
  },
  {
    name: "reasoning without its proof",
    chat: changingParts((part) =>
      part.kind === "reasoning"
        ? [{ ...part, text: "x", signature: null, encrypted: null }]
        : [part],
    ),
    problem: "reasoning of before: no form of it survives, and the codec says that it expresses it",
  },
  {
    name: "reasoning of others",
    chat: { encodeRequest: (request: ChatRequest) => JSON.stringify(request) },
    problem: "reasoning of another provider: its proof is sent",
  },
  {
    name: "features without a place",
    chat: { expresses: new Set([...mirrorChat.expresses, "logit-bias" as const]) },
    problem: 'expresses: "logit-bias" has no place in the IR: a request would lose it in silence',
  },
  {
    name: "something else each time",
    chat: writing(() => ({ endUser: String(Math.random()) })),
    problem: 'request "one text": it is written in two ways',
  },
  {
    name: "a body that it cannot read",
    chat: { encodeRequest: () => "{" },
    problem: 'request "one text": its own writing is malformed: it is not JSON',
  },
  {
    name: "no IR",
    chat: { decodeRequest: () => ({ kind: "ok", value: { model: 7 } }) as never },
    problem: /^request "one text": it is read as no request: /,
  },
  {
    name: "a change of what it is given",
    chat: {
      encodeRequest: (request: ChatRequest) => {
        (request.messages as unknown[]).push(1);
        return mirrorChat.encodeRequest(request);
      },
    },
    problem: /^request "one text": it throws: Cannot add property 1/,
  },
  {
    name: "bytes that it only borrowed",
    chat: {
      decodeRequest: (wire: Parameters<ChatCodec["decodeRequest"]>[0]) => {
        const decoded = mirrorChat.decodeRequest(wire);
        if (decoded.kind === "malformed") return decoded;
        const { messages } = decoded.value;
        const late = messages.map(({ role, parts }) => ({
          role,
          parts: parts.map((part) => {
            if (part.kind !== "text") return part;
            const at = wire.body.indexOf(part.text);
            const { length } = Buffer.from(part.text);
            return at < 0
              ? part
              : {
                  kind: "text",
                  get text() {
                    return wire.body.toString("utf8", at, at + length);
                  },
                };
          }),
        }));
        return { kind: "ok", value: { ...decoded.value, messages: late } } as never;
      },
    },
    problem: 'request "one text": messages[0].parts[0].text is "!!!!!", wanted "Hello"',
  },
] as { name: string; chat: Partial<ChatCodec>; problem: string | RegExp }[]) {
  t.test(`checkRequests() finds a codec that writes or reads ${name}`, async (t) => {
    const problems = problemsOf(chat);
    const isFound = problems.some((one) =>
      typeof problem === "string" ? one === problem : problem.test(one),
    );
    t.ok(
      isFound,
      `${String(problem)} in ${JSON.stringify(problems)
        .replaceAll(/[^\x20-\x7e]/g, "?")
        .slice(0, 600)}`,
    );
  });
}
