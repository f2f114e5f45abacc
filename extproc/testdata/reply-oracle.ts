/** Header changes as generated code takes them. */
import { envoy } from "../../gateway/proto/gen/extproc.js";
import type { HeaderChanges } from "../reply-parts.ts";

const { OVERWRITE_IF_EXISTS_OR_ADD } = envoy.config.core.v3.HeaderValueOption.HeaderAppendAction;

/** The HeaderMutation, as a field of the message that holds it; no field where nothing changes. */
export function mutationOf({ set, remove }: HeaderChanges) {
  if (set.length + remove.length === 0) return {};
  const setHeaders = set.map(([key, value]) => ({
    header: { key, rawValue: Buffer.from(value) },
    appendAction: OVERWRITE_IF_EXISTS_OR_ADD,
  }));
  return { headerMutation: { setHeaders, removeHeaders: [...remove] } };
}
