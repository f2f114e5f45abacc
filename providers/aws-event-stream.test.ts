/** Framing against the published vectors, however it is cut, and with every byte damaged. */
import { crc32 } from "node:zlib";
import t from "tap";
import type { EventStreamHeaderValue } from "./aws-event-stream-headers.ts";
import { encodeEventStreamHeaders } from "./aws-event-stream-headers.ts";
import type { EventStreamMessage } from "./aws-event-stream.ts";
import {
  EventStreamReader,
  decodeEventStreamPrelude,
  encodeEventStreamMessage,
  maxEventStreamMessageBytes,
  textHeader,
} from "./aws-event-stream.ts";
import type { VectorHeader } from "./testdata/aws-event-stream-vectors.ts";
import {
  readBrokenVectors,
  readMessageVectors,
  vectorsMissing,
} from "./testdata/aws-event-stream-vectors.ts";
import { randomPieces, seededRandom } from "./testdata/seeded-random.ts";

interface Outcome {
  readonly messages: readonly EventStreamMessage[];
  readonly problem: string | undefined;
  readonly isInMessage: boolean;
}

function read(pieces: readonly Buffer[]): Outcome {
  const messages: EventStreamMessage[] = [];
  const reader = new EventStreamReader(({ headers, payload }) => {
    const kept = Array.from(headers, ([name, header]) => [name, keep(header)] as const);
    messages.push({ headers: new Map(kept), payload: Buffer.from(payload) });
  });
  for (const piece of pieces) {
    const lent = Buffer.from(piece);
    reader.write(lent);
    // What is borrowed must not be kept
    lent.fill(0xee);
  }
  return { messages, problem: reader.problem, isInMessage: reader.isInMessage };
}

function keep(header: EventStreamHeaderValue): EventStreamHeaderValue {
  return header.kind === "bytes" ? { ...header, value: Buffer.from(header.value) } : header;
}

function bytewise(bytes: Buffer): Buffer[] {
  return Array.from(bytes, (byte) => Buffer.of(byte));
}

function wantedValue({ type, value }: VectorHeader): EventStreamHeaderValue {
  const bytes = Buffer.from(String(value), "base64");
  switch (type) {
    case 0:
    case 1:
      return { kind: "boolean", value: value === true };
    case 2:
      return { kind: "byte", value: Number(value) };
    case 3:
      return { kind: "short", value: Number(value) };
    case 4:
      return { kind: "integer", value: Number(value) };
    case 5:
      return { kind: "long", value: BigInt(Number(value)) };
    case 6:
      return { kind: "bytes", value: bytes };
    case 7:
      return { kind: "string", value: bytes.toString() };
    case 8:
      return { kind: "timestamp", value: BigInt(Number(value)) };
    default: {
      const hex = bytes.toString("hex");
      const uuid = hex.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
      return { kind: "uuid", value: uuid };
    }
  }
}

t.test("EventStreamReader reads the published messages", { skip: vectorsMissing }, async (t) => {
  for (const { name, encoded, headers, payload } of readMessageVectors()) {
    const wanted = new Map(headers.map((header) => [header.name, wantedValue(header)]));
    for (const pieces of [[encoded], bytewise(encoded)]) {
      const { messages, problem, isInMessage } = read(pieces);
      t.same(messages, [{ headers: wanted, payload }], name);
      t.equal(problem, undefined, name);
      t.equal(isInMessage, false, name);
    }
  }
});

t.test("encodeEventStreamMessage() writes the published ones", { skip: vectorsMissing }, (t) => {
  for (const { name, encoded, headers, payload } of readMessageVectors()) {
    const values = new Map(headers.map((header) => [header.name, wantedValue(header)]));
    t.same(encodeEventStreamMessage({ headers: values, payload }), encoded, name);
  }
  t.end();
});

t.test("EventStreamReader refuses the published damage", { skip: vectorsMissing }, async (t) => {
  for (const { name, encoded, problem } of readBrokenVectors()) {
    for (const pieces of [[encoded], bytewise(encoded)]) {
      const outcome = read(pieces);
      t.same(outcome.messages, [], name);
      t.match(outcome.problem, problem === "prelude" ? /prelude/ : /checksum of a message does/);
    }
  }
});

const message = {
  headers: new Map<string, EventStreamHeaderValue>([
    [":message-type", { kind: "string", value: "event" }],
    ["n", { kind: "integer", value: 7 }],
  ]),
  payload: Buffer.from('{"contentBlockIndex":0,"delta":{"text":"Grüße"}}'),
};
const encodedMessage = encodeEventStreamMessage(message);

t.test("EventStreamReader detects damage of any byte", async (t) => {
  for (let at = 0; at < encodedMessage.length; at++) {
    for (const flip of [0x01, 0x80, 0xff]) {
      const damaged = Buffer.from(encodedMessage);
      damaged[at] = (damaged[at] ?? 0) ^ flip;
      for (const pieces of [[damaged], bytewise(damaged)]) {
        const { messages, problem } = read(pieces);
        if (messages.length > 0 || problem === undefined) t.fail(`byte ${at} with ${flip}`);
      }
    }
  }
  t.same(read([encodedMessage]).messages, [message]);
});

t.test("EventStreamReader does not mind how messages are cut", async (t) => {
  const payloads = ["", "{}", "x".repeat(1_023), "y".repeat(70_000), "z".repeat(3)];
  const messages = payloads.map((payload, index) => ({
    headers: index % 2 === 0 ? new Map<string, EventStreamHeaderValue>() : message.headers,
    payload: Buffer.from(payload),
  }));
  const bytes = Buffer.concat(messages.map((one) => encodeEventStreamMessage(one)));
  t.same(read([bytes]).messages, messages, "whole");
  t.same(read(bytewise(bytes)).messages, messages, "byte by byte");
  const random = seededRandom(5);
  for (let round = 0; round < 200; round++) {
    const outcome = read(randomPieces(bytes, 1 + round * 40, random));
    if (outcome.messages.length !== messages.length) t.fail(`round ${round}`);
    if (round % 20 === 0) t.same(outcome.messages, messages, `round ${round}`);
  }
});

t.test("isInMessage is true from a message's first byte to its last", async (t) => {
  for (let end = 0; end <= encodedMessage.length; end++) {
    const { isInMessage, messages } = read([encodedMessage.subarray(0, end)]);
    t.equal(isInMessage, end > 0 && end < encodedMessage.length, `${end}`);
    t.equal(messages.length, end === encodedMessage.length ? 1 : 0, `${end}`);
  }
});

t.test("EventStreamReader reads nothing after a problem", async (t) => {
  const damaged = Buffer.from(encodedMessage);
  damaged[20] = (damaged[20] ?? 0) ^ 1;
  const { messages, problem } = read([encodedMessage, damaged, encodedMessage, encodedMessage]);
  t.equal(messages.length, 1);
  t.equal(problem, "the checksum of a message does not match");
});

/** A prelude that claims lengths, with a checksum that is right. */
function prelude(total: number, headers: number): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt32BE(total, 0);
  bytes.writeUInt32BE(headers, 4);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, 8)), 8);
  return bytes;
}

t.test("decodeEventStreamPrelude() keeps to the limits", async (t) => {
  const MiB = 1024 * 1024;
  const rows: readonly [total: number, headers: number, problem: RegExp | null][] = [
    [16, 0, null],
    [15, 0, /shorter than its headers/],
    [0, 0, /shorter/],
    [116, 101, /shorter/],
    [117, 101, null],
    [16 * MiB, 128 * 1024, null],
    [16 * MiB + 1, 0, /longer than 16 MiB/],
    [4_294_967_295, 0, /longer/],
    [MiB, 128 * 1024 + 1, /exceed 128 KiB/],
  ];
  for (const [total, headers, problem] of rows) {
    const decoded = decodeEventStreamPrelude(prelude(total, headers), 0);
    if (problem === null) t.same(decoded, { total, headers });
    else t.match(decoded, problem, `${total} and ${headers}`);
  }
});

t.test("EventStreamReader holds no memory for what a prelude only claims", async (t) => {
  const reader = new EventStreamReader(() => t.fail("a message"));
  const before = process.memoryUsage().arrayBuffers;
  reader.write(prelude(maxEventStreamMessageBytes, 0));
  reader.write(Buffer.alloc(100));
  t.equal(reader.isInMessage, true);
  t.ok(process.memoryUsage().arrayBuffers - before < 1024 * 1024);
});

t.test("EventStreamReader says which headers are wrong", async (t) => {
  const rows: readonly [headers: Buffer, problem: RegExp][] = [
    [Buffer.of(1, 0x61, 10), /unknown type/],
    [Buffer.of(9, 0x61, 0), /cut off/],
  ];
  for (const [headers, problem] of rows) {
    const { messages, problem: found } = read([
      encodeEventStreamMessage({ headers, payload: "{}" }),
    ]);
    t.same(messages, []);
    t.match(found, problem);
  }
});

t.test(
  "encodeEventStreamMessage() takes headers encoded before, and a payload of text",
  async (t) => {
    const headers = encodeEventStreamHeaders(message.headers);
    const payload = message.payload.toString();
    t.same(encodeEventStreamMessage({ headers, payload }), encodedMessage);
  },
);

t.test("encodeEventStreamMessage() raises a RangeError for more than 16 MiB", async (t) => {
  const headers = Buffer.alloc(0);
  const most = Buffer.alloc(maxEventStreamMessageBytes - 16);
  t.equal(encodeEventStreamMessage({ headers, payload: most }).length, maxEventStreamMessageBytes);
  const payload = Buffer.alloc(most.length + 1);
  t.throws(() => encodeEventStreamMessage({ headers, payload }), RangeError);
});

t.test("textHeader() has texts only", async (t) => {
  const [first] = read([encodedMessage]).messages;
  if (first === undefined) throw new Error("No message");
  t.equal(textHeader(first, ":message-type"), "event");
  t.equal(textHeader(first, "n"), undefined);
  t.equal(textHeader(first, "__proto__"), undefined);
});
