/**
 * Which agents a changed policy is tried on: a share of them by a hash of what they are called, which Envoy computes by
 * itself. A larger share has all agents of a smaller one.
 */

import { xxHash64 } from "./xx-hash64.ts";

/** Parts into which agents are divided: a share is so many of them. */
export const shareParts = 10_000;

/** A share of the agents. */
export interface CanaryShare {
  /** Of `shareParts`, from 1 to all of them */
  readonly parts: number;
  /** 32 bits; another one draws other agents */
  readonly seed: number;
}

/** What an agent is called, whichever run or revision of it calls. */
export interface AgentName {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** The text by which an agent is hashed: `kind/namespace/name`. */
export function agentKey({ kind, namespace, name }: AgentName): string {
  return `${kind}/${namespace}/${name}`;
}

/** Hashes from this one on are in the share. */
export function shareThreshold({ parts }: Pick<CanaryShare, "parts">): number {
  return shareParts - parts;
}

/** Whether an agent is in the share, as Envoy decides it. */
export function isInShare(agent: AgentName, share: CanaryShare): boolean {
  const hash = Number(xxHash64(agentKey(agent), share.seed) % BigInt(shareParts));
  return hash >= shareThreshold(share);
}
