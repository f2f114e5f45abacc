/** Where values of Secrets come from beside manifests: what the flags and the file of secret sources are read into. */
import { DEFAULT_NAMESPACE } from "../crds/meta.ts";
import { ClrkError } from "./errors.ts";

/** What every source has. */
interface SecretPlace {
  readonly name: string;
  /** The default namespace when absent */
  readonly namespace?: string;
  /** Where the source was named, as it is shown: holds no argument of a command */
  readonly origin: string;
}

/** One key, from a variable of the process's environment; read once. */
export interface VariableSecret extends SecretPlace {
  readonly kind: "variable";
  /** Name of the environment variable */
  readonly variable: string;
  readonly key: string;
}

/** One key, from a file; read again whenever it changes. */
export interface FileSecret extends SecretPlace {
  readonly kind: "file";
  /** Absolute */
  readonly path: string;
  readonly key: string;
}

/** All keys, from a folder with a file for each, as Kubernetes mounts a Secret; read again whenever it changes. */
export interface DirectorySecret extends SecretPlace {
  readonly kind: "directory";
  /** Absolute */
  readonly path: string;
}

/** One key or all keys, from the output of a program that is run again and again. */
export interface CommandSecret extends SecretPlace {
  readonly kind: "command";
  /** The program (a path, or a name that is looked up on PATH) and its arguments; no shell reads them */
  readonly command: readonly string[];
  /** Present: the whole output is the value of this key. Absent: a JSON object holds keys, other text is `token` */
  readonly key?: string;
  /** Time from one run to the next in `ms`, where the output names no end of its own */
  readonly refreshMs: number;
  /** Longest run in `ms` */
  readonly timeoutMs: number;
}

/** A source of one Secret, or of one key of it. */
export type SecretSpec = VariableSecret | FileSecret | DirectorySecret | CommandSecret;

/** Key of a Secret where none is named, as policies take it. */
export const defaultSecretKey = "token";

/** Time between runs of a command where nothing else is said: 15 minutes in `ms`. */
export const defaultRefreshMs = 900_000;

/** Longest run of a command where nothing else is said: 30 seconds in `ms`. */
export const defaultTimeoutMs = 30_000;

/** Most sources of one process: each is looked at five times a second, or may run a program. */
export const maxSecretSources = 256;

/** `namespace/name` of the Secret. */
export function secretOf({ namespace = DEFAULT_NAMESPACE, name }: SecretSpec): string {
  return `${namespace}/${name}`;
}

/**
 * The sources of flags and of the file together: a Secret that a flag names is the flags' alone. Throws
 * CLRK_INVALID_ARGUMENT for more than 256.
 */
export function joinSecretSpecs(
  flags: readonly SecretSpec[],
  file: readonly SecretSpec[],
): readonly SecretSpec[] {
  const named = new Set(flags.map(secretOf));
  const joined = [...flags, ...file.filter((spec) => !named.has(secretOf(spec)))];
  if (joined.length <= maxSecretSources) return joined;
  const message = `Cannot use ${joined.length} sources of Secrets: at most ${maxSecretSources} work; a folder has a file for each key`;
  throw new ClrkError("CLRK_INVALID_ARGUMENT", message, { expose: message });
}
