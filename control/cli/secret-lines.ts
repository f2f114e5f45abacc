/** Secrets from files, folders and commands in `clrk status`: one line for all that is well, one for each that is not. */
import type { SecretSourceStatus } from "../../gateway/secret-source-status.ts";
import { ageSince, describeAge } from "./age.ts";

/** Returns the lines; none where no Secret comes from such a place. */
export function describeSecrets(sources: readonly SecretSourceStatus[], nowMs: number): string[] {
  if (sources.length === 0) return [];
  const current = sources.filter(({ state }) => state === "current").length;
  const troubled = sources.filter(({ failure, warning }) => failure !== "" || warning !== "");
  return [
    `${current} of ${sources.length} ${sources.length === 1 ? "source" : "sources"} current`,
    ...troubled.map((source) => describeSource(source, nowMs)),
  ];
}

function describeSource(source: SecretSourceStatus, nowMs: number): string {
  const { namespace, name, key, failure, warning } = source;
  const place = `${namespace}/${name}${key === undefined ? "" : ` ${key}`}`;
  if (failure === "") return `${place}: ${warning}`;
  return `${place}: ${failure}; ${describeOutlook(source, nowMs)}`;
}

function describeOutlook({ state, readAt, expiresAt }: SecretSourceStatus, nowMs: number): string {
  if (state === "missing") return "refused until it can be read";
  const ageMs = ageSince(readAt ?? "", nowMs);
  const age = ageMs === undefined ? "before" : `${describeAge(ageMs)} ago`;
  const leftMs = ageSince(expiresAt ?? "", nowMs);
  const end = leftMs === undefined ? "" : `, for ${describeAge(-leftMs)} more`;
  return `the value of ${age} stays${end}`;
}
