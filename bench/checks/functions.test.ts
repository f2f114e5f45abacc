/** Tests of the reader of function sizes. */
import t from "tap";
import { findFunctions } from "./functions.ts";
import { parseSource } from "./source-file.ts";

function read(text: string): string[] {
  return findFunctions(parseSource("a.ts", text)).map(
    ({ name, codeLines }) => `${name} ${codeLines}`,
  );
}

const samples: { name: string; text: string; functions: string[] }[] = [
  { name: "a declaration", text: "function a(b: C) {\n\n  // no\n  d();\n}", functions: ["a 3"] },
  {
    name: "a return type",
    text: "function a(): Map<B, { c: D }> {\n  e();\n}",
    functions: ["a 3"],
  },
  {
    name: "a literal return type",
    text: "function a(): { b: C } | undefined {\n  e();\n}",
    functions: ["a 3"],
  },
  {
    name: "a predicate",
    text: "function a(b: unknown): b is { c: D } {\n  e();\n}",
    functions: ["a 3"],
  },
  {
    name: "a function type as return type",
    text: "function a(): (b: C) => void {\n  e();\n}",
    functions: ["a 3"],
  },
  { name: "a method", text: "class A {\n  #b(c: D): E[] {\n    f();\n  }\n}", functions: ["#b 3"] },
  { name: "a constructor", text: "class A { constructor() {\n} }", functions: ["constructor 2"] },
  { name: "an arrow", text: "const a = (b: C): D => {\n  e();\n};", functions: ["a 3"] },
  { name: "an arrow of one name", text: "b.map(c => {\n  d();\n});", functions: ["arrow 3"] },
  { name: "an asynchronous arrow", text: "const a = async () => {\n};", functions: ["a 2"] },
  {
    name: "nested ones, each",
    text: "function a() {\n  b(() => {\n    c();\n  });\n}",
    functions: ["a 5", "arrow 3"],
  },
  {
    name: "parameters over lines",
    text: "function a(\n  b: C,\n  d: E,\n): F {\n  g();\n}",
    functions: ["a 6"],
  },
  { name: "a destructured parameter", text: "function a({ b = {} }: C) {\n}", functions: ["a 2"] },
  {
    name: "a generic one",
    text: "function a<B extends { c: D }>(e: B): B {\n}",
    functions: ["a 2"],
  },
  {
    name: "no statement",
    text: "if (a) {\n} for (;;) {} while (a) {} switch (a) { case f(b): { } }",
    functions: [],
  },
  { name: "no arrow without a block", text: "const a = (b: C) => b;", functions: [] },
  { name: "no conditional", text: "const a = b ? c(d) : { e: 1 };\nfoo();", functions: [] },
  { name: "no signature", text: "interface A { b(c: D): E; f(): { g: H } }", functions: [] },
  { name: "no braces in text", text: "const a = '() => {'; // function b() {", functions: [] },
];

for (const { name, text, functions } of samples) {
  t.test(`findFunctions() reads ${name}`, (t) => {
    t.strictSame(read(text), functions);
    t.end();
  });
}
