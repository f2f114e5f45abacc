/** What every case of `extproc` needs around its contenders: the policy, a scratch directory and the fake model API. */
import { createBenchPolicy } from "./extproc-policy.ts";
import type { BenchPolicy } from "./extproc-policy.ts";
import { openScratch } from "./scratch.ts";
import { startPlainUpstream } from "./upstream-process.ts";
import type { UpstreamProcess } from "./upstream-process.ts";

/** Parts that live as long as one benchmark. */
export interface ExtprocRig {
  readonly policy: BenchPolicy;
  readonly directory: string;
  readonly upstream: UpstreamProcess;
}

/** Sets everything up for `use` and takes it down after it, however it ends. */
export async function withExtprocRig<T>(use: (rig: ExtprocRig) => Promise<T>): Promise<T> {
  const policy = createBenchPolicy();
  const scratch = await openScratch();
  try {
    const upstream = await startPlainUpstream();
    try {
      return await use({ policy, directory: scratch.directory, upstream });
    } finally {
      await upstream.stop();
    }
  } finally {
    await scratch.close();
  }
}
