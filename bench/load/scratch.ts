/** The scratch directory of a benchmark, removed however it ends. */
import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A directory that lives as long as one benchmark. */
export interface Scratch {
  readonly directory: string;
  /** Removes it. Idempotent. */
  close(): Promise<void>;
}

/** Makes an empty directory that is removed at the latest when the process exits. */
export async function openScratch(): Promise<Scratch> {
  const directory = await mkdtemp(join(tmpdir(), "clrk-bench-"));
  const removeAtExit = () => rmSync(directory, { recursive: true, force: true });
  process.once("exit", removeAtExit);
  return {
    directory,
    async close() {
      process.off("exit", removeAtExit);
      await rm(directory, { recursive: true, force: true });
    },
  };
}
