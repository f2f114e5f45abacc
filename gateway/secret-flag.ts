/**
 * `--secret NAME[:KEY]=SOURCE`: which Secret, and where its value comes from. No message repeats what follows the `=`,
 * because people put the key itself there.
 */
import { homedir } from "node:os";
import { resolve } from "node:path";
import { dnsLabelFormat, dnsSubdomainFormat, secretKeyFormat } from "../crds/name-formats.ts";
import type { StringFormat } from "../crds/schema.ts";
import { ClrkError } from "./errors.ts";
import { isHighEntropy, isKeyShaped } from "./key-shape.ts";
import { defaultRefreshMs, defaultSecretKey, defaultTimeoutMs } from "./secret-spec.ts";
import type { SecretSpec } from "./secret-spec.ts";

/** Whoever wrote one of these most likely meant a shell, or quoted a blank. */
const shellMarks = /["'`$|&;<>\\]/;

interface Target {
  readonly name: string;
  readonly namespace?: string;
  readonly key: string | undefined;
}

/**
 * Reads a flag. SOURCE is `VARIABLE`, `file:PATH`, `dir:PATH` or `command:PROGRAM ARGUMENT…` (words divided by blanks);
 * NAME may be `namespace/name`; KEY is `token` when absent, and may stand behind a variable too: `NAME=VARIABLE:KEY`.
 * Throws CLRK_INVALID_ARGUMENT, whose text can be shown.
 */
export function parseSecretFlag(text: string): SecretSpec {
  const at = text.indexOf("=");
  if (at === -1) throw invalid('no "=" after the name');
  const target = parseTarget(text.slice(0, at));
  const source = text.slice(at + 1);
  const scheme = /^(file|dir|command):/.exec(source)?.[1];
  if (scheme === undefined) return variableSecret(target, source);
  const rest = source.slice(scheme.length + 1);
  switch (scheme) {
    case "file":
      return fileSecret(target, rest);
    case "dir":
      return directorySecret(target, rest);
    default:
      return commandSecret(target, rest);
  }
}

function parseTarget(text: string): Target {
  const [place = "", key, ...more] = text.split(":");
  if (more.length > 0) throw invalid('more than one ":" before the "="');
  const slash = place.indexOf("/");
  const name = place.slice(slash + 1);
  const namespace = slash === -1 ? undefined : place.slice(0, slash);
  if (namespace !== undefined) check(dnsLabelFormat, namespace, "its namespace");
  check(dnsSubdomainFormat, name, "its name");
  if (key !== undefined) check(secretKeyFormat, key, "its key");
  return { name, ...(namespace !== undefined && { namespace }), key };
}

function variableSecret(target: Target, source: string): SecretSpec {
  const colon = source.indexOf(":");
  const variable = colon === -1 ? source : source.slice(0, colon);
  const keyBehind = colon === -1 ? undefined : source.slice(colon + 1);
  if (isKeyShaped(variable) || isHighEntropy(variable)) {
    throw invalid("after the = stands what looks like a secret itself; put it into a variable");
  }
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(variable)) {
    throw invalid("after the = stands no name of an environment variable");
  }
  if (keyBehind !== undefined) check(secretKeyFormat, keyBehind, "its key");
  if (keyBehind !== undefined && target.key !== undefined) throw invalid("its key is given twice");
  const key = keyBehind ?? target.key ?? defaultSecretKey;
  return { kind: "variable", ...placeOf(target, variable), variable, key };
}

function fileSecret(target: Target, written: string): SecretSpec {
  const path = parsePath(written);
  const { key = defaultSecretKey } = target;
  return { kind: "file", ...placeOf(target, `file:${written}`), path, key };
}

function directorySecret(target: Target, written: string): SecretSpec {
  const path = parsePath(written);
  if (target.key !== undefined) {
    throw invalid("a folder has a file for each key, so that no key can be named");
  }
  return { kind: "directory", ...placeOf(target, `dir:${written}`), path };
}

function commandSecret(target: Target, source: string): SecretSpec {
  const command = source.split(" ").filter((word) => word !== "");
  const [program] = command;
  if (program === undefined) throw invalid("after command: stands no program");
  if (command.some((word) => isKeyShaped(word) || isHighEntropy(word))) {
    throw invalid(
      "among the words of the command is what looks like a secret itself, which every user of this machine could see",
    );
  }
  if (shellMarks.test(source)) {
    throw invalid(
      "the command has quotes or other marks of a shell, and no shell reads it; write it into secrets.yaml in the folder of CLRK_HOME, as a list of words",
    );
  }
  const { key } = target;
  return {
    kind: "command",
    ...placeOf(target, `command:${program}`),
    command: [expandHome(program), ...command.slice(1)],
    ...(key !== undefined && { key }),
    refreshMs: defaultRefreshMs,
    timeoutMs: defaultTimeoutMs,
  };
}

function parsePath(written: string): string {
  if (written === "") throw invalid("after the : stands no path");
  if (!written.includes("/") && (isKeyShaped(written) || isHighEntropy(written))) {
    throw invalid("after the : stands what looks like a secret itself; put it into a file");
  }
  return resolve(expandHome(written));
}

/** No shell does it behind the `:`. */
function expandHome(path: string): string {
  return path.startsWith("~/") ? `${process.env["HOME"] || homedir()}${path.slice(1)}` : path;
}

function placeOf({ name, namespace }: Target, source: string) {
  const place = namespace === undefined ? name : `${namespace}/${name}`;
  return {
    name,
    ...(namespace !== undefined && { namespace }),
    origin: `--secret ${place}=${source}`,
  };
}

function check(format: StringFormat, text: string, what: string): void {
  if (format.read(text).kind === "invalid") throw invalid(`${what} is not ${format.wanted}`);
}

function invalid(detail: string): ClrkError {
  const wanted =
    "wanted NAME[:KEY]=SOURCE such as openai=OPENAI_API_KEY, openai=file:PATH, aws=dir:PATH or openai=command:PROGRAM";
  const message = `Cannot use secret flag: ${detail}, ${wanted}`;
  return new ClrkError("CLRK_INVALID_ARGUMENT", message, { expose: message });
}
