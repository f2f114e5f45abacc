/**
 * Where `clrk secret set` takes values from: a file, a variable, or standard input.
 * Invariant: a value is never an argument, which every user of the machine can read, and never part of a message.
 */
import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import type { CliContext } from "./cli-context.ts";
import { CliError, EXIT_CODE } from "./cli-error.ts";
import { escapeControls } from "./colour.ts";
import { readInput } from "./standard-input.ts";

/** As all values of a Secret together in Kubernetes. */
const maxValueBytes = 1024 * 1024;

/** A key and where its value is. */
export type ValueSource =
  | { readonly kind: "file"; readonly key: string; readonly path: string }
  | { readonly kind: "variable"; readonly key: string; readonly name: string }
  | { readonly kind: "input"; readonly key: string };

/** Reads `KEY=@FILE`, `KEY=env:VARIABLE` or `KEY=-`. Throws a `CliError` (wrong usage) for anything else, a value too. */
export function parseValueSource(word: string): ValueSource {
  const at = word.indexOf("=");
  const key = word.slice(0, at);
  // What stands before the sign may be a value, too: only what is a key is repeated.
  if (at === -1 || !/^[-._a-zA-Z0-9]{1,253}$/.test(key)) {
    throw usage("Cannot set a key: wanted KEY=@FILE, KEY=env:VARIABLE or KEY=-");
  }
  const source = word.slice(at + 1);
  if (source === "-") return { kind: "input", key };
  if (source.startsWith("@") && source.length > 1) {
    return { kind: "file", key, path: source.slice(1) };
  }
  const name = /^env:([A-Za-z_][A-Za-z0-9_]*)$/.exec(source)?.[1];
  if (name !== undefined) return { kind: "variable", key, name };
  throw usage(
    [
      `Cannot set "${key}": its value stands on the command line, where other users and the shell's history see it`,
      `Give it from elsewhere: ${key}=@FILE, ${key}=env:VARIABLE, or ${key}=- for standard input`,
    ].join("\n"),
  );
}

/** Reads the values in base64 by key. Throws a `CliError` for one that is not there, empty, or over 1 MiB. */
export async function readValues(
  context: Pick<CliContext, "input" | "process" | "workingDirectory">,
  sources: readonly ValueSource[],
): Promise<Readonly<Record<string, string>>> {
  checkSources(sources);
  const values = new Map<string, string>();
  for (const source of sources) {
    const bytes = withoutLineEnd(await readValue(context, source));
    if (bytes.length === 0) throw new CliError(`Cannot set "${source.key}": its value is empty`);
    if (bytes.length > maxValueBytes) throw tooLarge(source.key);
    values.set(source.key, bytes.toString("base64"));
  }
  return Object.fromEntries(values);
}

function checkSources(sources: readonly ValueSource[]): void {
  const keys = sources.map(({ key }) => key);
  const twice = keys.find((key, at) => keys.indexOf(key) !== at);
  if (twice !== undefined) throw usage(`Cannot set "${twice}": it is named more than once`);
  if (sources.filter(({ kind }) => kind === "input").length > 1) {
    throw usage("Cannot set several keys from standard input: wanted at most one KEY=-");
  }
}

async function readValue(
  context: Pick<CliContext, "input" | "process" | "workingDirectory">,
  source: ValueSource,
): Promise<Buffer> {
  switch (source.kind) {
    case "input":
      return readInput(context);
    case "variable": {
      const value = context.process.env[source.name];
      if (value !== undefined) return Buffer.from(value);
      throw new CliError(`Cannot set "${source.key}": variable ${source.name} is not set`);
    }
    case "file":
      return readValueFile(path.resolve(context.workingDirectory, source.path), source.key);
  }
}

async function readValueFile(file: string, key: string): Promise<Buffer> {
  try {
    const { size } = await stat(file);
    if (size > maxValueBytes) throw tooLarge(key);
    return await readFile(file);
  } catch (error) {
    if (error instanceof CliError) throw error;
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    throw new CliError(`Cannot set "${key}": "${escapeControls(file)}" cannot be read (${code})`);
  }
}

function withoutLineEnd(bytes: Buffer): Buffer {
  if (bytes.at(-1) !== 0x0a) return bytes;
  return bytes.subarray(0, bytes.at(-2) === 0x0d ? -2 : -1);
}

function tooLarge(key: string): CliError {
  return new CliError(`Cannot set "${key}": its value has more than ${maxValueBytes} bytes`);
}

function usage(message: string): CliError {
  return new CliError(message, { exitCode: EXIT_CODE.usage });
}
