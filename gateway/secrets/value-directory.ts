/**
 * A Secret as a folder with a file for each key. Kubernetes swaps the symbolic link `..data` to change all of them at
 * once: what is read is all of one set, or it is read again.
 */
import { opendir, readlink, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { secretKeyFormat } from "../../crds/name-formats.ts";
import { errorCodeOf } from "../errors.ts";
import { describeReadError, identityOf } from "../manifests/manifest-file.ts";
import { maxValueBytes, readWholeFile } from "./open-file.ts";
import { failed, withoutLineEnd } from "./source-outcome.ts";
import type { SourceOutcome } from "./source-outcome.ts";

/** Name of the link that Kubernetes swaps (its atomic writer). */
const DATA_LINK = "..data";

/** Most keys of a Secret, as the kind has it. */
const maxKeys = 128;

/** A folder with more entries than this is no Secret. */
const maxEntries = 1_024;

/** A folder whose files change all the time is given up after so many attempts; it is looked at again soon. */
const attempts = 5;

/** Differs when the set of keys, or any value, may have changed. Never throws. */
export async function identifyDirectory(path: string): Promise<string> {
  try {
    const { folder, link } = await resolveFolder(path);
    const entries = await listEntries(folder);
    const identities = await Promise.all(
      entries.keys.map(async (key) => {
        const stats = await stat(join(folder, key), { bigint: true });
        return `${key}=${identityOf(stats)}`;
      }),
    );
    return [link, ...identities].join(" ");
  } catch (error) {
    return errorCodeOf(error) ?? "unknown";
  }
}

/** Reads the files of the folder as the values of a Secret. Folders in it are left out. Never throws. */
export async function readDirectory(path: string): Promise<SourceOutcome> {
  let failure: SourceOutcome | undefined;
  for (let attempt = 0; attempt < attempts; attempt++) {
    const before = await identifyDirectory(path);
    const outcome = await readOnce(path);
    const isStable = outcome !== undefined && before === (await identifyDirectory(path));
    if (isStable && outcome.kind === "values") return outcome;
    // Perhaps only because a swap took the folder away at each look, which looks the same each time.
    failure = isStable ? outcome : undefined;
  }
  return failure ?? failed(`folder "${path}": changes while it is read`);
}

/** Undefined when something vanished meanwhile. */
async function readOnce(path: string): Promise<SourceOutcome | undefined> {
  try {
    const { folder } = await resolveFolder(path);
    const { keys, foreign, isTooLarge } = await listEntries(folder);
    if (isTooLarge || keys.length > maxKeys) {
      return failed(`folder "${path}": more than ${maxKeys} keys or ${maxEntries} entries`);
    }
    return await readKeys(path, { folder, keys, foreign });
  } catch (error) {
    return failed(`folder "${path}": ${describeReadError(errorCodeOf(error))}`);
  }
}

async function readKeys(
  path: string,
  { folder, keys, foreign }: { folder: string; keys: readonly string[]; foreign: number },
): Promise<SourceOutcome | undefined> {
  const values = new Map<string, Buffer>();
  let left = maxValueBytes;
  let isOpenToOthers = false;
  for (const key of keys) {
    const file = join(folder, key);
    if ((await stat(file)).isDirectory()) continue;
    const content = await readWholeFile(file);
    if (content.kind === "changed") return undefined;
    if (content.kind === "failed") {
      return failed(`folder "${path}": file "${key}": ${content.message}`);
    }
    left -= content.bytes.length;
    if (left < 0) return failed(`folder "${path}": more than ${maxValueBytes} bytes in all`);
    isOpenToOthers ||= content.isOpenToOthers;
    values.set(key, withoutLineEnd(content.bytes));
  }
  if (values.size === 0) return failed(`folder "${path}": no file whose name is a key`);
  const warnings = [
    ...(isOpenToOthers ? [`files in "${path}" can be read by other users: chmod 600 them`] : []),
    ...(foreign > 0 ? [`${foreign} names in "${path}" are no keys and are left out`] : []),
  ];
  return { kind: "values", values, warning: warnings.join("; ") };
}

/** The folder with the files: what `..data` leads to now, so that one swap cannot mix two sets. */
async function resolveFolder(path: string): Promise<{ folder: string; link: string }> {
  const link = await readlink(join(path, DATA_LINK)).catch((error: unknown) => {
    const code = errorCodeOf(error);
    if (code === "ENOENT" || code === "EINVAL") return undefined;
    throw error;
  });
  return link === undefined ? { folder: path, link: "" } : { folder: resolve(path, link), link };
}

async function listEntries(
  folder: string,
): Promise<{ keys: readonly string[]; foreign: number; isTooLarge: boolean }> {
  const keys: string[] = [];
  let foreign = 0;
  let entries = 0;
  for await (const { name } of await opendir(folder)) {
    entries++;
    if (entries > maxEntries) return { keys, foreign, isTooLarge: true };
    if (name.startsWith("..")) continue;
    if (secretKeyFormat.read(name).kind === "valid") keys.push(name);
    else foreign++;
  }
  return { keys: keys.sort(), foreign, isTooLarge: false };
}
