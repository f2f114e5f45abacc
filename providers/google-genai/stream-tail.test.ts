import t from "tap";
import { randomPieces, seededRandom } from "../testdata/seeded-random.ts";
import { StreamTail } from "./stream-tail.ts";

function documentOf(text: string, cut: (bytes: Buffer) => readonly Buffer[] = (bytes) => [bytes]) {
  const tail = new StreamTail();
  for (const piece of cut(Buffer.from(text))) tail.write(piece);
  return tail.document();
}

const events = 'data: {"a":1}\r\n\r\ndata: {"b":2}\r\n\r\n';
const error = '{\n  "error": {\n    "code": 503\n  }\n}\n';

const streams: readonly (readonly [string, string, unknown])[] = [
  ["a document after events", `${events}${error}`, { error: { code: 503 } }],
  ["a document after blank lines of another sort", `data: 1\n\n${error}`, { error: { code: 503 } }],
  ["a document alone", error, { error: { code: 503 } }],
  ["a list", `${events}[{"error":{}}]`, [{ error: {} }]],
  ["a document with a blank line after it", `${events}{"a":1}\n\n`, { a: 1 }],
  ["nothing after events", events, undefined],
  ["nothing at all", "", undefined],
  ["half a document", `${events}{"error":`, undefined],
  ["half an event", `${events}data: {"a":`, undefined],
  ["text", `${events}Bad gateway`, undefined],
  ["a document too long for an error", `${events}{"a":"${"x".repeat(40_000)}"}`, undefined],
  ["a document after very long events", `data: ${"x".repeat(90_000)}\n\n{"a":1}`, { a: 1 }],
];

for (const [name, text, wanted] of streams) {
  t.test(`document() finds ${wanted === undefined ? "none in " : ""}${name}`, async (t) => {
    t.same(documentOf(text), wanted);
  });
}

t.test("document() does not depend on how the stream is cut", async (t) => {
  const random = seededRandom(5);
  for (const [name, text, wanted] of streams) {
    for (let round = 0; round < 20; round++) {
      const found = documentOf(text, (bytes) => randomPieces(bytes, 1 + round * 2_000, random));
      t.same(found, wanted, `${name}, round ${round}`);
    }
  }
});

t.test("write() only borrows its pieces", async (t) => {
  const tail = new StreamTail();
  const piece = Buffer.from('{"a":1}');
  tail.write(piece);
  piece.fill("x");
  t.same(tail.document(), { a: 1 });
});
