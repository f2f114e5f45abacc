/** `clrk provider list`: the providers that are known, built in or of plugins, and in which dialects they are. */
import { loadProviderPlugins } from "../../../gateway/plugin-loader.ts";
import type { ProviderSummary } from "../../../providers/provider-summary.ts";
import { summarizeProvider } from "../../../providers/provider-summary.ts";
import { findConflicts, providers } from "../../../providers/registry.ts";
import type { CliContext } from "../cli-context.ts";
import { CliError } from "../cli-error.ts";
import { escapeControls } from "../colour.ts";
import type { OutputFlags } from "../output-flags.ts";
import { shortenPath } from "../problem-line.ts";
import { findRunningGateways } from "../running-gateways.ts";
import { formatTable, truncateToWidth } from "../table.ts";
import { formatValue } from "../whole-objects.ts";

/** Options as the user gave them. */
export interface ProviderListFlags extends OutputFlags {
  readonly provider?: readonly string[];
}

/** A cell that says the same as the one above it. */
const blank = " ";

/** Keeps the table within 80 columns. */
const hostColumns = 28;

/** Prints built-in providers, the plugins that are named, and those of running gateways. */
export async function listProviders(this: CliContext, flags: ProviderListFlags): Promise<void> {
  const listed = [
    ...providers.map((provider) => ({ ...summarizeProvider(provider), source: "built-in" })),
    ...(await namedPlugins(this, flags.provider ?? [])),
  ];
  const known = new Set(listed.map(({ name }) => name));
  const served = (await servedPlugins(this)).filter(({ name }) => !known.has(name));
  const all = [...listed, ...served];
  const { stdout } = this.process;
  if (flags.output !== undefined) {
    stdout.write(await formatValue({ providers: all }, flags.output));
    return;
  }
  const headings = ["NAME", "HOSTS", "DIALECT", "SERVED"];
  stdout.write(formatTable({ headings, rows: all.flatMap(rowsOf) }));
  const plugins = all.filter(({ source }) => source !== "built-in");
  if (plugins.length === 0) return;
  const lines = plugins.map(
    ({ name, source }) => `${name} is the plugin ${shortenPath(source, this.workingDirectory)}`,
  );
  stdout.write(`\n${lines.map(escapeControls).join("\n")}\n`);
}

interface ListedProvider extends ProviderSummary {
  /** `built-in`, or the file of the plugin */
  readonly source: string;
}

async function namedPlugins(
  context: CliContext,
  specifiers: readonly string[],
): Promise<ListedProvider[]> {
  const { plugins, problems } = await loadProviderPlugins(specifiers, {
    from: context.workingDirectory,
  });
  const conflicts = findConflicts(plugins.map(({ provider }) => provider));
  const all = [...problems, ...conflicts.map((clause) => `Cannot add the provider: ${clause}`)];
  if (all.length > 0) throw new CliError(all.map(escapeControls).join("\n"));
  return plugins.map(({ provider, path }) => ({ ...summarizeProvider(provider), source: path }));
}

/** Of gateways that run; the same plugin in two of them is one. */
async function servedPlugins(context: CliContext): Promise<ListedProvider[]> {
  const { answering } = await findRunningGateways(context.home);
  const plugins = answering.flatMap(({ status }) => status.plugins ?? []);
  const byName = new Map(
    plugins.map(({ specifier: _, path, ...summary }) => [
      summary.name,
      { ...summary, source: path },
    ]),
  );
  return [...byName.values()];
}

/** A row for each dialect; without any, what is metered. */
function rowsOf({ name, hosts, dialects, operations }: ListedProvider): string[][] {
  const shownHosts = hostsCell(hosts);
  if (dialects.length === 0) {
    return [[name, shownHosts, operations.length > 0 ? "(metered only)" : "", "no"]];
  }
  return dialects.map((dialect, index) => [
    index === 0 ? name : blank,
    index === 0 ? shownHosts : blank,
    dialect.name,
    dialect.isServed ? "yes" : "no",
  ]);
}

function hostsCell([first = "", ...others]: readonly string[]): string {
  const more = others.length === 0 ? "" : ` +${others.length}`;
  return `${truncateToWidth(first, hostColumns - more.length)}${more}`;
}
