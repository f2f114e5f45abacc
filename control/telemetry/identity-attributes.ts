/** Who an agent is as attributes of OTLP, by the names under which spans and logs have it everywhere. */
import { IDENTITY_ATTRIBUTES } from "../../gateway/attributes.ts";
import type { OtlpAttribute } from "./attribute-columns.ts";
import type { RowAgent } from "./table-rows.ts";

/** An attribute for each part of the agent that is known. */
export function identityAttributes(agent: RowAgent): OtlpAttribute[] {
  return textAttributes([
    [IDENTITY_ATTRIBUTES.kind, agent.kind],
    [IDENTITY_ATTRIBUTES.namespace, agent.namespace],
    [IDENTITY_ATTRIBUTES.name, agent.name],
    [IDENTITY_ATTRIBUTES.uid, agent.uid],
    [IDENTITY_ATTRIBUTES.revision, agent.revision],
    [IDENTITY_ATTRIBUTES.invocationId, agent.invocationId],
  ]);
}

/** Attributes of these texts; none of empty ones. */
export function textAttributes(
  named: ReadonlyArray<readonly [key: string, text: string]>,
): OtlpAttribute[] {
  return named.flatMap(([key, stringValue]) => {
    return stringValue === "" ? [] : [{ key, value: { stringValue } }];
  });
}
