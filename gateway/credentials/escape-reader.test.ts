/** Escapes of one character, each alone and nested. */
import t from "tap";
import { EscapeReader, escapeMarks } from "./escape-reader.ts";

/** All bytes that an escape may mean, the least unescaped first, each with where it ends. */
function readings(text: string): string[] {
  const bytes = Buffer.from(text);
  const reader = new EscapeReader();
  const found: string[] = [];
  for (let isRead = reader.read(bytes, 0); isRead; isRead = reader.readDeeper(bytes)) {
    found.push(`${String.fromCharCode(reader.byte)}${reader.end}`);
  }
  return found;
}

const escapes: ReadonlyArray<{ text: string; read: readonly string[] }> = [
  { text: "%41", read: ["A3"] },
  { text: "%4a", read: ["J3"] },
  { text: "%4A%", read: ["J3"] },
  { text: "%e9", read: ["\u00e93"] },
  { text: "%2541", read: ["%3", "A5"] },
  { text: "%252541", read: ["%3", "%5", "A7"] },
  { text: "%u0041", read: ["A6"] },
  { text: "+", read: [" 1"] },
  { text: "%2B1", read: ["+3"] },
  { text: "\\u0041", read: ["A6"] },
  { text: "\\\\\\u0041", read: ["A8"] },
  { text: "\\u{41}", read: ["A6"] },
  { text: "\\u{000041}", read: ["A10"] },
  { text: "\\x41", read: ["A4"] },
  { text: "\\101", read: ["A4"] },
  { text: "\\n", read: ["\n2"] },
  { text: '\\"', read: ['"2'] },
  { text: "\\/", read: ["/2"] },
  { text: "\\\\/", read: ["/3"] },
  { text: "\\u002541", read: ["%6", "A8"] },
  { text: "&amp;", read: ["&5"] },
  { text: "&amp;#65;", read: ["&5", "A9"] },
  { text: "&lt;", read: ["<4"] },
  { text: "&gt;", read: [">4"] },
  { text: "&quot;", read: ['"6'] },
  { text: "&apos;", read: ["'6"] },
  { text: "&#65;", read: ["A5"] },
  { text: "&#65", read: ["A4"] },
  { text: "&#X0041;", read: ["A8"] },
];

for (const { text, read } of escapes) {
  t.test(`read() and readDeeper() undo ${text}`, async (t) => {
    t.same(readings(text), read);
  });
}

const none: readonly string[] = [
  ...'%|%4|%g1|%4g|%u004|%u0141|\\|\\u004|\\u00e9|\\u0141|\\u{}|\\u{41|\\u{80}|\\x4|\\8|\\41|\\12|\\477|\\1 1|\\ 11|\\11"|\\q'.split(
    "|",
  ),
  ..."&|&amp|&#|&#;|&#x;|&#128;|&#x80;|&#000000065;|&nbsp;|&Amp;".split("|"),
  `${"\\".repeat(30)}n`,
];

for (const text of none) {
  t.test(`read() finds no escape in ${text}`, async (t) => {
    t.same(readings(text), []);
  });
}

t.test("escapeMarks has what escapes begin with", async (t) => {
  const marks = [...escapeMarks.keys()].filter((byte) => escapeMarks[byte] === 1);
  t.equal(String.fromCharCode(...marks), "%&+\\");
});
