import t from "tap";
import { ChunkUnwrapper } from "./aws-event-stream-chunks.ts";
import { randomPieces, seededRandom } from "./testdata/seeded-random.ts";

/** What is told of payloads, each cut by `cut`. */
function unwrap(
  payloads: readonly string[],
  cut: (bytes: Buffer) => readonly Buffer[] = (bytes) => [bytes],
): string[] {
  const events: string[] = [];
  let data: Buffer[] = [];
  const unwrapper = new ChunkUnwrapper({
    onData: (bytes, start, end) => {
      // What is borrowed must not be kept
      data.push(Buffer.from(bytes.subarray(start, end)));
    },
    onEvent: () => {
      events.push(Buffer.concat(data).toString());
      data = [];
    },
  });
  for (const payload of payloads) {
    for (const piece of cut(Buffer.from(payload))) {
      const padded = Buffer.concat([Buffer.from("<<"), piece, Buffer.from(">>")]);
      unwrapper.onData(padded, 2, 2 + piece.length);
    }
    unwrapper.onEvent();
  }
  return events;
}

const base64 = (text: string) => Buffer.from(text).toString("base64");
const event = '{"type":"content_block_delta","delta":{"text":"Grüße, “you”"}}';

const rows: readonly { readonly name: string; readonly payload: string; readonly told: string }[] =
  [
    { name: "an event in base64", payload: `{"bytes":"${base64(event)}"}`, told: event },
    {
      name: "an event with what else stands beside it",
      payload: `{"bytes":"${base64(event)}","p":"abcdefghijklmnopqrstuvwxyz0123456789"}`,
      told: event,
    },
    {
      name: "an event that is spaced out",
      payload: ` {\n "bytes" :\t"${base64(event)}" , "p": "x" }`,
      told: event,
    },
    { name: "base64 without padding", payload: '{"bytes":"e30"}', told: "{}" },
    { name: "base64 with escaped slashes", payload: '{"bytes":"Pz8\\/"}', told: "???" },
    { name: "no event", payload: '{"bytes":""}', told: "" },
    {
      name: "a long event",
      payload: `{"bytes":"${base64("x".repeat(20_000))}"}`,
      told: "x".repeat(20_000),
    },
    {
      name: "another payload as it is",
      payload: '{"delta":{"text":"a"}}',
      told: '{"delta":{"text":"a"}}',
    },
    {
      name: "a payload whose bytes are not first",
      payload: `{"p":"x","bytes":"e30="}`,
      told: '{"p":"x","bytes":"e30="}',
    },
    { name: "bytes that are no text", payload: '{"bytes":[1]}', told: '{"bytes":[1]}' },
    {
      name: "a name that begins the same",
      payload: '{"byteses":"e30="}',
      told: '{"byteses":"e30="}',
    },
    { name: "white space in the name", payload: '{"by tes":"e30="}', told: '{"by tes":"e30="}' },
    { name: "a payload that is cut short", payload: '{"byt', told: '{"byt' },
    { name: "a payload that is no JSON", payload: "oops", told: "oops" },
    { name: "nothing", payload: "", told: "" },
  ];

for (const { name, payload, told } of rows) {
  t.test(`ChunkUnwrapper tells ${name}`, async (t) => {
    t.same(unwrap([payload]), [told]);
    t.same(
      unwrap([payload], (bytes) => Array.from(bytes, (byte) => Buffer.of(byte))),
      [told],
    );
  });
}

t.test("ChunkUnwrapper begins anew with every payload, however they are cut", async (t) => {
  const random = seededRandom(8);
  const told = rows.map((row) => row.told).join("|");
  for (let round = 0; round < 200; round++) {
    const found = unwrap(
      rows.map(({ payload }) => payload),
      (bytes) => randomPieces(bytes, 1 + round, random),
    );
    if (found.join("|") !== told) t.fail(`round ${round}`);
  }
});
