/** What every case of `llm` needs around its contenders: a scratch directory, certificates and the fake model APIs. */
import { streamEvents } from "./llm-cases.ts";
import type { LlmContender } from "./llm-contender.ts";
import { servedHosts } from "./llm-policy.ts";
import { openScratch } from "./scratch.ts";
import { createTestAuthority } from "./test-authority.ts";
import type { TestAuthority } from "./test-authority.ts";
import { startModelUpstream } from "./upstream-process.ts";
import type { UpstreamProcess } from "./upstream-process.ts";

/** Parts that live as long as one benchmark. */
export interface LlmRig {
  readonly directory: string;
  readonly authority: TestAuthority;
  /** The fake model APIs without TLS and with it, each a process */
  readonly upstreams: Readonly<Record<LlmContender["api"], UpstreamProcess>>;
}

/** Sets everything up for `use` and takes it down after it, however it ends. */
export async function withLlmRig<T>(use: (rig: LlmRig) => Promise<T>): Promise<T> {
  const scratch = await openScratch();
  const started: UpstreamProcess[] = [];
  try {
    const { directory } = scratch;
    const authority = await createTestAuthority(directory, [...servedHosts, "127.0.0.1"]);
    const plain = await startModelUpstream({ events: streamEvents });
    started.push(plain);
    const tls = await startModelUpstream({ events: streamEvents, tls: authority });
    started.push(tls);
    return await use({ directory, authority, upstreams: { plain, tls } });
  } finally {
    for (const upstream of started) await upstream.stop();
    await scratch.close();
  }
}
