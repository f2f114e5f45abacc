import t from "tap";
import { fileName, mediaTypeOf } from "./responses-file-names.ts";

const types: readonly { name: string; file: string | null; type: string }[] = [
  { name: "a PDF", file: "a.pdf", type: "application/pdf" },
  { name: "capitals", file: "A.TXT", type: "text/plain" },
  { name: "several points", file: "a.b.csv", type: "text/csv" },
  { name: "an end that is not known", file: "a.constructor", type: "application/pdf" },
  { name: "no end", file: "a", type: "application/pdf" },
  { name: "no name", file: null, type: "application/pdf" },
];

for (const { name, file, type } of types) {
  t.test(`mediaTypeOf() tells the type of ${name}`, async (t) => {
    t.equal(mediaTypeOf(file), type);
  });
}

t.test("fileName() makes a name whose type is told", async (t) => {
  for (const type of ["application/pdf", "text/plain", "text/csv", "application/json"]) {
    t.equal(mediaTypeOf(fileName(type)), type);
  }
});

t.test("fileName() takes what it does not know for a PDF", async (t) => {
  t.equal(fileName("application/x-own"), "document.pdf");
});
