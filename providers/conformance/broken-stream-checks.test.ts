import t from "tap";
import type { ChatCodec } from "../codec.ts";
import type { StreamEvent } from "../ir.ts";
import { checkBrokenStreams } from "./broken-stream-checks.ts";
import { chatProblems, telling } from "./testdata/broken-codecs.ts";
import { mirrorChat } from "./testdata/mirror-provider.ts";

const problemsOf = (chat: Partial<ChatCodec>) =>
  chatProblems({ chat }, (use, book) => checkBrokenStreams(use, book, 1));

/** A decoder that ends well whatever came. */
const trusting: Partial<ChatCodec> = {
  createStreamDecoder: () => {
    const decoder = mirrorChat.createStreamDecoder();
    const told: StreamEvent[] = [];
    const isIn = (kind: StreamEvent["kind"]) => told.some((event) => event.kind === kind);
    return {
      write: (chunk) => {
        const events = decoder.write(chunk);
        told.push(...events);
        return events;
      },
      end: () => {
        if (isIn("end") || isIn("failed")) return [];
        const open = told.filter(({ kind }) => kind === "part-start").length;
        const closed = told.filter(({ kind }) => kind === "part-end").length;
        return [
          ...(isIn("start") ? [] : [{ kind: "start", id: "", model: "", created: null } as const]),
          ...Array.from(
            { length: open - closed },
            (_, index) => ({ kind: "part-end", index: closed + index }) as const,
          ),
          ...(isIn("finish") ? [] : [{ kind: "finish", finish: "stop", stopText: null } as const]),
          { kind: "end" },
        ];
      },
    };
  },
};

t.test("checkBrokenStreams() finds nothing wrong with the mirror", async (t) => {
  t.same(problemsOf({}), []);
});

t.test(
  "checkBrokenStreams() finds a codec that takes an early end for a short answer",
  async (t) => {
    const problems = problemsOf(trusting);
    t.match(
      problems.find((problem) => problem.startsWith('stream "one text" that ends early')),
      /after 0 of \d+ bytes it passes for a whole answer: choices\[0\]\.parts has 0 elements, wanted 1/,
    );
    t.ok(problems.includes("stream of nothing: it is not said to have failed"));
  },
);

t.test("checkBrokenStreams() finds a codec that says nothing at the end", async (t) => {
  const silent = telling((event) => (event.kind === "failed" ? [] : [event]));
  const problems = problemsOf(silent);
  t.ok(problems.includes("stream of HTML: there is neither end nor failed"));
  t.match(
    problems[0],
    /^stream "one text" that ends early: after 0 of \d+ bytes: there is neither end nor failed$/,
  );
});

t.test("checkBrokenStreams() finds a codec that believes whatever it reads", async (t) => {
  const credulous = telling((event) => (event.kind === "failed" ? [{ kind: "end" }] : [event]));
  const problems = problemsOf(credulous);
  t.ok(problems.includes("stream of an event of null: end without finish"));
});

t.test("checkBrokenStreams() finds a codec that throws", async (t) => {
  const chat: Partial<ChatCodec> = {
    createStreamDecoder: () => {
      const decoder = mirrorChat.createStreamDecoder();
      return {
        write: (chunk) => {
          if (chunk.includes("null")) JSON.parse("{");
          return decoder.write(chunk);
        },
        end: () => decoder.end(),
      };
    },
  };
  t.ok(
    problemsOf(chat).some((problem) =>
      problem.startsWith("stream of an event of null: it throws: "),
    ),
  );
});

t.test("checkBrokenStreams() finds a codec that throws for some damage only", async (t) => {
  const chat: Partial<ChatCodec> = {
    createStreamDecoder: () => {
      const decoder = mirrorChat.createStreamDecoder();
      return {
        write: (chunk) => {
          if (/data: .*data: /.test(chunk.toString("latin1"))) throw new Error("Two events in one");
          return decoder.write(chunk);
        },
        end: () => decoder.end(),
      };
    },
  };
  const problems = problemsOf(chat);
  t.ok(problems.some((problem) => /that is damaged: it throws: Two events in one$/.test(problem)));
});
