/**
 * Contender `direct`: no proxy at all. It shows what the load client and the fake upstream can do
 * on this machine, which is the ceiling of every other figure.
 */
import type { Contender } from "../load/contender.ts";

/** The client talks to the fake upstream itself. */
export function createDirect(): Contender {
  return {
    name: "direct",
    modes: ["direct"],
    injectsCredential: false,
    find: async () => ({ kind: "ready", version: "-" }),
    start: async ({ upstream, authority }) => ({
      proxy: upstream,
      mode: "direct",
      caPem: authority.caPem,
      pids: {},
      stop: async () => {},
    }),
  };
}
