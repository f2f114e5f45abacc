/** The name under which a command's requests are recorded. */
import { basename } from "node:path";
import { withoutWrappers } from "./java-trust-store.ts";

/** RFC 1123; what the gateway accepts besides (dots) is for names that are not typed. */
const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Says whether a name that the user gave can be an agent's: a DNS label of at most 63 characters. */
export function isAgentName(name: string): boolean {
  return label.test(name);
}

/**
 * Returns the name for a command line that was given none: the base name of its command (behind `env`, `nice` and
 * the like) as a DNS label, `agent` when nothing is left of it.
 */
export function defaultAgentName(argv: readonly string[]): string {
  const [command = argv[0] ?? ""] = withoutWrappers(argv);
  return toLabel(basename(command)) || "agent";
}

/** Returns the nearest DNS label, empty when there is none. */
export function toLabel(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 64)
    .replace(/^-+/, "")
    .slice(0, 63)
    .replace(/-+$/, "");
}
