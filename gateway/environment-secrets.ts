/**
 * Secrets that are made from environment variables (`--secret NAME=VARIABLE[:KEY]`), so that a laptop needs no file
 * with a key in it. No message repeats a value, nor text that might be one by mistake.
 */
import { secretKind } from "../crds/secret.ts";
import { DEFAULT_NAMESPACE } from "../crds/meta.ts";
import { dnsLabelFormat, dnsSubdomainFormat, secretKeyFormat } from "../crds/name-formats.ts";
import type { StringFormat } from "../crds/schema.ts";
import type { SourceProblem } from "./control-api.ts";
import { ClrkError } from "./errors.ts";
import { isHighEntropy, isKeyShaped } from "./key-shape.ts";
import { locateProblem } from "./manifests.ts";
import type { ManifestReading, SourcedObject } from "./manifests.ts";

/** One value of a Secret and the environment variable that holds it. */
export interface SecretFromEnvironment {
  readonly name: string;
  /** The default namespace when absent */
  readonly namespace?: string;
  /** Name of the environment variable */
  readonly env: string;
  /** Key of the value in the Secret */
  readonly key: string;
}

/** Values of environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

const defaultKey = "token";

/**
 * Reads `NAME=VARIABLE[:KEY]`; NAME may be `namespace/name`, KEY is `token` when absent. Throws CLRK_INVALID_ARGUMENT,
 * whose text can be shown: what follows the `=` is never repeated, because people put the key itself there.
 */
export function parseSecretFlag(text: string): SecretFromEnvironment {
  const fits = /^([^=]*)=([^:]*)(?::(.*))?$/s.exec(text);
  if (fits === null) throw invalid('no "=" after the name');
  const [, place = "", env = "", key = defaultKey] = fits;
  const slash = place.indexOf("/");
  const name = place.slice(slash + 1);
  const namespace = slash === -1 ? undefined : place.slice(0, slash);
  if (namespace !== undefined) check(dnsLabelFormat, namespace, "its namespace");
  check(dnsSubdomainFormat, name, "its name");
  if (isKeyShaped(env) || isHighEntropy(env)) {
    throw invalid("after the = stands what looks like a secret itself; put it into a variable");
  }
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(env)) {
    throw invalid("after the = stands no name of an environment variable");
  }
  check(secretKeyFormat, key, "its key");
  return { name, ...(namespace !== undefined && { namespace }), env, key };
}

/**
 * The Secrets that the flags name, one for all flags of the same name. A variable that is not set or empty, and a key
 * that is given twice, are problems; they name the variable.
 */
export function readEnvironmentSecrets(
  flags: readonly SecretFromEnvironment[],
  env: Environment,
): ManifestReading {
  const problems: SourceProblem[] = [];
  const groups = new Map<string, { first: SecretFromEnvironment; values: Map<string, string> }>();
  for (const flag of flags) {
    const identity = `${flag.namespace ?? DEFAULT_NAMESPACE}/${flag.name}`;
    const group = groups.get(identity) ?? { first: flag, values: new Map() };
    groups.set(identity, group);
    const value = Object.hasOwn(env, flag.env) ? env[flag.env] : undefined;
    if (group.values.has(flag.key)) {
      const message = `key "${flag.key}" of Secret ${identity} is given twice, wanted each key once`;
      problems.push({ file: fileOf(flag), line: 0, field: "", message });
    } else if (value === undefined || value === "") {
      const state = value === undefined ? "not set" : "empty";
      const message = `environment variable ${flag.env} is ${state}, wanted the value of key "${flag.key}"`;
      problems.push({ file: fileOf(flag), line: 0, field: "", message });
    } else {
      group.values.set(flag.key, value);
    }
  }
  const readings = [...groups.values()].map(({ first, values }) => createSecret(first, values));
  return {
    objects: problems.length > 0 ? [] : readings.flatMap(({ objects }) => objects),
    problems: [...problems, ...readings.flatMap((reading) => reading.problems)],
    warnings: readings.flatMap(({ warnings }) => warnings),
  };
}

function createSecret(
  flag: SecretFromEnvironment,
  values: ReadonlyMap<string, string>,
): ManifestReading {
  const { name, namespace } = flag;
  const stringData: Record<string, string> = Object.create(null);
  for (const [key, value] of values) stringData[key] = value;
  const metadata = { name, ...(namespace !== undefined && { namespace }) };
  const result = secretKind.parse({ apiVersion: "v1", kind: "Secret", metadata, stringData });
  const place: Omit<SourcedObject, "object"> = { file: fileOf(flag), line: 0, lineOf: () => 0 };
  if (result.kind === "invalid") {
    const problems = result.problems.map((problem) => locateProblem(place, problem));
    return { objects: [], problems, warnings: [] };
  }
  const warnings = result.warnings.map((warning) => locateProblem(place, warning));
  return { objects: [{ ...place, object: result.object }], problems: [], warnings };
}

function fileOf({ name, namespace, env }: SecretFromEnvironment): string {
  return `--secret ${namespace === undefined ? "" : `${namespace}/`}${name}=${env}`;
}

function check(format: StringFormat, text: string, what: string): void {
  if (format.read(text).kind === "invalid") throw invalid(`${what} is not ${format.wanted}`);
}

function invalid(detail: string): ClrkError {
  const message = `Cannot use secret flag: ${detail}, wanted NAME=VARIABLE[:KEY] such as openai=OPENAI_API_KEY`;
  return new ClrkError("CLRK_INVALID_ARGUMENT", message, { expose: message });
}
