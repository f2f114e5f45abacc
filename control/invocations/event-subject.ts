/** The subject of an event in NATS, by which subscribers may choose. */

import type { InvocationEvent } from "../../gateway/invocation-event.ts";

/** Subjects of all events. */
export const ALL_SUBJECTS = "clrk.invocations.>";

/**
 * `clrk.invocations.<namespace>.<kind>.<agent>.<id>`. Whatever is no letter, digit, `_` or `-` becomes `_`: two agents
 * may share a subject, so that whoever chooses by one must look at the event too.
 */
export function eventSubject({ agent, id }: Pick<InvocationEvent, "agent" | "id">): string {
  const tokens = [agent.namespace, agent.kind, agent.name, id].map(subjectToken);
  return `clrk.invocations.${tokens.join(".")}`;
}

function subjectToken(text: string): string {
  return text.replace(/[^A-Za-z0-9_-]/gu, "_") || "_";
}
