/** Tests of the reader of exported declarations. */
import t from "tap";
import { findExports, findFileDoc } from "./exports.ts";
import { parseSource } from "./source-file.ts";

function read(text: string): string[] {
  return findExports(parseSource("a.ts", text)).map(
    ({ kind, name, doc }) => `${kind} ${name}: ${doc ?? "none"}`,
  );
}

const samples: { name: string; text: string; exports: string[] }[] = [
  {
    name: "every sort of declaration",
    text: [
      "/** File. */",
      "/** A. */ export function a() {}",
      "/** B. */ export async function* b() {}",
      "/** C. */ export abstract class C {}",
      "/** D. */ export const d = 1;",
      "/** E. */ export interface E {}",
      "/** F. */ export type F = 1;",
      "/** G. */ export declare const g: number;",
    ].join("\n"),
    exports: [
      "function a: A.",
      "function b: B.",
      "class C: C.",
      "const d: D.",
      "interface E: E.",
      "type F: F.",
      "const g: G.",
    ],
  },
  {
    name: "a docstring over several lines",
    text: "/** x */\n/**\n * One,\n * two.\n */\nexport const a = 1;",
    exports: ["const a: One, two."],
  },
  {
    name: "a docstring above a linter instruction",
    text: "/** x */\n/** One. */\n// biome-ignore lint: reason\nexport const a = 1;",
    exports: ["const a: One."],
  },
  {
    name: "the file's docblock as no docstring",
    text: "/** x */\nexport const a = 1;",
    exports: ["const a: none"],
  },
  {
    name: "a plain comment as no docstring",
    text: "/* x */\n/* y */ export const a = 1;",
    exports: ["const a: none"],
  },
  {
    name: "overloads once",
    text: "0;/** A. */ export function a(): 1;\nexport function a() {}",
    exports: ["function a: A."],
  },
  {
    name: "a constant and a type of one name",
    text: "0;/** A. */ export const A = 1;\nexport type A = 1;",
    exports: ["const A: A.", "type A: none"],
  },
  { name: "a default export", text: "export default a;", exports: ["default default: none"] },
  { name: "an enum", text: "export enum A {}", exports: ["other A: none"] },
  { name: "no list", text: `export { a }; export type { B }; export * from "c";`, exports: [] },
  { name: "no member called export", text: "a.export = b;", exports: [] },
];

for (const { name, text, exports } of samples) {
  t.test(`findExports() reads ${name}`, (t) => {
    t.strictSame(read(text), exports);
    t.end();
  });
}

t.test("findFileDoc() gives the opening docblock only", (t) => {
  t.equal(findFileDoc(parseSource("a.ts", "/**\n * A\n * b.\n */\nx")), "A b.");
  t.equal(findFileDoc(parseSource("a.ts", "x; /** A */")), undefined);
  t.equal(findFileDoc(parseSource("a.ts", "// A")), undefined);
  t.equal(findFileDoc(parseSource("a.ts", "")), undefined);
  t.end();
});
