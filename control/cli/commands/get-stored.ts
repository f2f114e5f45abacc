/** `clrk get` from an API server: lists over all pages, single objects, and what changes. */
import { findKind } from "../../../crds/kinds.ts";
import { findSuggestion } from "../../../crds/suggestion.ts";
import type { ServedObject } from "../../../gateway/control-api.ts";
import { whyUnused } from "../../../gateway/unused-kinds.ts";
import { ApiError } from "../api-error.ts";
import { formatObjectName, getResource } from "../api-resources.ts";
import type { ApiResource } from "../api-resources.ts";
import type { CliContext } from "../cli-context.ts";
import { CliError, EXIT_CODE } from "../cli-error.ts";
import { escapeControls } from "../colour.ts";
import type { WantedObjects } from "../get-request.ts";
import { formatKindRows } from "../kind-rows.ts";
import { getObject, listObjects } from "../object-reads.ts";
import type { ObjectRow, ObjectTable, Selection } from "../object-reads.ts";
import type { ObjectServer } from "../object-source.ts";
import { formatObjects } from "../object-table.ts";
import { watchObjects } from "../object-watch.ts";
import type { ObjectEvent } from "../object-watch.ts";
import { findRunningGateways } from "../running-gateways.ts";
import { formatServerTable, GrowingTable } from "../server-table.ts";
import { joinServed } from "../served-join.ts";
import { shownForm } from "../stored-object.ts";
import { formatWhole, toJsonLine, toYaml } from "../whole-objects.ts";
import type { GetFlags } from "../get-flags.ts";
import { toWhole } from "./get-served.ts";

/** What is asked for. */
export interface StoredQuestion {
  readonly wanted: readonly WantedObjects[];
  readonly flags: GetFlags;
}

/** Rows of one kind, joined with what gateways know of them where they do. */
interface Found {
  readonly resource: ApiResource;
  readonly table: ObjectTable;
  readonly served: readonly ServedObject[] | undefined;
}

const mostCounted = 1_000;

/** Prints the kinds that the server has, with how many objects there are of each. */
export async function getStoredKinds(
  context: CliContext,
  { client, resources }: ObjectServer,
  { output }: GetFlags,
): Promise<void> {
  const rows = await Promise.all(
    resources.filter(isFirstOfItsName).map(async (resource) => {
      const { group, version, kind, plural, shortNames } = resource;
      const apiVersion = group === "" ? version : `${group}/${version}`;
      const count = await countObjects(client, resource).catch(unlessForbidden);
      return { kind, plural, shortNames, apiVersion, ...(count ?? { objects: undefined }) };
    }),
  );
  context.process.stdout.write(await formatKindRows(rows, output));
}

/** Events have two groups, and are the same in both. */
function isFirstOfItsName({ plural }: ApiResource, index: number, all: readonly ApiResource[]) {
  return all.findIndex((other) => other.plural === plural) === index;
}

/** Not every resource says how many objects it has left out: of one that does not, as many are counted as a page holds. */
async function countObjects(client: ObjectServer["client"], resource: ApiResource) {
  const first = await listObjects(client, resource, { limit: 1 });
  if (!first.hasMore || first.remaining > 0) {
    return { objects: first.rows.length + first.remaining };
  }
  const { rows, hasMore } = await listObjects(client, resource, { limit: mostCounted });
  return { objects: rows.length, ...(hasMore && { isAtLeast: true }) };
}

function unlessForbidden(error: unknown): undefined {
  if (error instanceof ApiError && error.failure === "forbidden") return undefined;
  throw error;
}

/** Prints objects. Throws a `CliError` when one of the names is not there, after all that are. */
export async function getStored(
  context: CliContext,
  server: ObjectServer,
  { wanted, flags }: StoredQuestion,
): Promise<void> {
  const missing: CliError[] = [];
  const found: Found[] = [];
  for (const one of wanted) {
    const resource = getResource(server.resources, one.kindWord, "get");
    const table = await readWanted(server, resource, { one, flags, missing });
    found.push({
      resource,
      table,
      served: await servedOf(context, server, { resource, table, flags, one }),
    });
  }
  const isOne = wanted.length === 1 && wanted[0]?.names.length === 1;
  if (!(isOne && missing.length > 0)) await printFound(context, found, { flags, isOne });
  await tellRest(context, server, { found, wanted, flags });
  throwMissing(context, missing);
}

function throwMissing(context: CliContext, missing: readonly CliError[]): void {
  const [first, ...others] = missing;
  if (first === undefined) return;
  if (others.length === 0) throw first;
  for (const error of missing) context.process.stderr.write(`clrk: ${error.message}\n`);
  context.process.exitCode = EXIT_CODE.failed;
}

interface WantedQuestion {
  readonly one: WantedObjects;
  readonly flags: GetFlags;
  readonly missing: CliError[];
}

async function readWanted(
  server: ObjectServer,
  resource: ApiResource,
  { one, flags, missing }: WantedQuestion,
): Promise<ObjectTable> {
  const selection = selectionOf(server, resource, flags);
  if (one.names.length === 0) return listObjects(server.client, resource, selection);
  const rows: ObjectRow[] = [];
  let columns: ObjectTable["columns"] = [];
  for (const name of one.names) {
    try {
      const table = await readByName(server, resource, { name, selection });
      columns = table.columns;
      rows.push(...table.rows);
    } catch (error) {
      if (!(error instanceof ApiError) || error.failure !== "not-found") throw error;
      missing.push(await missingObject(server, resource, { name, selection }));
    }
  }
  return { columns, rows, resourceVersion: "", remaining: 0, hasMore: false };
}

interface NamedObject {
  readonly name: string;
  readonly selection: Selection;
}

function readByName(
  { client }: ObjectServer,
  resource: ApiResource,
  { name, selection }: NamedObject,
): Promise<ObjectTable> {
  const { namespace = "" } = selection;
  if (!resource.namespaced || namespace !== "")
    return getObject(client, resource, { namespace, name });
  return listObjects(client, resource, { fieldSelector: `metadata.name=${name}` });
}

function selectionOf(
  { client }: ObjectServer,
  { namespaced }: ApiResource,
  flags: GetFlags,
): Selection {
  const { namespace = client.target.namespace, allNamespaces, selector, limit } = flags;
  const fieldSelector = flags["field-selector"];
  return {
    ...(namespaced && allNamespaces !== true && { namespace }),
    ...(selector !== undefined && { labelSelector: selector }),
    ...(fieldSelector !== undefined && { fieldSelector }),
    ...(limit !== undefined && { limit }),
  };
}

/** Where the object is instead, or which name is near. Never throws: it is only advice. */
async function missingObject(
  { client }: ObjectServer,
  resource: ApiResource,
  { name, selection }: NamedObject,
): Promise<CliError> {
  const { namespace = "" } = selection;
  const all = await listObjects(client, resource, { limit: 1000 }).catch(() => undefined);
  const objects = all?.rows.map(({ object }) => object) ?? [];
  const problem = `Cannot find ${resource.kind} "${escapeControls(name)}"`;
  const elsewhere = objects.find(({ metadata }) => metadata.name === name);
  if (elsewhere !== undefined) {
    const other = escapeControls(elsewhere.metadata.namespace ?? "");
    return new CliError(
      `${problem} in namespace "${escapeControls(namespace)}": it is in "${other}"\nAdd the namespace: -n ${other}`,
    );
  }
  const guess = findSuggestion(
    name,
    objects.map(({ metadata }) => metadata.name),
  );
  const hint = guess === undefined ? "" : `; did you mean "${escapeControls(guess)}"?`;
  const step = `clrk get ${resource.plural}${resource.namespaced ? " -A" : ""}`;
  return new CliError(`${problem}: it is not there${hint}\nSee all: ${step}`);
}

/** Gateways know more of what they serve than the server: tiers, addresses, health. */
async function servedOf(
  context: CliContext,
  { client }: ObjectServer,
  {
    resource,
    table,
    flags,
    one,
  }: { resource: ApiResource; table: ObjectTable; flags: GetFlags; one: WantedObjects },
): Promise<readonly ServedObject[] | undefined> {
  const { group, version, kind } = resource;
  const definition = findKind(group === "" ? version : `${group}/${version}`, kind);
  const isServed =
    definition?.stored === true && resource.namespaced && whyUnused(kind) === undefined;
  if (!client.target.isOwn || !isServed) return undefined;
  const { answering } = await findRunningGateways(context.home);
  if (answering.length === 0) return undefined;
  const lists = await Promise.all(answering.map((running) => running.client.objects(kind)));
  const isSelected = flags.selector !== undefined || flags["field-selector"] !== undefined;
  return joinServed(table.rows, {
    served: lists.flatMap(({ items }) => items),
    // A selection is the server's to make; what it does not have, it cannot select.
    namespace: selectionOfOwn(flags, client.target.namespace),
    addsOthers: one.names.length === 0 && !isSelected && flags.limit === undefined,
  });
}

function selectionOfOwn({ namespace, allNamespaces }: GetFlags, fallback: string): string {
  return allNamespaces === true ? "" : (namespace ?? fallback);
}

async function printFound(
  context: CliContext,
  found: readonly Found[],
  { flags, isOne }: { readonly flags: GetFlags; readonly isOne: boolean },
): Promise<void> {
  const { stdout } = context.process;
  const { output } = flags;
  if (output === "json" || output === "yaml") {
    const objects = found.flatMap(
      ({ table, served }) =>
        served?.map((one) => (one.source === "" ? one.object : toWhole(one))) ??
        table.rows.map(({ object }) => shownForm(object)),
    );
    stdout.write(await formatWhole(objects, { output, isOne }));
    return;
  }
  if (output === "name") {
    for (const { resource, table, served } of found) {
      const names = (served ?? table.rows).map(({ object }) => object.metadata.name);
      for (const name of names) stdout.write(`${formatObjectName(resource, name)}\n`);
    }
    return;
  }
  const shown = found.filter(({ table, served }) => (served ?? table.rows).length > 0);
  stdout.write(shown.map((one) => formatFound(context, one, flags)).join("\n"));
}

function formatFound(context: CliContext, found: Found, flags: GetFlags): string {
  const { resource, table, served } = found;
  const isWide = flags.output === "wide";
  const hasNamespace = flags.allNamespaces === true && resource.namespaced;
  const hasHeadings = flags.noHeaders !== true;
  const { group, version, kind } = resource;
  const definition = findKind(group === "" ? version : `${group}/${version}`, kind);
  if (served === undefined || definition === undefined) {
    return formatServerTable(table.columns, table.rows, { isWide, hasNamespace, hasHeadings });
  }
  return formatObjects(served, {
    kind: definition,
    isWide,
    hasNamespace,
    hasHeadings,
    nowMs: context.now(),
    servedSince: "",
  });
}

/** What was asked for and is not shown, for people alone. */
async function tellRest(
  context: CliContext,
  { client }: ObjectServer,
  { found, wanted, flags }: StoredQuestion & { readonly found: readonly Found[] },
): Promise<void> {
  const { stderr } = context.process;
  if (flags.output !== undefined && flags.output !== "wide") return;
  for (const [index, { resource, table, served }] of found.entries()) {
    if (table.hasMore) {
      const rest = table.remaining > 0 ? `${table.remaining} more` : "There are more";
      stderr.write(`${rest} ${resource.plural}: raise --limit\n`);
    }
    const isAsked = (wanted[index]?.names.length ?? 0) > 0;
    if (isAsked || (served ?? table.rows).length > 0) continue;
    const namespace = selectionOfOwn(flags, client.target.namespace);
    const isWithin = resource.namespaced && namespace !== "";
    const place = isWithin ? ` in namespace "${escapeControls(namespace)}"` : "";
    const isSelected = flags.selector !== undefined || flags["field-selector"] !== undefined;
    const others = isWithin && !isSelected ? await countAll(client, resource) : 0;
    const hint = others === 0 ? "" : `; ${others} elsewhere: add -A`;
    stderr.write(`No ${resource.plural}${place}${isSelected ? " fit" : hint}\n`);
  }
}

async function countAll(client: ObjectServer["client"], resource: ApiResource): Promise<number> {
  // Only advice: who may not list all is told nothing.
  const table = await listObjects(client, resource, { limit: 1 }).catch(() => undefined);
  return table === undefined ? 0 : table.rows.length + table.remaining;
}

/** Prints what is there, then each change, until it is interrupted. Throws an `ApiError` when it is refused. */
export async function watchStored(
  context: CliContext,
  server: ObjectServer,
  { wanted, flags }: StoredQuestion,
): Promise<void> {
  const [one] = wanted;
  if (one === undefined || wanted.length > 1 || one.names.length > 1) {
    throw new CliError("Cannot watch: wanted one KIND, or one KIND with one NAME", {
      exitCode: EXIT_CODE.usage,
    });
  }
  const resource = getResource(server.resources, one.kindWord, "watch");
  const [name] = one.names;
  const base = selectionOf(server, resource, flags);
  const selection = name === undefined ? base : { ...base, fieldSelector: `metadata.name=${name}` };
  const print = await eventPrinter(context, resource, flags);
  await followObjects(context, server, { resource, selection, onEvent: print });
}

/** Follows until the user interrupts; a lost server is told on standard error. */
export async function followObjects(
  context: CliContext,
  { client }: Pick<ObjectServer, "client">,
  options: {
    readonly resource: ApiResource;
    readonly selection: Selection;
    readonly onEvent: (event: ObjectEvent) => void | Promise<void>;
  },
): Promise<void> {
  const { stderr } = context.process;
  const controller = new AbortController();
  const release = context.onInterrupt(() => controller.abort());
  const { selection } = options;
  try {
    const events = watchObjects(client, options.resource, {
      selection,
      signal: controller.signal,
      onLost: ({ message }) => stderr.write(`${message.split("\n")[0]}; waiting for it\n`),
    });
    for await (const event of events) await options.onEvent(event);
  } finally {
    release();
  }
}

async function eventPrinter(
  context: CliContext,
  resource: ApiResource,
  flags: GetFlags,
): Promise<(event: ObjectEvent) => void | Promise<void>> {
  const { stdout } = context.process;
  const shown = ({ type, row }: ObjectEvent) => ({ type, object: shownForm(row.object) });
  switch (flags.output) {
    case "json":
      return (event) => stdout.write(toJsonLine(shown(event)));
    case "yaml":
      return async (event) => stdout.write(`---\n${await toYaml(shown(event))}`);
    case "name":
      return ({ row }) => stdout.write(`${formatObjectName(resource, row.object.metadata.name)}\n`);
    default: {
      const table = new GrowingTable({
        isWide: flags.output === "wide",
        hasNamespace: flags.allNamespaces === true && resource.namespaced,
        hasHeadings: flags.noHeaders !== true,
      });
      return ({ type, row, columns }) => {
        stdout.write(table.add(columns, [row], type === "DELETED" ? "   (deleted)" : ""));
      };
    }
  }
}
