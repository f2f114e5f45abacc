/** `clrk get`: served objects with their state, as a table or whole. */
import { findKindByAnyName, kinds } from "../../../crds/kinds.ts";
import type { KindDefinition } from "../../../crds/kind-definition.ts";
import { DEFAULT_NAMESPACE } from "../../../crds/meta.ts";
import { findSuggestion } from "../../../crds/suggestion.ts";
import type { ServedObject } from "../../../gateway/control-api.ts";
import type { CliContext } from "../cli-context.ts";
import { CliError } from "../cli-error.ts";
import { escapeControls } from "../colour.ts";
import { budgetNames, formatBudgets } from "./get-budgets.ts";
import { formatPlaceholders, placeholderNames } from "./get-placeholders.ts";
import { formatObjects } from "../object-table.ts";
import { findRunningGateways } from "../running-gateways.ts";
import type { RunningGateway } from "../running-gateways.ts";
import { formatTable } from "../table.ts";

/** Options as the user gave them. */
export interface GetFlags {
  readonly namespace?: string;
  readonly allNamespaces?: boolean;
  readonly output?: "wide" | "yaml" | "json";
}

type Kind = KindDefinition<unknown>;

/** Prints objects of a kind, one object, or the kinds; throws a `CliError` when there is none of that name. */
export async function get(
  this: CliContext,
  flags: GetFlags,
  kindName?: string,
  name?: string,
): Promise<void> {
  const { stdout } = this.process;
  if (kindName !== undefined && budgetNames.includes(kindName.toLowerCase())) {
    const lists = await Promise.all(
      (await findRunning(this)).map(({ client }) => client.budgets()),
    );
    const items = lists.flatMap((list) => list.items);
    stdout.write(formatBudgets(items, { name, output: flags.output }));
    return;
  }
  if (kindName !== undefined && placeholderNames.includes(kindName.toLowerCase())) {
    const lists = await Promise.all(
      (await findRunning(this)).map(({ client }) => client.placeholders()),
    );
    const items = lists.flatMap((list) => list.items);
    stdout.write(formatPlaceholders(items, { name, output: flags.output }));
    return;
  }
  const kind = kindName === undefined ? undefined : findKind(kindName);
  const running = await findRunning(this);
  const items = await loadObjects(running, kind?.kind);
  if (kind === undefined) {
    stdout.write(await formatKinds(items, flags.output));
    return;
  }
  const { namespace = DEFAULT_NAMESPACE, allNamespaces = false } = flags;
  const inNamespace = items.filter(
    ({ object }) => allNamespaces || object.metadata.namespace === namespace,
  );
  const found = inNamespace.filter(
    ({ object }) => name === undefined || object.metadata.name === name,
  );
  if (name !== undefined && found.length === 0) throw notFound({ kind, name, items, namespace });
  if (flags.output === "yaml" || flags.output === "json") {
    stdout.write(await formatWhole(found, { output: flags.output, isOne: name !== undefined }));
    return;
  }
  if (found.length === 0) {
    const others = items.length === 0 ? "" : `; ${items.length} elsewhere: add -A`;
    const place = allNamespaces ? "" : ` in namespace "${namespace}"`;
    this.process.stderr.write(`No ${kind.plural}${place}${others}\n`);
    return;
  }
  const [first] = running;
  const table = formatObjects(found, {
    kind,
    isWide: flags.output === "wide",
    hasNamespace: allNamespaces,
    nowMs: this.now(),
    servedSince: first?.status.startedAt ?? "",
  });
  stdout.write(table);
}

/** Returns the names of kinds that begin so, for the shell's completion. */
export function proposeKinds(partial: string): readonly string[] {
  const names = [...kinds.map(({ plural }) => plural), "budgets", "placeholders"];
  return names.filter((plural) => plural.startsWith(partial));
}

function findKind(name: string): Kind {
  const found = findKindByAnyName(name);
  if (found !== undefined) return found;
  const names = kinds.flatMap(({ kind, plural, shortNames }) => [plural, kind, ...shortNames]);
  const guess = findSuggestion(name, names);
  const hint = guess === undefined ? "" : `; did you mean "${guess.toLowerCase()}"?`;
  throw new CliError(
    `Cannot get "${escapeControls(name)}": there is no such kind${hint}\nSee all kinds: clrk get`,
  );
}

async function findRunning(context: CliContext): Promise<readonly RunningGateway[]> {
  const { answering, silent } = await findRunningGateways(context.home);
  if (answering.length > 0) return answering;
  throw new CliError(
    silent.length === 0
      ? "Cannot get objects: no gateway is running\nStart one: clrk dev -f DIR"
      : `Cannot get objects: process ${silent.join(", ")} does not answer\nSee what is wrong: clrk doctor`,
  );
}

async function loadObjects(
  running: readonly RunningGateway[],
  kind: string | undefined,
): Promise<readonly ServedObject[]> {
  const lists = await Promise.all(running.map(({ client }) => client.objects(kind)));
  return lists.flatMap(({ items }) => items);
}

async function formatKinds(
  items: readonly ServedObject[],
  output: GetFlags["output"],
): Promise<string> {
  const counts = new Map<string, number>();
  for (const { object } of items) counts.set(object.kind, (counts.get(object.kind) ?? 0) + 1);
  const rows = kinds.map(({ kind, plural, shortNames, apiVersion }) => {
    return { kind, plural, shortNames, apiVersion, objects: counts.get(kind) ?? 0 };
  });
  if (output === "json") return toJson({ kinds: rows });
  if (output === "yaml") return toYaml({ kinds: rows });
  return formatTable({
    headings: ["KIND", "SHORT", "OBJECTS"],
    rows: rows.map(({ plural, shortNames, objects }) => [
      plural,
      shortNames.join(","),
      String(objects),
    ]),
  });
}

async function formatWhole(
  items: readonly ServedObject[],
  options: { readonly output: "yaml" | "json"; readonly isOne: boolean },
): Promise<string> {
  const objects = items.map(toWhole);
  const [only] = objects;
  const isAlone = options.isOne && objects.length === 1;
  const value = isAlone && only ? only : { apiVersion: "v1", kind: "List", items: objects };
  return options.output === "json" ? toJson(value) : toYaml(value);
}

/** The object as kubectl would show it: what we know besides goes into its status. */
function toWhole({ object, conditions, tier, source }: ServedObject): object {
  const status = typeof object.status === "object" ? object.status : {};
  return { ...object, status: { ...status, conditions, ...(tier && { tier }), source } };
}

function toJson(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

async function toYaml(value: object): Promise<string> {
  // Only here: it takes longer to load than everything else of this command.
  const { stringify } = await import("yaml");
  return stringify(value, { aliasDuplicateObjects: false, lineWidth: 0 });
}

function notFound(options: {
  readonly kind: Kind;
  readonly name: string;
  readonly items: readonly ServedObject[];
  readonly namespace: string;
}): CliError {
  const { kind, name, items, namespace } = options;
  const elsewhere = items.find(({ object }) => object.metadata.name === name);
  const problem = `Cannot find ${kind.kind} "${escapeControls(name)}"`;
  if (elsewhere !== undefined) {
    const other = elsewhere.object.metadata.namespace;
    return new CliError(
      `${problem} in namespace "${namespace}": it is in "${other}"\nAdd the namespace: -n ${other}`,
    );
  }
  const guess = findSuggestion(
    name,
    items.map(({ object }) => object.metadata.name),
  );
  const hint = guess === undefined ? "" : `; did you mean "${guess}"?`;
  return new CliError(`${problem}: it is not served${hint}\nSee all: clrk get ${kind.plural} -A`);
}
