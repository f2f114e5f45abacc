import t from "tap";
import type { ChatCodec } from "../codec.ts";
import { checkErrors } from "./error-checks.ts";
import { chatProblems } from "./testdata/broken-codecs.ts";
import { mirrorChat } from "./testdata/mirror-provider.ts";

const problemsOf = (chat: Partial<ChatCodec>) => chatProblems({ chat }, checkErrors);

t.test("checkErrors() finds nothing wrong with the mirror", async (t) => {
  t.same(problemsOf({}), []);
});

for (const { name, chat, problem } of [
  {
    name: "one kind for all",
    chat: { encodeError: (error) => mirrorChat.encodeError({ ...error, kind: "server" }) },
    problem: 'error "rate-limit": kind is "server", wanted "rate-limit"',
  },
  {
    name: "another sentence",
    chat: { encodeError: (error) => mirrorChat.encodeError({ ...error, message: "Sorry" }) },
    problem: /^error "not-found": message is "Sorry", wanted "/,
  },
  {
    name: "a status of success",
    chat: { encodeError: (error) => ({ ...mirrorChat.encodeError(error), status: 200 }) },
    problem: 'error "server": it is written with status 200',
  },
  {
    name: "a kind that does not exist",
    chat: { decodeError: (wire) => ({ ...mirrorChat.decodeError(wire), kind: "bad" as never }) },
    problem: /^error "timeout": kind is "bad", wanted one of/,
  },
  {
    name: "errors of its own only",
    chat: { decodeError: ({ status, body }) => ({ status, ...JSON.parse(body.toString()) }) },
    problem: /^error of status 502 with HTML: it throws: /,
  },
  {
    name: "one kind for what is none of its own",
    chat: {
      decodeError: (wire) => ({
        ...mirrorChat.decodeError(wire),
        ...(wire.header("content-type") === "text/html" && { kind: "server" as const }),
      }),
    },
    problem: 'error of status 429 with nothing: its kind is "server", wanted "rate-limit"',
  },
  {
    name: "no sentence for what is none of its own",
    chat: {
      decodeError: (wire) => ({
        ...mirrorChat.decodeError(wire),
        ...(wire.header("content-type") === "text/html" && { message: "" }),
      }),
    },
    problem: "error of status 500 with an empty list: it has no message",
  },
  {
    name: "the body of what is none of its own",
    chat: {
      decodeError: (wire) => ({
        ...mirrorChat.decodeError(wire),
        ...(wire.header("content-type") === "text/html" && {
          message: wire.body.toString() || "x",
        }),
      }),
    },
    problem: "error of status 503 with HTML: its message repeats the body",
  },
] as { name: string; chat: Partial<ChatCodec>; problem: string | RegExp }[]) {
  t.test(`checkErrors() finds a codec that writes or reads ${name}`, async (t) => {
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
