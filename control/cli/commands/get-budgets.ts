/** `clrk get budgets`: what budgets have used, reserved and left. They are counts, no objects. */
import { formatMicroDollars } from "../../../crds/money.ts";
import type { BudgetStatus } from "../../../gateway/budget-list.ts";
import { CliError } from "../cli-error.ts";
import { escapeControls } from "../colour.ts";
import { formatTable } from "../table.ts";
import { toJson } from "../whole-objects.ts";

/** Names by which `clrk get` is asked for them. */
export const budgetNames: readonly string[] = ["budgets", "budget"];

/** A table or JSON of all budgets, or of those of one name; throws a `CliError` when there is none of that name. */
export function formatBudgets(
  items: readonly BudgetStatus[],
  options: { readonly name: string | undefined; readonly output: string | undefined },
): string {
  const { name, output } = options;
  if (output === "yaml") throw new CliError("Cannot write budgets as YAML: use -o json");
  const found = name === undefined ? items : items.filter((item) => item.name === name);
  if (name !== undefined && found.length === 0) {
    throw new CliError(
      `Cannot find budget "${escapeControls(name)}": no rule has it\nSee all: clrk get budgets`,
    );
  }
  if (output === "json") return toJson({ items: found });
  if (found.length === 0) return "No rule has a budget with a limit\n";
  return formatTable({
    headings: ["NAME", "SCOPE", "OF", "USED", "RESERVED", "LIMIT", "RESETS"],
    rows: found.map((item) => [
      escapeControls(item.name),
      item.scope,
      escapeControls(item.counted) || "unknown callers",
      formatAmount(item, item.used),
      formatAmount(item, item.reserved),
      item.limit === null ? "none" : formatAmount(item, item.limit),
      item.resets ?? "never",
    ]),
  });
}

function formatAmount({ unit }: BudgetStatus, value: number): string {
  return unit === "tokens" ? String(value) : `$${formatMicroDollars(value)}`;
}
