import t from "tap";
import { decodeScalar, decodeString, findScalarEnd, isBytes, isScalarByte } from "./json-value.ts";

const integers = [0, 7, -3, 120, 9_007_199_254_740_991, -9_007_199_254_740_991];
const words = ["true", "false", ...integers.map(String)];
const others = [
  "1.0",
  "1e3",
  "01",
  "-",
  "+1",
  "NaN",
  "9007199254740992",
  "null",
  "True",
  "tru",
  "",
];

t.test("decodeScalar() agrees with JSON.parse() on booleans and safe integers", async (t) => {
  for (const word of words) {
    const bytes = Buffer.from(`x${word}x`);
    t.equal(decodeScalar(bytes, 1, bytes.length - 1), JSON.parse(word), word);
  }
});

t.test("decodeScalar() has null for every other word", async (t) => {
  for (const word of others) {
    t.equal(decodeScalar(Buffer.from(word), 0, word.length), null, word);
  }
});

t.test("findScalarEnd() stops at what no number or literal has, or at the end", async (t) => {
  const bytes = Buffer.from("12.5e-3,true]");
  t.equal(findScalarEnd(bytes, 0, bytes.length), 7);
  t.equal(findScalarEnd(bytes, 0, 4), 4);
  t.equal(findScalarEnd(bytes, 8, bytes.length), 12);
  for (const byte of Buffer.from(' \t\n\r,:[]{}"\\')) t.notOk(isScalarByte(byte), `${byte}`);
});

t.test("decodeString() agrees with JSON.parse()", async (t) => {
  for (const text of ["", "plain", "grüße 🦊", '\\"', "\\u0041\\n", "\\ud83e\\udd8a", "\\ud83e"]) {
    const bytes = Buffer.from(`"${text}"`);
    t.equal(decodeString(bytes, 1, bytes.length - 1), JSON.parse(`"${text}"`), text);
  }
});

t.test("decodeString() has null for escapes that JSON does not have", async (t) => {
  for (const text of ["\\x", "\\u12", "\\", "\\n\n"]) {
    t.equal(decodeString(Buffer.from(text), 0, text.length), null, JSON.stringify(text));
  }
});

t.test("isBytes() compares all of them", async (t) => {
  const bytes = Buffer.from("a model b");
  const model = Buffer.from("model");
  t.ok(isBytes(model, bytes, 2, 7));
  t.notOk(isBytes(model, bytes, 2, 8));
  t.notOk(isBytes(model, bytes, 2, 6));
  t.notOk(isBytes(model, bytes, 3, 8));
  t.ok(isBytes(Buffer.of(), bytes, 3, 3));
});
