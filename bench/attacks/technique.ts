/**
 * What one technique of attack is: an allowed variant that must get through, and attempts none of which may. An attempt
 * says what came back to the agent; whether it got through is for the upstreams to say.
 */
import type { ReceivedRequest } from "../harness/fake/received-request.ts";
import type { AttackRig } from "./attack-rig.ts";

/** One variant of a technique. */
export interface Attempt {
  readonly name: string;
  /** Makes the attempt and resolves with everything that the agent got back, as text; a rejection is an answer too. */
  readonly run: () => Promise<string>;
}

/** A technique that is ready to be tried. */
export interface PreparedTechnique {
  /** Whether the allowed variant reaches its upstream; it is asked before and after the attempts */
  readonly control: () => Promise<boolean>;
  readonly attempts: readonly Attempt[];
  /** Whether a request at an allowed host should never have been sent; beside what holds for every technique */
  readonly isForbidden?: (request: ReceivedRequest) => boolean;
  /** What only the attempts themselves can see of getting through, such as a certificate of the upstream; so far */
  readonly countMore?: () => number;
  /** One at a time, because attempts share something that each changes */
  readonly isSerial?: true;
}

/** One file of the corpus. */
export interface Technique {
  /** In kebab case, as its file */
  readonly name: string;
  /** What is tried, in a few words */
  readonly about: string;
  /** To be tried in a network of its own, where private addresses are this machine's and names are what we say */
  readonly ownNetwork?: true;
  readonly prepare: (rig: AttackRig) => Promise<PreparedTechnique>;
}

/** An attempt whose answer is a response, or the reason why there is none. */
export function attempt(name: string, run: () => Promise<string>): Attempt {
  return { name, run };
}
