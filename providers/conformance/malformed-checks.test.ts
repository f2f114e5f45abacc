import t from "tap";
import type { ChatCodec } from "../codec.ts";
import { isJsonObject, parseJson } from "../json-text.ts";
import { checkMalformed } from "./malformed-checks.ts";
import { chatSamples } from "./malformed-samples.ts";
import { chatProblems } from "./testdata/broken-codecs.ts";
import { mirrorChat } from "./testdata/mirror-provider.ts";

/** Samples are those of the mirror: what is broken is how they are read. */
const problemsOf = (chat: Partial<ChatCodec>) =>
  chatProblems({ chat }, (use, book) =>
    checkMalformed(use, book, chatSamples({ ...use, codec: mirrorChat })),
  );

t.test("checkMalformed() finds nothing wrong with the mirror", async (t) => {
  t.same(problemsOf({}), []);
});

for (const { name, chat, problem } of [
  {
    name: "throws for what is no JSON",
    chat: {
      decodeRequest: ({ body }) =>
        JSON.parse(body.toString()) && { kind: "malformed", reason: "x" },
    },
    problem: /^request of HTML: it throws: /,
  },
  {
    name: "takes an empty object for a request",
    chat: {
      decodeRequest: (wire) => {
        const { kind } = parseJson(wire.body);
        return kind === "value"
          ? { kind: "ok", value: {} as never }
          : mirrorChat.decodeRequest(wire);
      },
    },
    problem: "request of an empty object: it is read as none: model is missing, wanted a text",
  },
  {
    name: "quotes the body",
    chat: {
      decodeRequest: ({ body }) => ({ kind: "malformed", reason: body.toString() || "empty" }),
    },
    problem: "request of HTML: the reason quotes the body",
  },
  {
    name: "gives no reason",
    chat: { decodeRequest: () => ({ kind: "malformed", reason: "" }) },
    problem: "request of HTML: it is malformed without a reason",
  },
  {
    name: "gives something else",
    chat: { decodeResponse: () => ({ kind: "maybe" }) as never },
    problem: 'answer of HTML: it is read as "maybe"',
  },
  {
    name: "trusts the turns of a request",
    chat: {
      decodeRequest: (wire) => {
        const parsed = parseJson(wire.body);
        if (parsed.kind === "value" && isJsonObject(parsed.value)) {
          const { messages } = parsed.value as unknown as { messages?: { parts: unknown[] }[] };
          for (const { parts } of messages ?? []) parts.slice(0);
        }
        return mirrorChat.decodeRequest(wire);
      },
    },
    problem:
      /^damaged request 1: with null at messages it throws: |^damaged request 1: with true at messages it throws: /,
  },
  {
    name: "trusts the tokens of an answer",
    chat: {
      decodeResponse: (wire) => {
        const parsed = parseJson(wire.body);
        const decoded = mirrorChat.decodeResponse(wire);
        if (parsed.kind !== "value" || !isJsonObject(parsed.value)) return decoded;
        const { usage } = parsed.value;
        return isJsonObject(usage)
          ? {
              kind: "ok",
              value: {
                id: "",
                model: "",
                created: null,
                choices: [{ parts: [], finish: "stop", stopText: null, logprobs: null }],
                usage: usage as never,
              },
            }
          : decoded;
      },
    },
    problem:
      /^damaged answer 1: with (?:\{\}|true|"text"|\[\]) at usage(?:\.inputTokens)? it is read as none: usage\.inputTokens is /,
  },
] as { name: string; chat: Partial<ChatCodec>; problem: string | RegExp }[]) {
  t.test(`checkMalformed() finds a codec that ${name}`, async (t) => {
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
