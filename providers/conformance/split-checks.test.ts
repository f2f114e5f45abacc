import t from "tap";
import type { ChatCodec } from "../codec.ts";
import type { ServedApi } from "../provider.ts";
import { CheckBook } from "./check-book.ts";
import { codecUses } from "./codec-use.ts";
import { checkSplits } from "./split-checks.ts";
import { chatProblems } from "./testdata/broken-codecs.ts";
import { mirrorChat, mirrorProvider } from "./testdata/mirror-provider.ts";

const problemsOf = (chat: Partial<ChatCodec>, splits = 100) =>
  chatProblems({ chat }, (use, book) => checkSplits(use, book, { splits, seed: 1 }));

/** A codec whose decoder is given other pieces than came. */
function cutting(change: (chunk: Buffer) => Buffer): Partial<ChatCodec> {
  return {
    createStreamDecoder: () => {
      const decoder = mirrorChat.createStreamDecoder();
      return { write: (chunk) => decoder.write(change(chunk)), end: () => decoder.end() };
    },
  };
}

t.test("checkSplits() finds nothing wrong with the mirror", async (t) => {
  t.same(problemsOf({}), []);
});

t.test("checkSplits() cuts a stream of a codec once for all providers that have it", async (t) => {
  let decoders = 0;
  const chat: ChatCodec = {
    ...mirrorChat,
    createStreamDecoder: () => {
      decoders++;
      return mirrorChat.createStreamDecoder();
    },
  };
  const [use] = codecUses({ ...mirrorProvider(), operations: [], served: servedBy(chat) });
  if (use?.codec.operation !== "chat") throw new Error("It has a codec");
  const cut = (splits: number, seed: number) => {
    decoders = 0;
    const book = new CheckBook("x");
    checkSplits({ ...use, codec: chat }, book, { splits, seed });
    t.ok(book.findings().checks > 10);
    t.same(book.findings().problems, []);
    return decoders;
  };
  t.ok(cut(100, 1) > 1_000);
  t.equal(cut(100, 1), 0);
  t.ok(cut(100, 2) > 1_000, "another seed cuts at other places");
  t.ok(cut(2_000, 1) > 3_000, "more cuts are other ones");
});

t.test("checkSplits() finds a codec wrong for each provider that has it", async (t) => {
  const createStreamDecoder = () => {
    const decoder = mirrorChat.createStreamDecoder();
    return {
      write: (chunk: Buffer) => decoder.write(chunk.includes("\n\n") ? chunk : Buffer.alloc(0)),
      end: () => decoder.end(),
    };
  };
  const [use] = codecUses({
    ...mirrorProvider(),
    operations: [],
    served: servedBy({ ...mirrorChat, createStreamDecoder }),
  });
  if (use?.codec.operation !== "chat") throw new Error("It has a codec");
  const problems = [1, 2].map(() => {
    const book = new CheckBook("x");
    checkSplits({ ...use, codec: use.codec as ChatCodec }, book, { splits: 10, seed: 1 });
    return book.findings().problems;
  });
  t.ok((problems[0]?.length ?? 0) > 0);
  t.same(problems[1], problems[0]);
});

function servedBy(codec: ChatCodec): readonly ServedApi[] {
  return [{ codec, modelIn: "body", path: () => "/chat", headers: [] }];
}

t.test("checkSplits() finds a codec that loses bytes where it is cut", async (t) => {
  // Only a whole event is ever looked at.
  const [problem = ""] = problemsOf(
    cutting((chunk) => (chunk.includes("\n\n") ? chunk : Buffer.alloc(0))),
  );
  t.match(problem, /^stream "one text" in pieces: cut at byte 1 it says something else: …"/);
});

t.test("checkSplits() finds a codec that cuts characters", async (t) => {
  // Each piece is read as text by itself.
  const problems = problemsOf(cutting((chunk) => Buffer.from(chunk.toString("utf8"))));
  t.same(
    problems.map((problem) => problem.replace(/: cut .*/, "")).sort(),
    ["a call without arguments", "several calls", "difficult text"]
      .map((name) => `stream "${name}" in pieces`)
      .filter((name) => problems.some((problem) => problem.startsWith(name)))
      .sort(),
  );
  t.ok(problems.some((problem) => problem.startsWith('stream "difficult text" in pieces')));
});

t.test("checkSplits() finds a codec that keeps the bytes it only borrowed", async (t) => {
  const problems = problemsOf({
    createStreamDecoder: () => {
      const pieces: Buffer[] = [];
      return {
        write: (chunk) => {
          pieces.push(chunk);
          return [];
        },
        end: () => {
          const decoder = mirrorChat.createStreamDecoder();
          return [...decoder.write(Buffer.concat(pieces)), ...decoder.end()];
        },
      };
    },
  });
  t.match(problems[0], /^stream "one text" in pieces: cut at byte 1 it says something else/);
});

t.test("checkSplits() finds what only happens between certain pieces", async (t) => {
  // Loses the second of two pieces that both are of 3 bytes, which no cut in two makes.
  const problems = problemsOf(
    {
      createStreamDecoder: () => {
        const decoder = mirrorChat.createStreamDecoder();
        let last = 0;
        return {
          write: (chunk) => {
            const isLost = last > 20 && last < 60 && chunk.length > 60;
            last = last === 0 ? 1 : chunk.length;
            return isLost ? [] : decoder.write(chunk);
          },
          end: () => decoder.end(),
        };
      },
    },
    5_000,
  );
  t.ok(problems.length > 0);
  t.match(problems[0], /in pieces: cut at bytes \d+, \d+.* it says something else/);
});

t.test(
  "checkSplits() cuts at other places for another seed, and at the same for the same",
  async (t) => {
    const lengthsOf = (seed: number) => {
      const lengths: number[] = [];
      const chat = cutting((chunk) => {
        lengths.push(chunk.length);
        return chunk;
      });
      chatProblems({ chat }, (use, book) => checkSplits(use, book, { splits: 50, seed }));
      return lengths.join();
    };
    t.equal(lengthsOf(1), lengthsOf(1));
    t.not(lengthsOf(1), lengthsOf(2));
  },
);
