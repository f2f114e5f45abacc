/** `clrk get`: objects with their state, as a table or whole, from the API server or the gateways that run. */
import type { CliContext } from "../cli-context.ts";
import { CliError, EXIT_CODE } from "../cli-error.ts";
import type { GetFlags } from "../get-flags.ts";
import { parseWanted } from "../get-request.ts";
import { getRunning, openObjects } from "../object-source.ts";
import { budgetNames, formatBudgets } from "./get-budgets.ts";
import { formatPlaceholders, placeholderNames } from "./get-placeholders.ts";
import { getServed, getServedKinds } from "./get-served.ts";
import { getStored, getStoredKinds, watchStored } from "./get-stored.ts";

/**
 * Prints objects of kinds, single ones, or the kinds; with `watch` goes on until it is interrupted. Throws a `CliError`
 * when there is none of a name.
 */
export async function get(this: CliContext, flags: GetFlags, ...words: string[]): Promise<void> {
  checkFlags(flags, words);
  if (await getCounts(this, flags, words)) return;
  const source = await openObjects(this, flags);
  if (words.length === 0) {
    if (source.kind === "server") await getStoredKinds(this, source, flags);
    else await getServedKinds(this, source.running, flags.output);
    return;
  }
  const wanted = parseWanted(words, "get");
  if (source.kind === "gateways") await getServed(this, source.running, { wanted, flags });
  else if (flags.watch === true) await watchStored(this, source, { wanted, flags });
  else await getStored(this, source, { wanted, flags });
}

/** Budgets and placeholders are counts and fakes of the gateways, no objects. */
async function getCounts(
  context: CliContext,
  { output }: GetFlags,
  words: readonly string[],
): Promise<boolean> {
  const kind = words[0]?.toLowerCase() ?? "";
  const [, name, ...more] = words;
  const isBudgets = budgetNames.includes(kind);
  if (!isBudgets && !placeholderNames.includes(kind)) return false;
  if (more.length > 0 || output === "name") {
    throw usage(`Cannot get ${kind} so: wanted at most one name, and no -o name`);
  }
  const running = await getRunning(context);
  const options = { name, output };
  const text = isBudgets
    ? formatBudgets(await itemsOf(running.map(({ client }) => client.budgets())), options)
    : formatPlaceholders(
        await itemsOf(running.map(({ client }) => client.placeholders())),
        options,
      );
  context.process.stdout.write(text);
  return true;
}

async function itemsOf<T>(lists: readonly Promise<{ readonly items: readonly T[] }>[]) {
  return (await Promise.all(lists)).flatMap(({ items }) => items);
}

function checkFlags(flags: GetFlags, words: readonly string[]): void {
  const { namespace, allNamespaces, selector, watch } = flags;
  const hasNames = words.length > 1 || (words[0] ?? "").includes("/");
  if (namespace !== undefined && allNamespaces === true) {
    throw usage("Cannot get objects: -n and -A exclude each other");
  }
  if (hasNames && (selector !== undefined || flags["field-selector"] !== undefined)) {
    throw usage("Cannot get objects: names and selectors exclude each other");
  }
  if (watch === true && words.length === 0) throw usage("Cannot watch: KIND is missing");
}

function usage(message: string): CliError {
  return new CliError(message, { exitCode: EXIT_CODE.usage });
}
