/** What every benchmark needs around its contender: a scratch directory, certificates and the fake upstream. */
import { benchAuthorization, certificateNames } from "./cases.ts";
import { openScratch } from "./scratch.ts";
import type { TestAuthority } from "./test-authority.ts";
import { createTestAuthority } from "./test-authority.ts";
import type { UpstreamProcess } from "./upstream-process.ts";
import { startUpstream } from "./upstream-process.ts";

/** Parts that live as long as one benchmark. */
export interface Rig {
  /** Scratch directory, removed by `close` */
  readonly directory: string;
  readonly authority: TestAuthority;
  readonly upstream: UpstreamProcess;
  /** Ends the upstream and removes the directory. Idempotent. */
  close(): Promise<void>;
}

/** Sets everything up; what was made is removed again when a later part fails. */
export async function createRig(): Promise<Rig> {
  const scratch = await openScratch();
  const { directory } = scratch;
  try {
    const authority = await createTestAuthority(directory, certificateNames);
    const upstream = await startUpstream({ ...authority, authorization: benchAuthorization });
    return {
      directory,
      authority,
      upstream,
      async close() {
        await upstream.stop();
        await scratch.close();
      },
    };
  } catch (error) {
    await scratch.close();
    throw error;
  }
}
