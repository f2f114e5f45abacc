/**
 * The import statements of a file, read from its tokens.
 * Type imports count like any other: layers rot by types first.
 */
import { findClosing, stringValue } from "./source-file.ts";
import type { SourceFile, Token } from "./source-file.ts";

/** One place where a file names another module. */
export interface ImportStatement {
  /** As written: `./x.ts`, `node:fs`, `tap` */
  readonly specifier: string;
  readonly line: number;
  /** `dynamic` covers `import("x")` in code and in types */
  readonly kind: "import" | "reexport" | "dynamic";
  /** `import { type A }`: it loads the module although only a type is wanted */
  readonly inlineType: boolean;
  /** `export * from` */
  readonly star: boolean;
}

/** Every static and dynamic import and every re-export, in order; a computed dynamic import is left out. */
export function findImports(file: SourceFile): ImportStatement[] {
  return file.code.flatMap((token, index) => {
    if (token.kind !== "word" || file.code[index - 1]?.text === ".") return [];
    if (token.text === "import") return readImport(file.code, index);
    if (token.text === "export") return readReexport(file.code, index);
    return [];
  });
}

function readImport(code: readonly Token[], index: number): ImportStatement[] {
  const next = code[index + 1];
  if (next?.text === "(") {
    const argument = code[index + 2];
    return argument?.kind === "string" ? [statement(argument, "dynamic", [])] : [];
  }
  // `import.meta` and a property called `import`.
  if (next === undefined || next.text === "." || next.text === ":") return [];
  const end = code.findIndex((token, at) => at > index && token.kind === "string");
  const specifier = code[end];
  return specifier === undefined ? [] : [statement(specifier, "import", code.slice(index, end))];
}

function readReexport(code: readonly Token[], index: number): ImportStatement[] {
  const start = code[index + 1]?.text === "type" ? index + 2 : index + 1;
  const isList = code[start]?.text === "{";
  if (!isList && code[start]?.text !== "*") return [];
  const from = isList ? findClosing(code, start) + 1 : findFrom(code, start);
  const specifier = code[from + 1];
  if (code[from]?.text !== "from" || specifier?.kind !== "string") return [];
  return [statement(specifier, "reexport", code.slice(index, from))];
}

/** `export * from` or `export * as name from`. */
function findFrom(code: readonly Token[], star: number): number {
  return code[star + 1]?.text === "as" ? star + 3 : star + 1;
}

function statement(
  specifier: Token,
  kind: ImportStatement["kind"],
  clause: readonly Token[],
): ImportStatement {
  return {
    specifier: stringValue(specifier),
    line: specifier.line,
    kind,
    inlineType: hasInlineType(clause),
    star: kind === "reexport" && clause.some((token) => token.text === "*"),
  };
}

function hasInlineType(clause: readonly Token[]): boolean {
  const open = clause.findIndex((token) => token.text === "{");
  if (open === -1) return false;
  return clause.some((token, index) => {
    const opensName = index > open && /^[{,]$/.test(clause[index - 1]?.text ?? "");
    const next = clause[index + 1];
    return opensName && token.text === "type" && next?.kind === "word" && next.text !== "as";
  });
}
