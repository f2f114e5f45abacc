import t from "tap";
import type { EventStreamHeaderValue } from "./aws-event-stream-headers.ts";
import { EventStreamSplitter } from "./aws-event-stream-splitter.ts";
import { encodeEventStreamMessage } from "./aws-event-stream.ts";
import { randomPieces, seededRandom } from "./testdata/seeded-random.ts";

/** The payloads of messages; one that has not ended is marked. */
function split(pieces: readonly Buffer[]): string[] {
  const payloads: string[] = [];
  let payload: Buffer[] = [];
  const splitter = new EventStreamSplitter({
    onData: (bytes, start, end) => {
      payload.push(Buffer.from(bytes.subarray(start, end)));
    },
    onEvent: () => {
      payloads.push(Buffer.concat(payload).toString());
      payload = [];
    },
  });
  for (const piece of pieces) splitter.write(piece);
  return payload.length === 0 ? payloads : [...payloads, `${Buffer.concat(payload)}…`];
}

const headers = new Map<string, EventStreamHeaderValue>([
  [":event-type", { kind: "string", value: "chunk" }],
]);

function message(payload: string, hasHeaders = payload.length % 2 === 0): Buffer {
  return encodeEventStreamMessage({ headers: hasHeaders ? headers : new Map(), payload });
}

const payloads = ["{}", "", "Grüße", "x".repeat(70_000), "", "", '{"a":1}'];
const bytes = Buffer.concat(payloads.map((payload) => message(payload)));

t.test("EventStreamSplitter tells the payload of every message", async (t) => {
  t.same(split([bytes]), payloads);
});

t.test("EventStreamSplitter does not mind how messages are cut", async (t) => {
  t.same(split(Array.from(bytes, (byte) => Buffer.of(byte))), payloads);
  const random = seededRandom(3);
  for (let round = 0; round < 200; round++) {
    const found = split(randomPieces(bytes, 1 + round * round, random));
    if (found.join("|") !== payloads.join("|")) t.fail(`round ${round}`);
  }
});

t.test("EventStreamSplitter tells a message only when all of it was there", async (t) => {
  const one = message('{"a":1}', true);
  for (let end = 0; end < one.length; end++) {
    const found = split([one.subarray(0, end)]);
    t.ok(
      found.every((payload) => payload.endsWith("…")),
      `${end}`,
    );
  }
  t.same(split([one]), ['{"a":1}']);
});

t.test("EventStreamSplitter reads nothing after a broken prelude", async (t) => {
  const good = message("good");
  for (let at = 0; at < 12; at++) {
    const broken = Buffer.from(message("broken"));
    broken[at] = (broken[at] ?? 0) ^ 0xff;
    t.same(split([good, broken, good]), ["good"], `${at}`);
  }
});

t.test("EventStreamSplitter does not look at the other checksum", async (t) => {
  const one = Buffer.from(message("good"));
  one[one.length - 1] = (one[one.length - 1] ?? 0) ^ 0xff;
  t.same(split([one, message("next")]), ["good", "next"]);
});

t.test("EventStreamSplitter reads nothing of what is no such stream", async (t) => {
  t.same(split([Buffer.from('data: {"a":1}\n\n'.repeat(20))]), []);
});
