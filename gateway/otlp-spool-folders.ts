/**
 * Folders of OTLP spools: one for each place that records go to, whose name is that of nothing but this place, so that
 * what was meant for one is never sent to another.
 */
import { createHash } from "node:crypto";
import { readdir, rm, stat } from "node:fs/promises";
import path from "node:path";
import { describeError, errorCodeOf } from "./errors.ts";
import { tryTakeFolder } from "./folder-lock.ts";
import type { Logger } from "./log.ts";

/** What makes a place. */
export interface SpoolPlace {
  readonly namespace: string;
  readonly name: string;
  /** Of the object, where an API server gave it one: another object of the same name is another place */
  readonly uid?: string;
  readonly sink?: string;
  readonly endpoint: string;
  /**
   * Names of its headers, in lower case and in order, with the values of those that are no credential: by them a
   * receiver may tell its tenants apart. A credential may be renewed, so its value is no part of the place
   */
  readonly headers?: readonly (readonly [name: string, value: string | null])[];
}

/** What nobody sends any more is kept so long: it may be wanted again when a mistake is mended. */
const staleMs = 24 * 60 * 60_000;

const folderName = /^[0-9a-f]{32}$/;

/** Name of the folder of a place. */
export function spoolFolder(place: SpoolPlace): string {
  const { namespace, name, uid = null, sink = null, endpoint, headers = [] } = place;
  const identity = JSON.stringify([namespace, name, uid, sink, endpoint, headers]);
  return createHash("sha256").update(identity).digest("hex").slice(0, 32);
}

/**
 * Removes folders that are not `wanted`, that nobody holds and that have not changed for a day, with what they hold.
 * Never rejects: what cannot be removed stays.
 */
export async function removeStaleSpools(
  directory: string,
  wanted: ReadonlySet<string>,
  { nowMs, log }: { readonly nowMs: number; readonly log: Logger },
): Promise<void> {
  try {
    for (const name of await readdir(directory)) {
      if (!folderName.test(name) || wanted.has(name)) continue;
      const folder = path.join(directory, name);
      if ((await isStale(folder, nowMs)) && (await removeSpool(folder))) {
        log.warn("Records on disk that no gateway sends any more are removed", { folder });
      }
    }
  } catch (error) {
    if (errorCodeOf(error) === "ENOENT") return;
    log.error("Cannot clean folder of OTLP spools", { directory, error: describeError(error) });
  }
}

async function isStale(folder: string, nowMs: number): Promise<boolean> {
  for (const one of [folder, ...(await signalFolders(folder))]) {
    if (nowMs - (await stat(one)).mtimeMs < staleMs) return false;
  }
  return true;
}

/** Removes the folder of a place with what it holds; false where another process has it. */
export async function removeSpool(folder: string): Promise<boolean> {
  for (const one of await signalFolders(folder)) {
    if (tryTakeFolder(one, process.pid).kind === "taken") return false;
  }
  await rm(folder, { recursive: true, force: true });
  return true;
}

async function signalFolders(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    if (errorCodeOf(error) === "ENOENT") return [];
    throw error;
  });
  return entries.filter((one) => one.isDirectory()).map(({ name }) => path.join(folder, name));
}
