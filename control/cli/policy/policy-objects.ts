/**
 * The objects of a policy: from files, or as a gateway serves them. Values of Secrets are not wanted here, only that they
 * are there: each that is known by its name gets a stand-in.
 */
import { readlink } from "node:fs/promises";
import { isAbsolute, resolve } from "node:path";
import { parseManifests } from "../../../gateway/manifests.ts";
import type { ManifestReading, SourcedObject } from "../../../gateway/manifests.ts";
import { silentLogger } from "../../../gateway/log.ts";
import { readManifests } from "../../../gateway/read-manifests.ts";
import type { ServedObject, SourceProblem } from "../../../gateway/control-api.ts";
import { parseSecretFlag } from "../../../gateway/secret-flag.ts";
import { defaultSecretKey, secretOf } from "../../../gateway/secret-spec.ts";
import type { SecretSpec } from "../../../gateway/secret-spec.ts";
import { readSecretsFile } from "../../../gateway/secrets-file.ts";
import type { CliContext } from "../cli-context.ts";
import { CliError, EXIT_CODE } from "../cli-error.ts";
import { formatProblem } from "../problem-line.ts";
import type { RunningGateway } from "../running-gateways.ts";

/** Keys of a Secret by `namespace/name`. */
export type SecretKeys = ReadonlyMap<string, ReadonlySet<string>>;

/** No credential looks like it, and it is valid wherever one is. */
const standIn = "value-that-is-not-known-here";

/** Keys of Secrets that a whole folder or the output of a program may hold, beyond those that a gateway shows. */
const usualKeys = [defaultSecretKey, "access_key_id", "secret_access_key"];

/** Secrets that flags, the file of secrets and running gateways name. Throws what reading flags and the file throws. */
export async function knownSecrets(
  context: CliContext,
  flags: readonly string[],
  running: readonly RunningGateway[],
): Promise<SecretKeys> {
  const known = new Map<string, Set<string>>();
  const add = (name: string, keys: Iterable<string>) => {
    const before = known.get(name) ?? new Set<string>();
    known.set(name, new Set([...before, ...keys]));
  };
  const specs = [...flags.map(parseSecretFlag), ...(await readSecretsFile(context.home.secrets))];
  for (const spec of specs) add(secretOf(spec), keysOf(spec));
  for (const { client } of running) {
    const { items } = await client.objects("Secret");
    for (const item of items) if (!isWritten(item)) add(...keysOfServed(item));
  }
  return known;
}

/** Whether the object stands in a manifest, which another policy may not have. */
function isWritten({ source }: ServedObject): boolean {
  return /:\d+$/.test(source);
}

function keysOfServed({ object }: ServedObject): readonly [name: string, keys: readonly string[]] {
  const { namespace, name } = object.metadata;
  const data: unknown = Reflect.get(object, "data");
  const keys = typeof data === "object" && data !== null ? Object.keys(data) : [];
  return [`${namespace}/${name}`, keys];
}

function keysOf(spec: SecretSpec): readonly string[] {
  return "key" in spec && spec.key !== undefined ? [spec.key] : usualKeys;
}

/** Objects of files and folders, with stand-ins for Secrets that are in none of them. Throws a `CliError` as `clrk dev` tells. */
export function readPolicy(
  paths: readonly string[],
  { context, secrets }: { readonly context: CliContext; readonly secrets: SecretKeys },
): readonly SourcedObject[] {
  const { workingDirectory } = context;
  const inPlace = paths.map((path) => resolve(workingDirectory, path));
  const written = readManifests({ paths: inPlace, log: silentLogger });
  throwProblems(written.problems, workingDirectory);
  const present = new Set(
    written.objects.flatMap(({ object: { kind, metadata } }) =>
      kind === "Secret" ? [`${metadata.namespace}/${metadata.name}`] : [],
    ),
  );
  const missing = [...secrets].filter(([name]) => !present.has(name));
  return [...written.objects, ...standIns(new Map(missing)).objects];
}

/**
 * Absolute paths of the files that a process serves; undefined where it serves none, where they have mistakes, so that it
 * serves other ones, and where nobody can say what a relative path of it means.
 */
export async function servedPaths({
  pid,
  status: { directories, problems },
}: RunningGateway): Promise<readonly string[] | undefined> {
  if (directories.length === 0 || problems.length > 0) return undefined;
  if (directories.every((path) => isAbsolute(path))) return directories;
  const from = await readlink(`/proc/${pid}/cwd`).catch(() => undefined);
  return from === undefined ? undefined : directories.map((path) => resolve(from, path));
}

/** Objects as a process serves them, where its files are not to be read. Throws a `CliError` where it shows others. */
export async function servedPolicy(
  { client, pid }: RunningGateway,
  { context, secrets }: { readonly context: CliContext; readonly secrets: SecretKeys },
): Promise<readonly SourcedObject[]> {
  const { items } = await client.objects();
  const objects = items.flatMap(({ object }) => {
    const { status: _status, ...written } = object;
    return written.kind === "Secret" ? [] : [written];
  });
  const shown = items.filter(({ object }) => object.kind === "Secret").map(keysOfServed);
  const all = new Map([...secrets, ...shown.map(([name, keys]) => [name, new Set(keys)] as const)]);
  const text = JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
  const reading = parseManifests(`process ${pid}`, text);
  throwProblems(reading.problems, context.workingDirectory);
  return [...reading.objects, ...standIns(all).objects];
}

function standIns(secrets: SecretKeys): ManifestReading {
  const objects = [...secrets].map(([key, keys]) => {
    const slash = key.indexOf("/");
    const metadata = { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
    const stringData = Object.fromEntries([...keys].map((name) => [name, standIn]));
    return { apiVersion: "v1", kind: "Secret", metadata, stringData };
  });
  return parseManifests(
    "secrets",
    JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }),
  );
}

function throwProblems(problems: readonly SourceProblem[], workingDirectory: string): void {
  if (problems.length === 0) return;
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  const lines = problems.map((problem) => `  ${formatProblem(problem, workingDirectory)}`);
  throw new CliError([`Cannot use the manifests: ${count}`, ...lines].join("\n"), {
    exitCode: EXIT_CODE.failed,
  });
}
