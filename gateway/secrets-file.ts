/**
 * `$CLRK_HOME/secrets.yaml`: sources of Secrets for every gateway of this home, with commands as lists of words. It says
 * what is run, so that only its owner may be able to write it; no message shows a word of a command.
 */
import { constants } from "node:fs";
import type { Stats } from "node:fs";
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import { parseDuration } from "../crds/duration.ts";
import { durationFormat } from "../crds/match-formats.ts";
import { dnsLabelFormat, dnsSubdomainFormat, secretKeyFormat } from "../crds/name-formats.ts";
import { parseSchema } from "../crds/parse-schema.ts";
import { formatPath } from "../crds/problem.ts";
import type { Problem } from "../crds/problem.ts";
import { array, object, optional, refine, string } from "../crds/schema.ts";
import type { Infer } from "../crds/schema.ts";
import { ClrkError, errorCodeOf } from "./errors.ts";
import { isHighEntropy, isKeyShaped } from "./key-shape.ts";
import { createLineIndex } from "./manifests/line-index.ts";
import { describeReadError } from "./manifests/manifest-file.ts";
import { readYaml } from "./manifests/yaml-documents.ts";
import {
  defaultRefreshMs,
  defaultSecretKey,
  defaultTimeoutMs,
  maxSecretSources,
} from "./secret-spec.ts";
import type { SecretSpec } from "./secret-spec.ts";

/** More text than this is no list of sources. */
const maxFileBytes = 1_048_576;

/** A program that is run more often would keep the machine busy. */
const shortestRefreshMs = 10_000;

const longestRefreshMs = 7 * 86_400_000;
const longestTimeoutMs = 300_000;

const entrySchema = refine(
  object({
    description: "One source",
    fields: {
      name: string({
        description: "Name of the Secret",
        maxLength: 253,
        format: dnsSubdomainFormat,
      }),
      namespace: optional(
        string({ description: "Its namespace", maxLength: 63, format: dnsLabelFormat }),
      ),
      key: optional(
        string({ description: "Key of the value", maxLength: 253, format: secretKeyFormat }),
      ),
      file: optional(string({ description: "Path of a file", maxLength: 4_096 })),
      directory: optional(string({ description: "Path of a folder", maxLength: 4_096 })),
      command: optional(
        array({
          description: "Program and arguments",
          items: string({
            description: "Word",
            minLength: 0,
            maxLength: 32_768,
            sensitive: true,
          }),
          minItems: 1,
          maxItems: 256,
        }),
      ),
      refresh: optional(
        string({ description: "Time between runs", maxLength: 32, format: durationFormat }),
      ),
      timeout: optional(
        string({ description: "Longest run", maxLength: 32, format: durationFormat }),
      ),
    },
  }),
  {
    description: "A source is of one kind, and has only what belongs to it",
    fields: ["key", "file", "directory", "command", "refresh", "timeout"],
    check(value, report) {
      const kinds = (["file", "directory", "command"] as const).filter(
        (kind) => value[kind] !== undefined,
      );
      if (kinds.length !== 1) {
        const wanted = "exactly one of file, directory and command";
        report({ at: [], wanted, ...(kinds.length > 1 && { found: kinds.join(" and ") }) });
      }
      if (value.directory !== undefined && value.key !== undefined) {
        report({
          at: ["key"],
          found: "a key",
          wanted: "none: the files of a folder name the keys",
        });
      }
      for (const field of ["refresh", "timeout"] as const) {
        if (value[field] !== undefined && value.command === undefined) {
          report({ at: [field], found: "a time", wanted: "it only beside a command" });
        }
      }
    },
  },
);

const fileSchema = object({
  description: "Sources of Secrets",
  fields: {
    secrets: array({ description: "Sources", items: entrySchema, maxItems: maxSecretSources }),
  },
});

type Entry = Infer<typeof entrySchema>;

/**
 * Reads the file; no sources where there is none. Paths in it are absolute, `~/…`, or relative to its folder. Throws
 * CLRK_PRECONDITION_FAILED, with all that is wrong, for anything else.
 */
export async function readSecretsFile(file: string): Promise<readonly SecretSpec[]> {
  const text = await readOwnFile(file);
  if (text === undefined) return [];
  const { documents, problems } = readYaml(text);
  const lines = createLineIndex(text);
  if (problems.length > 0) {
    throw unusable(
      file,
      problems.map(({ offset, message }) => ({ line: lines(offset), message })),
    );
  }
  const [document, ...more] = documents;
  if (document === undefined) return [];
  if (more.length > 0)
    throw unusable(file, [{ line: 0, message: "several documents, wanted one" }]);
  const result = parseSchema(fileSchema, document.value);
  if (result.kind === "invalid") {
    throw unusable(
      file,
      result.problems.map((problem) => ({
        line: lines(document.findOffset(problem.path)),
        message: withoutFinding(problem),
      })),
    );
  }
  const lineOf = (index: number) => lines(document.findOffset(["secrets", index]));
  const found = result.value.secrets.map((entry, index) => ({ entry, line: lineOf(index), index }));
  const mistakes = found.flatMap(({ entry, line, index }) =>
    mistakesOf(entry).map(({ field, text: said }) => ({
      line,
      message: `${formatPath(["secrets", index, field])}: ${said}`,
    })),
  );
  if (mistakes.length > 0) throw unusable(file, mistakes);
  return found.map(({ entry, line }) => specOf(entry, { file, line }));
}

async function readOwnFile(file: string): Promise<string | undefined> {
  let handle: FileHandle;
  try {
    // Without O_NONBLOCK a pipe in its place would hold the start until somebody writes to it.
    handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const code = errorCodeOf(error);
    if (code === "ENOENT") return undefined;
    throw unusable(file, [{ line: 0, message: describeReadError(code) }], error);
  }
  try {
    const problem = ownershipProblem(await handle.stat());
    if (problem !== undefined) throw unusable(file, [{ line: 0, message: problem }]);
    return await handle.readFile("utf8");
  } finally {
    await handle.close();
  }
}

function ownershipProblem(stats: Stats): string | undefined {
  const { uid, mode, size } = stats;
  const self = process.getuid?.();
  if (self !== undefined && uid !== self && uid !== 0) {
    return `it belongs to user ${uid}, wanted ${self}`;
  }
  if ((mode & 0o022) !== 0) return "others can write it, and it says what is run: chmod go-w it";
  if (size > maxFileBytes) return `it has ${size} bytes, wanted at most ${maxFileBytes}`;
  return stats.isFile() ? undefined : "not a regular file";
}

/** A value in the wrong place may be a secret, and a word of a command always. */
function withoutFinding({ path: at, found, wanted, message }: Problem): string {
  return found === undefined ? message : `${formatPath(at)}: wanted ${wanted}`;
}

/** What no schema says. */
function mistakesOf(entry: Entry): readonly { readonly field: string; readonly text: string }[] {
  const { command = [], refresh, timeout } = entry;
  const mistakes: { field: string; text: string }[] = [];
  if (command.some((word) => word.includes("\0")) || command[0] === "") {
    mistakes.push({ field: "command", text: "no program, or a word with a NUL" });
  }
  if (command.some((word) => isKeyShaped(word) || isHighEntropy(word))) {
    const text = "a word that looks like a secret itself: every user of this machine could see it";
    mistakes.push({ field: "command", text });
  }
  if (!isWithin(refresh, shortestRefreshMs, longestRefreshMs)) {
    mistakes.push({ field: "refresh", text: `found ${refresh}, wanted 10s to 168h` });
  }
  if (!isWithin(timeout, 1, longestTimeoutMs)) {
    mistakes.push({ field: "timeout", text: `found ${timeout}, wanted at most 5m` });
  }
  return mistakes;
}

function isWithin(text: string | undefined, leastMs: number, mostMs: number): boolean {
  if (text === undefined) return true;
  const ms = parseDuration(text);
  return ms >= leastMs && ms <= mostMs;
}

function specOf(entry: Entry, place: { readonly file: string; readonly line: number }): SecretSpec {
  const { name, namespace, key, file, directory, command = [] } = entry;
  const from = {
    name,
    ...(namespace !== undefined && { namespace }),
    origin: `${place.file}:${place.line}`,
  };
  const absolute = (written: string) => resolvePath(written, path.dirname(place.file));
  if (file !== undefined) {
    return { kind: "file", ...from, path: absolute(file), key: key ?? defaultSecretKey };
  }
  if (directory !== undefined) return { kind: "directory", ...from, path: absolute(directory) };
  const { refresh, timeout } = entry;
  const [program = "", ...programArguments] = command;
  return {
    kind: "command",
    ...from,
    command: [program.includes("/") ? absolute(program) : program, ...programArguments],
    ...(key !== undefined && { key }),
    refreshMs: refresh === undefined ? defaultRefreshMs : parseDuration(refresh),
    timeoutMs: timeout === undefined ? defaultTimeoutMs : parseDuration(timeout),
  };
}

function resolvePath(written: string, folder: string): string {
  const home = process.env["HOME"] || homedir();
  return path.resolve(folder, written.startsWith("~/") ? path.join(home, written) : written);
}

function unusable(
  file: string,
  problems: readonly { readonly line: number; readonly message: string }[],
  cause?: unknown,
): ClrkError {
  const lines = problems.map(
    ({ line, message }) => `${file}${line > 0 ? `:${line}` : ""}: ${message}`,
  );
  const message = `Cannot use sources of Secrets\n${lines.join("\n")}`;
  return new ClrkError("CLRK_PRECONDITION_FAILED", message, { expose: message, cause });
}
