/** `clrk get placeholders`: the fakes that agents may be given in place of values. They are no objects. */
import type { PlaceholderStatus } from "../../../gateway/control-api.ts";
import { CliError } from "../cli-error.ts";
import { escapeControls } from "../colour.ts";
import { formatTable } from "../table.ts";
import { toJson } from "../whole-objects.ts";

/** Names by which `clrk get` is asked for them. */
export const placeholderNames: readonly string[] = ["placeholders", "placeholder"];

/** A table or JSON of all placeholders, or of those of one Secret; throws a `CliError` when it has none. */
export function formatPlaceholders(
  items: readonly PlaceholderStatus[],
  options: { readonly name: string | undefined; readonly output: string | undefined },
): string {
  const { name, output } = options;
  if (output === "yaml") throw new CliError("Cannot write placeholders as YAML: use -o json");
  const found = name === undefined ? items : items.filter((item) => item.name === name);
  if (name !== undefined && found.length === 0) {
    throw new CliError(
      `Cannot find placeholder of Secret "${escapeControls(name)}": no rule takes one\nSee all: clrk get placeholders`,
    );
  }
  if (output === "json") return toJson({ items: found });
  if (found.length === 0) return "No rule takes a placeholder\n";
  return formatTable({
    headings: ["NAMESPACE", "SECRET", "KEY", "PLACEHOLDER", "POLICIES"],
    rows: found.map((item) => [
      escapeControls(item.namespace),
      escapeControls(item.name),
      escapeControls(item.key),
      escapeControls(item.placeholder),
      escapeControls(item.policies.join(",")),
    ]),
  });
}
