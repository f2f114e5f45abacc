import t from "tap";
import { readBody } from "./body-lines.ts";

const body = (bytes: string | Uint8Array, more: Record<string, string> = {}) =>
  readBody(
    Object.entries({
      "clrk.body.b64": Buffer.from(bytes).toString("base64"),
      "clrk.body.bytes": String(Buffer.from(bytes).length),
      "clrk.body.truncated": "false",
      ...more,
    }).map(([key, text]) => ({ key, text })),
  );

t.test(
  "readBody() shows JSON indented, text as it is, and counts the bytes of what is neither",
  (t) => {
    t.strictSame(body('{"a":1}'), { lines: ["{", '  "a": 1', "}"], note: "7 bytes" });
    t.strictSame(body("data: x\r\n\ndone").lines, ["data: x", "", "done"]);
    t.strictSame(body(new Uint8Array([0xff, 0xfe, 1])).lines, ["<3 bytes binary>"]);
    t.strictSame(body("a\0b").lines, ["<3 bytes binary>"]);
    t.end();
  },
);

t.test(
  "readBody() says what was cut, also within a character, and what could not be decoded",
  (t) => {
    const cut = { "clrk.body.truncated": "true", "clrk.body.bytes": "12345" };
    const bytes = Buffer.from("grün").subarray(0, 3);
    t.strictSame(body(bytes, cut), { lines: ["gr"], note: "12,345 bytes, 3 kept" });
    t.strictSame(body(bytes).lines, ["<3 bytes binary>"]);
    t.strictSame(body("text", { "clrk.body.content_encoding": "br" }), {
      lines: ["<4 bytes binary>"],
      note: "4 bytes, br",
    });
    t.end();
  },
);
