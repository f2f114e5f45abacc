import t from "tap";
import type { Test } from "tap";
import { EventSplitter } from "./sse.ts";
import { randomPieces, seededRandom } from "./testdata/seeded-random.ts";

/** Data of the events that were whole, and of one that was not. */
function split(pieces: Iterable<Buffer>): { readonly events: string[]; readonly rest: string } {
  const events: string[] = [];
  let parts: Buffer[] = [];
  const splitter = new EventSplitter({
    onData: (bytes, start, end) => parts.push(Buffer.from(bytes.subarray(start, end))),
    onEvent: () => {
      events.push(Buffer.concat(parts).toString());
      parts = [];
    },
  });
  for (const piece of pieces) splitter.write(piece);
  return { events, rest: Buffer.concat(parts).toString() };
}

function splitEveryWay(t: Test, text: string) {
  const bytes = Buffer.from(text);
  const whole = split([bytes]);
  t.same(split(Array.from(bytes, (byte) => Buffer.of(byte))), whole, "byte by byte");
  for (let at = 0; at <= bytes.length; at++) {
    t.same(split([bytes.subarray(0, at), bytes.subarray(at)]), whole, `split at ${at}`);
  }
  const random = seededRandom(bytes.length + 3);
  for (let round = 0; round < 20; round++) {
    t.same(split(randomPieces(bytes, 1 + round, random)), whole, `random ${round}`);
  }
  return whole;
}

const streams: readonly {
  readonly name: string;
  readonly text: string;
  readonly events: readonly string[];
  readonly rest?: string;
}[] = [
  { name: "nothing", text: "", events: [] },
  { name: "one event", text: "data: a\n\n", events: ["a"] },
  { name: "events that end in line feeds", text: "data: a\n\ndata: b\n\n", events: ["a", "b"] },
  { name: "events that end in returns", text: "data: a\r\rdata: b\r\r", events: ["a", "b"] },
  {
    name: "events that end in both",
    text: "data: a\r\n\r\ndata: b\r\n\r\n",
    events: ["a", "b"],
  },
  {
    name: "line ends that change",
    text: "data: a\r\ndata: b\ndata: c\r\rdata: d\n\r\ndata: e\r\n\n",
    events: ["a\nb\nc", "d", "e"],
  },
  { name: "a value without a space", text: "data:a\n\n", events: ["a"] },
  { name: "a value that begins with a space", text: "data:  a \n\n", events: [" a "] },
  {
    name: "several lines of data",
    text: "data: a\ndata\ndata:\ndata: b\n\n",
    events: ["a\n\n\nb"],
  },
  { name: "empty data", text: "data:\n\ndata\n\n", events: ["", ""] },
  { name: "an event without data", text: "event: ping\n\n: x\n\nid: 1\n\n", events: [] },
  {
    name: "other fields and comments",
    text: ": hello\nevent: a\nid: 1\nretry: 10\ndata: x\n:data: no\nevent: b\n\n",
    events: ["x"],
  },
  {
    name: "no field that only looks like data",
    text: "dat: a\ndatab: b\n data: c\nDATA: d\ndata : e\nda\nd\ndata: f\n\n",
    events: ["f"],
  },
  { name: "blank lines between", text: "\n\n\r\ndata: a\n\n\n\n\rdata: b\n\n", events: ["a", "b"] },
  { name: "a byte order mark", text: "\ufeffdata: a\n\n", events: ["a"] },
  { name: "one byte order mark only", text: "\ufeff\ufeffdata: a\n\ndata: b\n\n", events: ["b"] },
  { name: "no byte order mark later", text: "data: a\n\n\ufeffdata: b\n\n", events: ["a"] },
  { name: "text that is not ASCII", text: "data: grüße 🦊\n\n", events: ["grüße 🦊"] },
  { name: "colons in data", text: 'data: {"a": "b: c"}\n\n', events: ['{"a": "b: c"}'] },
  {
    name: "an event that is cut off",
    text: "data: a\n\ndata: b\ndata: c",
    events: ["a"],
    rest: "b\nc",
  },
  { name: "an event without its blank line", text: "data: a\n", events: [], rest: "a" },
];

for (const { name, text, events, rest = "" } of streams) {
  t.test(`write() splits ${name}`, async (t) => {
    t.same(splitEveryWay(t, text), { events, rest });
  });
}

t.test("write() does not take a torn byte order mark for data", async (t) => {
  for (const bytes of [Buffer.of(0xef), Buffer.of(0xef, 0xbb), Buffer.of(0xef, 0xbb, 0x41)]) {
    const stream = Buffer.concat([bytes, Buffer.from("data: a\n\ndata: b\n\n")]);
    t.same(split([stream]).events, ["b"]);
    t.same(split(Array.from(stream, (byte) => Buffer.of(byte))).events, ["b"]);
  }
});

t.test("write() passes events of any size without holding them", async (t) => {
  const piece = Buffer.alloc(1 << 16, "x");
  let bytes = 0;
  let events = 0;
  const splitter = new EventSplitter({
    onData: (given, start, end) => {
      if (given === piece) bytes += end - start;
    },
    onEvent: () => events++,
  });
  splitter.write(Buffer.from("data: "));
  for (let count = 0; count < 1_000; count++) splitter.write(piece);
  splitter.write(Buffer.from("\n\n"));
  t.equal(bytes, piece.length * 1_000);
  t.equal(events, 1);
});

t.test("write() hands out views of what it was given", async (t) => {
  const bytes = Buffer.from("event: a\ndata: hello\n\n");
  const seen: [Buffer, number, number][] = [];
  const splitter = new EventSplitter({
    onData: (...given) => seen.push(given),
    onEvent: () => {},
  });
  splitter.write(bytes);
  t.equal(seen.length, 1);
  t.equal(seen[0]?.[0], bytes);
  t.same(seen[0]?.slice(1), [15, 20]);
});
