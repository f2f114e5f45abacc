/** Header changes of rules as mutations of Envoy. */

import { envoy } from "../proto/gen/xds.js";
import type { HeaderRewrite } from "../snapshot.ts";
import { escapeFormat, overwriteHeader } from "./denial-route.ts";

/** Mutations in the order remove, set, add. */
export function headerRewrites({
  set,
  add,
  remove,
}: HeaderRewrite): envoy.config.common.mutation_rules.v3.IHeaderMutation[] {
  const { HeaderAppendAction } = envoy.config.core.v3.HeaderValueOption;
  return [
    ...remove.map((name) => ({ remove: name })),
    ...set.map(({ name, value }) => ({ append: overwriteHeader(name, escapeFormat(value)) })),
    ...add.map(({ name: key, value }) => ({
      append: {
        header: { key, value: escapeFormat(value) },
        appendAction: HeaderAppendAction.APPEND_IF_EXISTS_OR_ADD,
      },
    })),
  ];
}
