/** `clrk get` from the running gateways, where no API server is: what they serve, as a table or whole. */
import { findKindByAnyName, kinds } from "../../../crds/kinds.ts";
import type { KindDefinition } from "../../../crds/kind-definition.ts";
import { DEFAULT_NAMESPACE } from "../../../crds/meta.ts";
import { findSuggestion } from "../../../crds/suggestion.ts";
import type { ServedObject } from "../../../gateway/control-api.ts";
import type { CliContext } from "../cli-context.ts";
import { CliError } from "../cli-error.ts";
import { escapeControls } from "../colour.ts";
import type { WantedObjects } from "../get-request.ts";
import { formatObjects } from "../object-table.ts";
import type { RunningGateway } from "../running-gateways.ts";
import { formatWhole } from "../whole-objects.ts";
import { formatKindRows } from "../kind-rows.ts";
import type { GetFlags } from "../get-flags.ts";

type Kind = KindDefinition<unknown>;

/** Prints objects of kinds; throws a `CliError` when there is none of a name, or for options that a gateway cannot. */
export async function getServed(
  context: CliContext,
  running: readonly RunningGateway[],
  { wanted, flags }: { readonly wanted: readonly WantedObjects[]; readonly flags: GetFlags },
): Promise<void> {
  refuseSelections(flags);
  const found: { readonly kind: Kind; readonly items: readonly ServedObject[] }[] = [];
  for (const one of wanted) {
    const kind = findKind(one.kindWord);
    found.push({ kind, items: await selectServed(context, running, { kind, one, flags }) });
  }
  const { stdout } = context.process;
  const { output } = flags;
  const all = found.flatMap(({ items }) => items);
  if (output === "yaml" || output === "json") {
    const isOne = wanted.length === 1 && wanted[0]?.names.length === 1;
    stdout.write(await formatWhole(all.map(toWhole), { output, isOne }));
    return;
  }
  if (output === "name") {
    for (const { kind, items } of found) {
      const group = kind.group === "" ? "" : `.${kind.group}`;
      const lines = items.map(
        ({ object }) => `${kind.kind.toLowerCase()}${group}/${object.metadata.name}\n`,
      );
      stdout.write(
        lines.map((line) => escapeControls(line.trimEnd())).join("\n") +
          (lines.length > 0 ? "\n" : ""),
      );
    }
    return;
  }
  const tables = found.filter(({ items }) => items.length > 0);
  const [first] = running;
  const texts = tables.map(({ kind, items }) =>
    formatObjects(items, {
      kind,
      isWide: output === "wide",
      hasNamespace: flags.allNamespaces === true,
      hasHeadings: flags.noHeaders !== true,
      nowMs: context.now(),
      servedSince: first?.status.startedAt ?? "",
    }),
  );
  stdout.write(texts.join("\n"));
}

async function selectServed(
  context: CliContext,
  running: readonly RunningGateway[],
  {
    kind,
    one,
    flags,
  }: { readonly kind: Kind; readonly one: WantedObjects; readonly flags: GetFlags },
): Promise<readonly ServedObject[]> {
  const items = await loadObjects(running, kind.kind);
  const { namespace = DEFAULT_NAMESPACE, allNamespaces = false } = flags;
  const inNamespace = items.filter(
    ({ object }) => allNamespaces || object.metadata.namespace === namespace,
  );
  if (one.names.length > 0) {
    return one.names.flatMap((name) => {
      const found = inNamespace.filter(({ object }) => object.metadata.name === name);
      if (found.length === 0) throw notFound({ kind, name, items, namespace });
      return found;
    });
  }
  const isForPeople = flags.output === undefined || flags.output === "wide";
  if (inNamespace.length === 0 && isForPeople) {
    const others = items.length === 0 ? "" : `; ${items.length} elsewhere: add -A`;
    const place = allNamespaces ? "" : ` in namespace "${namespace}"`;
    context.process.stderr.write(`No ${kind.plural}${place}${others}\n`);
  }
  return inNamespace;
}

function refuseSelections(flags: GetFlags): void {
  const names = {
    selector: "-l",
    "field-selector": "--field-selector",
    watch: "-w",
    limit: "--limit",
  } as const;
  for (const [flag, option] of Object.entries(names)) {
    if (Reflect.get(flags, flag) === undefined) continue;
    throw new CliError(
      `Cannot use ${option}: no API server runs, and gateways list only all that they serve\nStart one with a gateway: clrk dev -f DIR`,
    );
  }
}

/** Prints the kinds with how many objects of each gateways serve. */
export async function getServedKinds(
  context: CliContext,
  running: readonly RunningGateway[],
  output: GetFlags["output"],
): Promise<void> {
  const items = await loadObjects(running, undefined);
  context.process.stdout.write(await formatKinds(items, output));
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
  return formatKindRows(rows, output);
}

/** The object as kubectl would show it: what we know besides goes into its status. */
export function toWhole({ object, conditions, tier, source }: ServedObject): object {
  const status = typeof object.status === "object" ? object.status : {};
  return { ...object, status: { ...status, conditions, ...(tier && { tier }), source } };
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
