/** One text over another of its length, in the same escapes. */
import t from "tap";
import { writeInPlace } from "./in-place.ts";

const pair = { from: "ab-/1", to: "Xy-/_" };

function over(text: string): string | undefined {
  const bytes = Buffer.from(text, "latin1");
  return writeInPlace(bytes, { start: 1, end: bytes.length - 1 }, pair)?.toString("latin1");
}

const cases = [
  { name: "plain", text: "<ab-/1>", wanted: "Xy-/_" },
  { name: "in another case", text: "<AB-/1>", wanted: "Xy-/_" },
  { name: "percent-encoded", text: "<%61b%2D%2f%31>", wanted: "%58y%2D%2f%5f" },
  { name: "in capital digits", text: "<ab%2D/%31>", wanted: "Xy%2D/%5f" },
  { name: "percent-encoded twice", text: "<%2561b-/1>", wanted: "%2558y-/_" },
  { name: "as Unicode escapes", text: "<\\u0061b-\\/\\u0031>", wanted: "\\u0058y-\\/\\u005f" },
  { name: "in a literal within a literal", text: "<\\\\u0061b-/1>", wanted: "\\\\u0058y-/_" },
  { name: "as code points", text: "<\\u{61}b-/1>", wanted: "\\u{58}y-/_" },
  { name: "as HTML references", text: "<&#x61;b-/1>", wanted: "&#x58;y-/_" },
  { name: "broken over lines", text: "<a\r\nb-\0/1>", wanted: "X\r\ny-\0/_" },
];

for (const { name, text, wanted } of cases) {
  t.test(`writeInPlace() writes ${name}`, async (t) => {
    t.equal(over(text), wanted);
    t.equal(wanted.length, text.length - 2);
  });
}

t.test(
  "writeInPlace() gives nothing where it would take other bytes or finds something else",
  async (t) => {
    for (const text of ["<&#97;b-/1>", "<\\141b-/1>", "<ab-/>", "<ab-/2>", "<ab-/11>"]) {
      t.equal(over(text), undefined, text);
    }
  },
);
