/** Tests of the import reader. */
import t from "tap";
import { findImports } from "./imports.ts";
import { parseSource } from "./source-file.ts";

function read(text: string): string[] {
  return findImports(parseSource("a.ts", text)).map(
    ({ specifier, kind, inlineType, star }) =>
      `${kind} ${specifier}${inlineType ? " inline-type" : ""}${star ? " star" : ""}`,
  );
}

const samples: { name: string; text: string; imports: string[] }[] = [
  { name: "a default import", text: `import t from "tap";`, imports: ["import tap"] },
  { name: "an import without names", text: `import "./a.ts";`, imports: ["import ./a.ts"] },
  { name: "a namespace", text: `import * as a from './a.ts';`, imports: ["import ./a.ts"] },
  { name: "a type import", text: `import type { A } from "./a.ts";`, imports: ["import ./a.ts"] },
  {
    name: "an inline type",
    text: `import { b, type A } from "./a.ts";`,
    imports: ["import ./a.ts inline-type"],
  },
  {
    name: "a value called type",
    text: `import { type, a, type as b } from "./a.ts";`,
    imports: ["import ./a.ts"],
  },
  {
    name: "names over several lines",
    text: `import {\n  a, // "x"\n  b,\n} from "./a.ts";`,
    imports: ["import ./a.ts"],
  },
  { name: "a dynamic import", text: `await import("./a.ts")`, imports: ["dynamic ./a.ts"] },
  { name: "a type query", text: `type A = import("./a.ts").B;`, imports: ["dynamic ./a.ts"] },
  { name: "a computed dynamic import", text: "await import(path)", imports: [] },
  { name: "import.meta", text: `import.meta.url; f("x")`, imports: [] },
  { name: "a member called import", text: `a.import("x")`, imports: [] },
  { name: "a re-export", text: `export { a } from "./a.ts";`, imports: ["reexport ./a.ts"] },
  {
    name: "a type re-export with an inline type",
    text: `export { type A } from "./a.ts";`,
    imports: ["reexport ./a.ts inline-type"],
  },
  {
    name: "a star re-export",
    text: `export * from "./a.ts"; export * as b from "./b.ts"; export type * from "./c.ts";`,
    imports: ["reexport ./a.ts star", "reexport ./b.ts star", "reexport ./c.ts star"],
  },
  { name: "an export of a local name", text: `const a = 1; export { a }; f("x")`, imports: [] },
  { name: "an import in a string", text: `const a = 'import "x"';`, imports: [] },
  { name: "an import in a comment", text: `// import "x"`, imports: [] },
];

for (const { name, text, imports } of samples) {
  t.test(`findImports() reads ${name}`, (t) => {
    t.strictSame(read(text), imports);
    t.end();
  });
}

t.test("findImports() gives the line of the module name", (t) => {
  t.equal(findImports(parseSource("a.ts", `\nimport {\n a } from "./a.ts";`))[0]?.line, 3);
  t.end();
});
