/** Processes for tests: scripts in Envoy's place, and whether a process lives. */
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Test } from "tap";

/** A private folder that is removed with the test. */
export async function temporaryDirectory(t: Test): Promise<string> {
  const directory = await mkdtemp(path.join(tmpdir(), "clrk-test-"));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** An executable shell script; `$DIR` in it is its folder. */
export async function writeScript(directory: string, lines: readonly string[]): Promise<string> {
  const file = path.join(directory, "program.sh");
  await writeFile(file, ["#!/bin/sh", `DIR='${directory}'`, ...lines, ""].join("\n"));
  await chmod(file, 0o700);
  return file;
}

/** Whether a process runs; one that ended and was not waited for does not. */
export async function isRunning(pid: number): Promise<boolean> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    return !/^\d+ \(.*\) [ZX]/s.test(stat);
  } catch {
    // no such process
    return false;
  }
}

/** Waits until the process is gone and gives the time in `ms`; throws after ten seconds. */
export async function untilGone(pid: number): Promise<number> {
  const start = performance.now();
  while (await isRunning(pid)) {
    if (performance.now() - start > 10_000) throw new Error(`Process ${pid} lives`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return performance.now() - start;
}
