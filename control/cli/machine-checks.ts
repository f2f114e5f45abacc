/** Whether the machine has what the gateway needs: Node, disk space, a clock that is right, Java where it is used. */
import { access, constants, statfs } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { failed, passed, warned } from "./doctor-check.ts";
import type { DoctorCheck } from "./doctor-check.ts";

/** Types are stripped without a flag, and everything we use is there, from this version on. */
const leastNodeMajor = 24;

/** Records, certificates and logs of an hour of heavy use. */
const enoughBytes = 500 * 1024 * 1024;

/** Below this the next write may fail. */
const leastBytes = 20 * 1024 * 1024;

/** This program was written after it: a clock before it makes certificates that nobody accepts. */
const writtenAtMs = Date.UTC(2025, 0, 1);

/** No clock is right that is later. */
const latestMs = Date.UTC(2060, 0, 1);

/** Checks the version of Node (`process.versions.node`). */
export function checkNode(version: string): DoctorCheck {
  const major = Number.parseInt(version, 10);
  if (major >= leastNodeMajor) return passed("node", `Node ${version}`);
  return failed(
    "node",
    `Node ${version} is too old, wanted ${leastNodeMajor} or later`,
    "Install the optional packages, which bring the right one: npm install --include=optional",
  );
}

/** Checks the clock against what can be known without asking anybody. */
export function checkClock(nowMs: number): DoctorCheck {
  const date = Number.isNaN(new Date(nowMs).getTime()) ? "no time" : new Date(nowMs).toISOString();
  if (nowMs >= writtenAtMs && nowMs <= latestMs) return passed("clock", date);
  return failed(
    "clock",
    `The clock says ${date}: certificates made now would not be accepted`,
    "Set the clock, for example with: timedatectl set-ntp true",
  );
}

/** Checks the space that is left where `path` is, or will be. */
export async function checkDisk(path: string): Promise<DoctorCheck> {
  const free = await freeBytes(path);
  if (free === undefined) {
    return warned(
      "disk",
      `Cannot find out how much space "${path}" has`,
      `Look yourself: df "${path}"`,
    );
  }
  const text = `${Math.floor(free / (1024 * 1024))} MiB free for "${path}"`;
  if (free >= enoughBytes) return passed("disk", text);
  const next = "Remove what is not needed; records are in its folder records";
  return free < leastBytes ? failed("disk", text, next) : warned("disk", text, next);
}

async function freeBytes(path: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  } catch {
    const parent = dirname(path);
    return parent === path ? undefined : freeBytes(parent);
  }
}

/** Says what Java programs need, where there is a Java; nothing otherwise. */
export async function checkJava(searchPath: string): Promise<DoctorCheck[]> {
  const java = await findOnPath("java", searchPath);
  if (java === undefined) return [];
  // The trust store is written by ourselves; keytool is only a way to look at it.
  const keytool = await findOnPath("keytool", searchPath);
  const look = keytool === undefined ? "" : "; look at it with keytool -list";
  return [passed("java", `${java}: clrk run gives it a trust store of its own${look}`)];
}

/** Returns the path of the first executable file of that name on a search path. */
export async function findOnPath(name: string, searchPath: string): Promise<string | undefined> {
  for (const directory of searchPath.split(delimiter)) {
    if (directory === "") continue;
    const candidate = join(directory, name);
    const isExecutable = await access(candidate, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isExecutable) return candidate;
  }
  return undefined;
}
