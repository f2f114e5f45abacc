import t from "tap";
import type { ChatCodec, StreamEncoder } from "../codec.ts";
import type { ErrorKind, StreamEvent } from "../ir.ts";
import { codecUses } from "./codec-use.ts";
import { checkStreams, readStream, streamsFor, writeStream } from "./stream-checks.ts";
import { chatProblems, streaming, telling } from "./testdata/broken-codecs.ts";
import { allBut, mirrorChat, mirrorProvider } from "./testdata/mirror-provider.ts";

const problemsOf = (chat: Partial<ChatCodec>) => chatProblems({ chat }, checkStreams);
const without = (kind: StreamEvent["kind"]) => (event: StreamEvent) =>
  event.kind === kind ? [] : [event];

/** An encoder that is changed as a whole. */
function encoding(change: (encoder: StreamEncoder) => Partial<StreamEncoder>): Partial<ChatCodec> {
  return {
    createStreamEncoder: (request) => {
      const encoder = mirrorChat.createStreamEncoder(request);
      return { ...encoder, ...change(encoder) };
    },
  };
}

t.test("checkStreams() finds nothing wrong with the mirror", async (t) => {
  t.same(problemsOf({}), []);
});

t.test("checkStreams() takes a failure for an answer that ended with an error", async (t) => {
  const error = { status: 500, kind: "server", message: "No answer", code: null } as const;
  const failing = telling((event) => {
    if (event.kind === "end") return [];
    const isError = event.kind === "finish" && event.finish === "error";
    return isError ? [{ kind: "failed", error }] : [event];
  });
  const problems = problemsOf(failing).filter((problem) => problem.includes('finish "error"'));
  t.same(problems, []);
});

t.test("checkStreams() wants no log probabilities of a dialect without", async (t) => {
  const expresses = allBut("logprobs");
  t.same(problemsOf({ ...streaming(without("logprobs")), expresses }), []);
});

/** Tells an answer that ended as an error as a failure of some kind, in place of its finish. */
function failing(kind: ErrorKind) {
  const error = { status: 500, kind, message: "The model failed", code: null };
  return streaming((event) =>
    event.kind === "finish" && event.finish === "error" ? [{ kind: "failed", error }] : [event],
  );
}

t.test("checkStreams() takes a failure of the server for an answer that is an error", async (t) => {
  t.same(problemsOf(failing("server")), []);
});

t.test("streamsFor() are those that could answer what the dialect expresses", async (t) => {
  const [use] = codecUses(mirrorProvider({ chat: { expresses: allBut("tools") } }));
  if (use?.codec.operation !== "chat") return;
  const streams = streamsFor({ ...use, codec: use.codec });
  t.ok(streams.length > 5);
  t.ok(streams.every(({ request }) => request.tools.length === 0));
});

t.test("writeStream() and readStream() are the two ways of a codec", async (t) => {
  const [use] = codecUses(mirrorProvider());
  if (use?.codec.operation !== "chat") return;
  const { codec } = use;
  const [one] = streamsFor({ ...use, codec });
  if (one === undefined) return;
  const bytes = writeStream({ ...use, codec }, one);
  t.same(readStream(codec.createStreamDecoder(), [bytes]), one.events);
});

t.test("readStream() throws for what is no event", async (t) => {
  const decoder = { write: () => [{ kind: "surprise" }] as never, end: () => [] };
  t.throws(() => readStream(decoder, [Buffer.from("x")]), {
    message: /^event 0\.kind is "surprise"/,
  });
});

for (const { name, chat, problem } of [
  {
    name: "no text",
    chat: streaming(without("delta")),
    problem: 'stream "one text": choices[0].parts has 0 elements, wanted 1',
  },
  {
    name: "no usage",
    chat: streaming(without("usage")),
    problem: 'stream "one text": usage.inputTokens is missing, wanted 120',
  },
  {
    name: "the first usage",
    chat: (() => {
      let isTold = false;
      return streaming((event) => {
        if (event.kind === "start") isTold = false;
        if (event.kind !== "usage") return [event];
        const skips = isTold;
        isTold = true;
        return skips ? [] : [event];
      });
    })(),
    problem: 'stream "usage that grows": usage.outputTokens is 1, wanted 34',
  },
  {
    name: "no finish",
    chat: streaming(without("finish")),
    problem: 'stream "one text": its own writing is read as a failure: end without finish',
  },
  {
    name: "no end",
    chat: streaming(without("end")),
    problem: 'stream "one text": its own writing is read as a failure: The stream ended early',
  },
  {
    name: "events out of order",
    chat: telling((event) => (event.kind === "delta" ? [event, { ...event, index: 7 }] : [event])),
    problem:
      'stream "one text": what is read is out of order: "delta" of part 7, which is not open',
  },
  {
    name: "another finish",
    chat: streaming((event) => [event.kind === "finish" ? { ...event, finish: "stop" } : event]),
    problem: 'stream "a call": choices[0].finish is "stop", wanted "tool-calls"',
  },
  {
    name: "calls without their names",
    chat: streaming((event) => [
      event.kind === "part-start" && event.part.kind === "tool-call"
        ? { ...event, part: { ...event.part, name: "" } }
        : event,
    ]),
    problem: 'stream "a call": choices[0].parts[0].tool is "", wanted "get_weather"',
  },
  {
    name: "all at the end",
    chat: encoding((encoder) => {
      let held: StreamEvent[] = [];
      return {
        write: (events) => {
          held.push(...events);
          if (held.at(-1)?.kind !== "end" && held.at(-1)?.kind !== "failed") return "";
          const all = held;
          held = [];
          return encoder.write(all);
        },
      };
    }),
    problem: 'stream "one text": text is kept back: 0 of 5 characters have passed',
  },
  {
    name: "one event of several",
    chat: encoding((encoder) => ({ write: (events) => encoder.write(events.slice(0, 1)) })),
    problem: /^stream "one text": events that come at once say something else: /,
  },
  {
    name: "no media type",
    chat: encoding(() => ({ contentType: "" })),
    problem: 'stream "one text": it is written without a media type',
  },
  {
    name: "something after the end",
    chat: encoding((encoder) => ({ write: (events) => `${encoder.write(events)}: ping\n\n` })),
    problem: 'stream "one text": it writes after the end',
  },
  {
    name: "more after the end",
    chat: {
      createStreamDecoder: () => {
        let decoder = mirrorChat.createStreamDecoder();
        return {
          write: (chunk: Buffer) => {
            const events = decoder.write(chunk);
            if (events.at(-1)?.kind === "end") decoder = mirrorChat.createStreamDecoder();
            return events;
          },
          end: () => [],
        };
      },
    },
    problem: 'stream "one text": it reads on after the end',
  },
  {
    name: "an end twice",
    chat: {
      createStreamDecoder: () => {
        const decoder = mirrorChat.createStreamDecoder();
        let ends = 0;
        return {
          write: (chunk: Buffer) => decoder.write(chunk),
          end: () => (++ends === 1 ? decoder.end() : [{ kind: "end" }]),
        };
      },
    },
    problem: 'stream "one text": it ends twice',
  },
  {
    name: "an error as a failure that it is not",
    chat: failing("timeout"),
    problem: 'stream "finish "error"": its own writing is read as a failure: The model failed',
  },
  {
    name: "an error as a failure, without its text",
    chat: streaming((event) => {
      if (event.kind === "delta") return [];
      if (event.kind !== "finish" || event.finish !== "error") return [event];
      const error = { status: 500, kind: "server", message: "Failed", code: null } as const;
      return [{ kind: "failed", error }];
    }),
    problem: 'stream "finish "error"": choices[0].parts has 0 elements, wanted 1',
  },
  {
    name: "no failures",
    chat: streaming(without("failed")),
    problem:
      'stream "a failure after some text": its message is "The stream ended early", wanted "The model is busy, try again"',
  },
  {
    name: "failures of another kind",
    chat: telling((event) => [
      event.kind === "failed" ? { ...event, error: { ...event.error, kind: "timeout" } } : event,
    ]),
    problem:
      'stream "a failure before the start": its kind is "timeout", wanted "overloaded" or "server"',
  },
  {
    name: "failures as ends",
    chat: telling((event) => (event.kind === "failed" ? [] : [event])),
    problem: 'stream "a failure before any text": the failure is lost',
  },
  {
    name: "an end after a failure",
    chat: encoding((encoder) => ({
      write: (events) => {
        const text = encoder.write(events);
        return text === "" && events[0]?.kind === "end" ? "data: [DONE]\n\n" : text;
      },
    })),
    problem: 'stream "a failure before any text": it writes after the failure',
  },
] as { name: string; chat: Partial<ChatCodec>; problem: string | RegExp }[]) {
  t.test(`checkStreams() finds a codec that writes or reads ${name}`, async (t) => {
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
