/** What a host behaves like: pure functions from a received request to a reply. */
import type { ReceivedRequest } from "./received-request.ts";
import type { Reply } from "./reply.ts";

/** One host's behaviour. */
export interface Site {
  /** The answer to a request whose body arrived whole. Never throws. */
  handle(request: ReceivedRequest): Reply;
  /** The error of this status in the shape that the host's clients expect */
  failure(status: number): Reply;
}

/** Unix time in `ms` and random hex digits, injected so that tests can fix them. */
export interface SiteEnvironment {
  now(): number;
  randomHex(digits: number): string;
}
