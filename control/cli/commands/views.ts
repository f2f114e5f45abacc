/** `clrk agents`, `clrk pools` and `clrk invocations`: lists with the columns that a person wants. */
import { setTimeout as wait } from "node:timers/promises";
import { ageSince, formatAge } from "../age.ts";
import { agentRows, usageCells, usageJson, usageOf } from "../agent-rows.ts";
import { ApiError } from "../api-error.ts";
import { findResource } from "../api-resources.ts";
import type { ApiFlags } from "../api-target.ts";
import type { CliContext } from "../cli-context.ts";
import { CliError } from "../cli-error.ts";
import { mapOf, numberOf, textOf } from "../json-parts.ts";
import { listObjects } from "../object-reads.ts";
import { openObjects } from "../object-source.ts";
import type { ObjectServer, ServingGateways } from "../object-source.ts";
import { findRunningGateways } from "../running-gateways.ts";
import { namespaceOf } from "../stored-object.ts";
import type { StoredObject } from "../stored-object.ts";
import { formatTable } from "../table.ts";
import { toJson, toJsonLine } from "../whole-objects.ts";

/** Options of every view. */
export interface ViewFlags extends ApiFlags {
  readonly namespace?: string;
  readonly allNamespaces?: boolean;
  readonly output?: "json";
  readonly watch?: boolean;
}

/** Options of `clrk invocations`. */
export interface InvocationsFlags extends ViewFlags {
  readonly agent?: string;
  readonly limit?: number;
}

/** Time between two looks with `-w`: what is shown are sums, of which there are no events. */
const lookMs = 2_000;

const defaultInvocations = 50;

/** One line of a view. */
interface ViewRow {
  readonly key: string;
  readonly cells: readonly string[];
  readonly json: object;
}

interface View {
  /** Member of the JSON, and what is said when there are none */
  readonly name: string;
  readonly headings: readonly string[];
  readonly load: (source: ObjectServer | ServingGateways) => Promise<readonly ViewRow[]>;
}

/** Prints agents of all kinds. */
export async function agents(this: CliContext, flags: ViewFlags): Promise<void> {
  await show(this, flags, {
    name: "agents",
    headings: ["NAME", "KIND", "PHASE", "REQUESTS", "TOKENS", "COST", "DENIED", "LAST SEEN"],
    load: (source) => loadAgents(this, source, flags),
  });
}

async function loadAgents(
  context: CliContext,
  source: ObjectServer | ServingGateways,
  flags: ViewFlags,
): Promise<readonly ViewRow[]> {
  const [tasks, daemons, invocations] = await Promise.all(
    ["taskagents", "daemonagents", "invocations"].map((word) => listOf(source, flags, word)),
  );
  const isOwn = source.kind === "gateways" || source.client.target.isOwn;
  const running = isOwn ? (await findRunningGateways(context.home)).answering : [];
  const namespace = namespaceOfView(source, flags);
  const runs = running
    .flatMap(({ status }) => status.runs)
    .map((run) => ({ ...run, namespace: run.gateway.split("/")[0] ?? "" }))
    .filter((run) => namespace === "" || run.namespace === namespace);
  const objects = [...(tasks ?? []), ...(daemons ?? [])];
  return agentRows({ objects, invocations, runs }).map((row) => {
    const { usage, ...facts } = row;
    const age = ageOf(row.lastSeen, context);
    const lead = [row.name, row.kind, row.phase || "-"];
    const cells = [...lead, ...usageCells(usage), age === "" ? "never" : `${age} ago`];
    return {
      key: `${row.namespace}/${row.kind}/${row.name}`,
      cells: flags.allNamespaces === true ? [row.namespace, ...cells] : cells,
      json: { ...facts, usage: usageJson(usage) },
    };
  });
}

/** Prints WorkerPools. */
export async function pools(this: CliContext, flags: ViewFlags): Promise<void> {
  await show(this, flags, {
    name: "pools",
    headings: ["NAME", "REPLICAS", "READY", "ACTIVE", "AGE"],
    load: async (source) => {
      const objects = needed(await listOf(source, flags, "workerpools"), "pools");
      return objects.map((object) => poolRow(this, object, flags));
    },
  });
}

function poolRow(context: CliContext, object: StoredObject, flags: ViewFlags): ViewRow {
  const status = mapOf(object["status"]);
  const replicas = numberOf(mapOf(object["spec"])["replicas"]);
  const ready = numberOf(status["readyReplicas"]);
  const active = numberOf(status["activeExecutions"]);
  const namespace = namespaceOf(object);
  const { name } = object.metadata;
  const createdAt = textOf(object.metadata["creationTimestamp"]);
  const cells = [name, String(replicas), String(ready), String(active), ageOf(createdAt, context)];
  return {
    key: `${namespace}/${name}`,
    cells: flags.allNamespaces === true ? [namespace, ...cells] : cells,
    json: { namespace, name, replicas, ready, active, createdAt },
  };
}

/** Prints the newest invocations. */
export async function invocations(this: CliContext, flags: InvocationsFlags): Promise<void> {
  const { agent, limit = defaultInvocations } = flags;
  const headings = ["NAME", "AGENT", "PHASE", "REQUESTS", "TOKENS", "COST", "DENIED", "AGE"];
  await show(this, flags, {
    name: "invocations",
    headings,
    load: async (source) => {
      const objects = needed(await listOf(source, flags, "invocations"), "invocations");
      return objects
        .filter((object) => agent === undefined || parentOf(object).name === agent)
        .toSorted((left, right) => Date.parse(createdAt(right)) - Date.parse(createdAt(left)))
        .slice(0, limit)
        .map((object) => invocationRow(this, object, flags));
    },
  });
}

function createdAt({ metadata }: StoredObject): string {
  return textOf(metadata["creationTimestamp"]);
}

function parentOf(object: StoredObject): { readonly kind: string; readonly name: string } {
  const { kind, name } = mapOf(mapOf(object["spec"])["parentRef"]);
  return { kind: textOf(kind), name: textOf(name) };
}

function invocationRow(context: CliContext, object: StoredObject, flags: ViewFlags): ViewRow {
  const status = mapOf(object["status"]);
  const { startTime, completionTime, exitCode } = status;
  const usage = usageOf(object);
  const parent = parentOf(object);
  const namespace = namespaceOf(object);
  const { name } = object.metadata;
  const phase = textOf(status["phase"]);
  const shown = typeof exitCode === "number" && exitCode !== 0 ? `${phase} (${exitCode})` : phase;
  const cells = [name, parent.name, shown, ...usageCells(usage), ageOf(createdAt(object), context)];
  return {
    key: `${namespace}/${name}`,
    cells: flags.allNamespaces === true ? [namespace, ...cells] : cells,
    json: {
      namespace,
      name,
      agent: parent.name,
      kind: parent.kind,
      trigger: textOf(mapOf(mapOf(object["spec"])["trigger"])["type"]),
      phase,
      startTime,
      completionTime,
      exitCode,
      traceId: mapOf(status["trace"])["traceID"],
      usage: usageJson(usage),
    },
  };
}

/** Objects of the kind; undefined where there is no server, or it has no such kind. */
async function listOf(
  source: ObjectServer | ServingGateways,
  flags: ViewFlags,
  word: string,
): Promise<readonly StoredObject[] | undefined> {
  if (source.kind === "gateways") return undefined;
  const resource = findResource(source.resources, `${word}.clrk.apoxy.dev`);
  if (resource === undefined) return undefined;
  const namespace = namespaceOfView(source, flags);
  const { rows } = await listObjects(source.client, resource, { namespace });
  return rows.map(({ object }) => object);
}

function namespaceOfView(
  source: ObjectServer | ServingGateways,
  { namespace, allNamespaces }: ViewFlags,
): string {
  if (allNamespaces === true) return "";
  return namespace ?? (source.kind === "server" ? source.client.target.namespace : "default");
}

function needed<T>(list: readonly T[] | undefined, name: string): readonly T[] {
  if (list !== undefined) return list;
  throw new CliError(
    `Cannot show ${name}: no API server has them\nStart one: clrk dev -f DIR; see what is asked: clrk context list`,
  );
}

function ageOf(time: string, context: CliContext): string {
  const ageMs = ageSince(time, context.now());
  return ageMs === undefined ? "" : formatAge(ageMs);
}

async function show(context: CliContext, flags: ViewFlags, view: View): Promise<void> {
  const { stdout, stderr } = context.process;
  const source = await openObjects(context, flags);
  const rows = await view.load(source);
  const headings = flags.allNamespaces === true ? ["NAMESPACE", ...view.headings] : view.headings;
  if (flags.watch === true) {
    await follow(context, flags, { view, source, rows, headings });
    return;
  }
  if (flags.output === "json") {
    stdout.write(toJson({ [view.name]: rows.map(({ json }) => json) }));
    return;
  }
  if (rows.length > 0)
    stdout.write(formatTable({ headings, rows: rows.map(({ cells }) => cells) }));
  else {
    const place = flags.allNamespaces === true ? "" : " here; look everywhere: -A";
    stderr.write(`No ${view.name}${place}\n`);
  }
}

interface Following {
  readonly view: View;
  readonly source: ObjectServer | ServingGateways;
  readonly rows: readonly ViewRow[];
  readonly headings: readonly string[];
}

/** Looks again and again, and prints what differs; a server that is away is told once. */
async function follow(context: CliContext, flags: ViewFlags, start: Following): Promise<void> {
  const { view, source, headings } = start;
  const { stdout, stderr } = context.process;
  const controller = new AbortController();
  const { signal } = controller;
  const release = context.onInterrupt(() => controller.abort());
  const known = new Map<string, string>();
  let { rows } = start;
  let hasHeadings = true;
  let isLost = false;
  while (!signal.aborted) {
    const changed = rows.filter(({ key, json }) => known.get(key) !== JSON.stringify(json));
    for (const { key, json } of changed) known.set(key, JSON.stringify(json));
    if (flags.output === "json") {
      for (const { json } of changed) stdout.write(toJsonLine(json));
    } else if (changed.length > 0) {
      const table = { headings, rows: changed.map(({ cells }) => cells) };
      stdout.write(formatTable(table, { hasHeadings }));
      hasHeadings = false;
    }
    await wait(lookMs, undefined, { signal }).catch(() => {}); // ended
    if (signal.aborted) break;
    try {
      rows = await view.load(source);
      isLost = false;
    } catch (error) {
      if (!(error instanceof ApiError) || error.failure !== "unreachable") throw error;
      if (!isLost) stderr.write(`${error.message.split("\n")[0]}; waiting for it\n`);
      isLost = true;
    }
  }
  release();
}
