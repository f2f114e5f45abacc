/**
 * Manifests: text of YAML or JSON files to checked objects, each mistake with the line and field where it was written.
 * A pure function of the text; never throws, and shows no value of a Secret.
 */
import { findKind, parseAnyObject } from "../crds/kinds.ts";
import type { ParsedObject } from "../crds/kinds.ts";
import { formatPath } from "../crds/problem.ts";
import type { Path, Problem } from "../crds/problem.ts";
import type { SourceProblem } from "./control-api.ts";
import { createLineIndex } from "./manifests/line-index.ts";
import type { LineIndex } from "./manifests/line-index.ts";
import { readYaml } from "./manifests/yaml-documents.ts";
import type { YamlDocument } from "./manifests/yaml-documents.ts";
import { whyUnused, whyUnwritable } from "./unused-kinds.ts";

/** Largest file that is read, in bytes. */
export const maxManifestBytes = 4 * 1024 * 1024;

/** Most objects in one file; also the most items of a `List`. */
export const maxObjectsPerFile = 10_000;

/** More problems of a file than this are only counted. */
const maxProblemsPerFile = 100;

/** A checked object and the place where it was written. */
export interface SourcedObject {
  readonly object: ParsedObject;
  /** The file as it was named to us, or the flag that made the object */
  readonly file: string;
  /** Line at which the object begins, counted from 1; 0 when it is in no file */
  readonly line: number;
  /** Line of a field of the object as it was written, or of its nearest parent that is there; reads the text again. */
  readonly lineOf: (path: Path) => number;
}

/** What is in one file. Warnings do not keep the objects from being used; a problem does. */
export interface ManifestReading {
  readonly objects: readonly SourcedObject[];
  readonly problems: readonly SourceProblem[];
  readonly warnings: readonly SourceProblem[];
}

interface Run {
  readonly file: string;
  readonly text: string;
  readonly lines: LineIndex;
  /** Parses the text again for positions, once for all objects that ask */
  readonly again: () => readonly YamlDocument[];
  readonly objects: SourcedObject[];
  readonly problems: SourceProblem[];
  readonly warnings: SourceProblem[];
  unlisted: number;
}

/** One written object: a document, or an item of a `List` document. */
interface Place {
  readonly document: number;
  readonly path: Path;
}

/**
 * Reads all objects of a file: documents divided by `---`, JSON, and `v1` `List`s, whose items count as objects.
 * Empty documents are left out. YAML 1.2, core schema: `yes` is text; duplicate keys, merge keys, tags and kinds that
 * are not ours are problems, and so are records; kinds that others use are taken with a warning. At most 4 MiB, 10,000 objects and 1,000,000 values, what aliases stand for included.
 */
export function parseManifests(file: string, text: string): ManifestReading {
  const bytes = Buffer.byteLength(text);
  if (bytes > maxManifestBytes) {
    return { objects: [], problems: [tooLarge(file, bytes)], warnings: [] };
  }
  const run = start(file, text);
  const { documents, problems } = readYaml(text);
  for (const { offset, path, message } of problems) {
    addProblem(run, { line: run.lines(offset), field: fieldOf(path), message });
  }
  for (const [document, { value }] of documents.entries()) {
    readObjects(run, documents, { document, path: [] }, value);
  }
  return finish(run);
}

/** The problem of a file that is not read because of its size. */
export function tooLarge(file: string, bytes: number): SourceProblem {
  const message = `the file has ${bytes} bytes, wanted at most ${maxManifestBytes}`;
  return { file, line: 0, field: "", message };
}

/** A problem as a person reads it: `policy/route.yaml:14: spec.rules: found 7, wanted a list of 1 to 64`. */
export function formatSourceProblem(problem: SourceProblem): string {
  const { file, line, field, message } = problem;
  return `${file}${line > 0 ? `:${line}` : ""}: ${field === "" ? "" : `${field}: `}${message}`;
}

/** A problem of an object as its author sees it, at a line and without the field in the sentence. */
export function locateProblem(
  sourced: Pick<SourcedObject, "file" | "lineOf">,
  problem: Problem,
): SourceProblem {
  return {
    file: sourced.file,
    line: sourced.lineOf(problem.path),
    field: fieldOf(problem.path),
    message: sentenceOf(problem),
  };
}

function start(file: string, text: string): Run {
  let documents: readonly YamlDocument[] | undefined;
  return {
    file,
    text,
    lines: createLineIndex(text),
    again: () => {
      documents ??= readYaml(text).documents;
      return documents;
    },
    objects: [],
    problems: [],
    warnings: [],
    unlisted: 0,
  };
}

function readObjects(
  run: Run,
  documents: readonly YamlDocument[],
  place: Place,
  value: unknown,
): void {
  const items = place.path.length === 0 ? itemsOf(value) : undefined;
  if (items === undefined) {
    readObject(run, documents, place, value);
    return;
  }
  for (const [index, item] of items.entries()) {
    readObject(run, documents, { ...place, path: ["items", index] }, item);
  }
}

// `kubectl get -o yaml` writes several objects as one List.
function itemsOf(value: unknown): readonly unknown[] | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (Reflect.get(value, "kind") !== "List" || Reflect.get(value, "apiVersion") !== "v1") {
    return undefined;
  }
  const items: unknown = Reflect.get(value, "items");
  return Array.isArray(items) ? items : undefined;
}

function readObject(
  run: Run,
  documents: readonly YamlDocument[],
  place: Place,
  value: unknown,
): void {
  const lineOf = (path: Path) => lineIn(run, documents, place, path);
  if (run.objects.length >= maxObjectsPerFile) {
    const message = `more than ${maxObjectsPerFile} objects in a file`;
    if (
      run.objects.length === maxObjectsPerFile &&
      !run.problems.some((p) => p.message === message)
    )
      addProblem(run, { line: lineOf([]), field: "", message });
    return;
  }
  const result = parseAnyObject(value);
  const toSource = (problem: Problem) => ({
    line: lineOf(problem.path),
    field: fieldOf([...place.path, ...problem.path]),
    message: sentenceOf(problem),
  });
  if (result.kind === "invalid") {
    for (const problem of result.problems) addProblem(run, toSource(problem));
    return;
  }
  const { file } = run;
  const { apiVersion, kind } = result.object;
  const definition = findKind(apiVersion, kind);
  const unwritable = definition && whyUnwritable(definition);
  const ofKind = { line: lineOf(["kind"]), field: fieldOf([...place.path, "kind"]) };
  if (unwritable !== undefined) {
    addProblem(run, { ...ofKind, message: unwritable });
    return;
  }
  for (const warning of result.warnings) run.warnings.push({ file, ...toSource(warning) });
  const unused = whyUnused(kind);
  if (unused !== undefined) run.warnings.push({ file, ...ofKind, message: unused });
  run.objects.push({
    object: result.object,
    file,
    line: lineOf([]),
    // Of the text, not of the nodes: those take fifty times the memory and are seldom asked for.
    lineOf: (path) => lineIn(run, run.again(), place, path),
  });
}

function lineIn(run: Run, documents: readonly YamlDocument[], place: Place, path: Path): number {
  const document = documents[place.document];
  return run.lines(document?.findOffset([...place.path, ...path]) ?? 0);
}

function addProblem(run: Run, problem: Omit<SourceProblem, "file">): void {
  if (run.problems.length < maxProblemsPerFile) run.problems.push({ file: run.file, ...problem });
  else run.unlisted++;
}

function finish(run: Run): ManifestReading {
  const { file, objects, problems, warnings, unlisted } = run;
  if (unlisted > 0) {
    problems.push({ file, line: 0, field: "", message: `${unlisted} more problems not listed` });
  }
  return { objects, problems, warnings };
}

function fieldOf(path: Path): string {
  return path.length === 0 ? "" : formatPath(path);
}

function sentenceOf(problem: Problem): string {
  return problem.message.slice(formatPath(problem.path).length + 2);
}
