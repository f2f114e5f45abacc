import t from "tap";
import { readChunkBytes, readEventPayload } from "./event-payload.ts";

t.test("readEventPayload() reads objects", async (t) => {
  t.same(readEventPayload(Buffer.from('{"a":"Grüße","n":[1,{}]}')), { a: "Grüße", n: [1, {}] });
  t.same(readEventPayload(Buffer.from(" {} ")), {});
});

t.test("readEventPayload() is null for all else", async (t) => {
  for (const text of ["", "[]", "1", "null", '"x"', "{", "{}x", "data: {}"]) {
    t.equal(readEventPayload(Buffer.from(text)), null, text);
  }
});

const event = '{"type":"content_block_delta","delta":{"text":"Grüße?>"}}';
const base64 = Buffer.from(event).toString("base64");

const payloads: readonly { readonly name: string; readonly payload: string }[] = [
  { name: "alone", payload: `{"bytes":"${base64}"}` },
  { name: "first", payload: `{"bytes":"${base64}","p":"abc"}` },
  { name: "last", payload: `{"p":"abc","bytes":"${base64}"}` },
  { name: "spaced", payload: `{ "bytes": "${base64}" }` },
  { name: "escaped", payload: `{"bytes":"${base64.replaceAll("/", "\\/")}"}` },
  { name: "escaped by number", payload: `{"bytes":"\\u0065${base64.slice(1)}"}` },
];

for (const { name, payload } of payloads) {
  t.test(`readChunkBytes() reads bytes that stand ${name}`, async (t) => {
    t.equal(readChunkBytes(Buffer.from(payload))?.toString(), event);
  });
}

t.test("readChunkBytes() reads no bytes where there are none", async (t) => {
  t.equal(readChunkBytes(Buffer.from('{"bytes":""}'))?.length, 0);
});

t.test("readChunkBytes() is null for other payloads", async (t) => {
  for (const text of [
    "",
    "{}",
    '{"bytes":1}',
    '{"bytes":"',
    '{"bytes":"e30=',
    '{"bytes"',
    "oops",
  ]) {
    t.equal(readChunkBytes(Buffer.from(text)), null, text);
  }
});
