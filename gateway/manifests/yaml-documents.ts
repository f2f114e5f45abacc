/**
 * Reads YAML 1.2 with the core schema (JSON is part of it) into plain values, and finds the place of a field again.
 * Bounded in size, number, depth and what aliases expand to; never throws, and no problem repeats text of the file.
 */
import { Composer, Lexer, Parser, isAlias, isMap, isScalar, isSeq, visit } from "yaml";
import type { Document, ParsedNode, YAMLError } from "yaml";
import type { Path } from "../../crds/problem.ts";
import { describeYamlError, isHarmful } from "./yaml-sentence.ts";
import { maxValues, readYamlValue, startOf } from "./yaml-value.ts";
import type { ValueBudget, YamlProblem } from "./yaml-value.ts";

/** Most documents in one file. */
export const maxDocuments = 10_000;

/** Most tokens in one file: four times what a file of the greatest size has when people write it. */
const maxTokens = 2_000_000;

/** One document that is not empty. */
export interface YamlDocument {
  readonly value: unknown;
  /** Offset of the field, or of its nearest parent that is written. */
  findOffset(path: Path): number;
}

/** What is in a text: the documents without problems, and everything wrong with the others. */
export interface YamlReading {
  readonly documents: readonly YamlDocument[];
  readonly problems: readonly YamlProblem[];
}

const options = {
  version: "1.2",
  schema: "core",
  merge: false,
  // The library compares each key with each other; duplicates are found when the value is read.
  uniqueKeys: false,
  stringKeys: true,
  resolveKnownTags: false,
  prettyErrors: false,
  logLevel: "silent",
} as const;

/** Reads all documents of a text. Empty ones are left out; of each broken one only the first mistake is told. */
export function readYaml(text: string): YamlReading {
  const composer = new Composer(options);
  const documents: YamlDocument[] = [];
  const problems: YamlProblem[] = [];
  const budget: ValueBudget = { left: maxValues };
  let count = 0;
  for (const document of compose(text, composer, problems)) {
    count++;
    if (count > maxDocuments) {
      const offset = document.range[0];
      problems.push({ offset, path: [], message: `more than ${maxDocuments} documents in a file` });
      break;
    }
    readDocument(document, { budget, documents, problems });
  }
  for (const error of composer.streamInfo().errors) problems.push(syntaxProblem(error, undefined));
  return { documents, problems };
}

function* compose(text: string, composer: Composer, problems: YamlProblem[]) {
  const parser = new Parser();
  let tokens = 0;
  let offset = 0;
  for (const source of new Lexer().lex(text)) {
    tokens++;
    // The library takes exponential time for nested explicit keys, and no manifest has any.
    if (source === "?") {
      problems.push({
        offset,
        path: [],
        message: 'a "?" before a field name, wanted "field: value"',
      });
      return;
    }
    if (tokens > maxTokens) {
      problems.push({
        offset,
        path: [],
        message: `more than ${maxTokens} words and lines in a file`,
      });
      return;
    }
    if (!isMark(source)) offset += source.length;
    for (const token of parser.next(source)) yield* composer.next(token);
  }
  for (const token of parser.end()) yield* composer.next(token);
  yield* composer.end(false, text.length);
}

// The lexer announces documents, plain text and flow ends by control characters that are not in the text.
function isMark(source: string): boolean {
  return source === "\u0002" || source === "\u0018" || source === "\u001f";
}

function readDocument(
  document: Document.Parsed,
  into: { budget: ValueBudget; documents: YamlDocument[]; problems: YamlProblem[] },
): void {
  const error = document.errors[0] ?? document.warnings.find(isHarmful);
  if (error !== undefined) {
    into.problems.push(syntaxProblem(error, document));
    return;
  }
  const { yaml } = document.directives;
  if (yaml.explicit && yaml.version !== "1.2") {
    const message = 'a "%YAML" directive of another version, wanted 1.2 or no directive';
    into.problems.push({ offset: document.range[0], path: [], message });
    return;
  }
  const { value, problems } = readYamlValue(document.contents, into.budget);
  into.problems.push(...problems);
  if (problems.length > 0 || value === null || value === undefined) return;
  into.documents.push({ value, findOffset: (path) => findOffset(document, path) });
}

function syntaxProblem(error: YAMLError, document: Document.Parsed | undefined): YamlProblem {
  const end = error.pos[0];
  // An open quote is noticed at the end of the file, but has to be closed where it begins.
  const isOpenQuote = error.code === "MISSING_CHAR" && error.message.startsWith("Missing closing");
  const start = isOpenQuote && document !== undefined ? findTextStart(document, end) : undefined;
  return { offset: start ?? end, path: [], message: describeYamlError(error) };
}

function findTextStart(document: Document.Parsed, end: number): number | undefined {
  let found: number | undefined;
  visit(document, {
    Scalar(_key, { range }) {
      if (range && range[0] < end && range[2] >= end) found = range[0];
    },
  });
  return found;
}

function findOffset(document: Document.Parsed, path: Path): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const step of path) {
    const child = findChild(resolve(document, node), step);
    if (child === undefined) return offset;
    offset = child.offset ?? offset;
    node = child.node;
  }
  return offset;
}

function resolve(document: Document.Parsed, node: unknown): unknown {
  return isAlias(node) ? node.resolve(document) : node;
}

function findChild(
  parent: unknown,
  step: string | number,
): { readonly node: unknown; readonly offset: number | undefined } | undefined {
  if (isMap<unknown, ParsedNode | null>(parent)) {
    const pair = parent.items.find(({ key }) => isScalar(key) && String(key.value) === step);
    return pair && { node: pair.value, offset: startOf(pair.key) };
  }
  if (isSeq(parent) && typeof step === "number" && step < parent.items.length) {
    const node = parent.items[step];
    return { node, offset: startOf(node) };
  }
  return undefined;
}
