/** `clrk agents`, `clrk pools` and `clrk invocations`: lists with the columns that a person wants. */
import { ageSince, formatAge } from "../age.ts";
import { agentRows, usageCells, usageJson, usageOf } from "../agent-rows.ts";
import { findResource } from "../api-resources.ts";
import type { CliContext } from "../cli-context.ts";
import { CliError } from "../cli-error.ts";
import { mapOf, numberOf, textOf } from "../json-parts.ts";
import { listObjects } from "../object-reads.ts";
import type { ObjectTable, Selection } from "../object-reads.ts";
import type { ObjectServer, ServingGateways } from "../object-source.ts";
import { findRunningGateways } from "../running-gateways.ts";
import { namespaceOf } from "../stored-object.ts";
import type { StoredObject } from "../stored-object.ts";
import { agentKinds, parseAgentWord } from "../telemetry/agent-reference.ts";
import { parseMoment } from "../telemetry/moment.ts";
import { readOption } from "../telemetry/read-option.ts";
import { showView } from "../view-output.ts";
import type { ViewFlags, ViewRow } from "../view-output.ts";

/** Options of `clrk agents`. */
export interface AgentsFlags extends ViewFlags {
  /** As `parseMoment()` takes it */
  readonly since?: string;
}

/** Options of `clrk invocations`. */
export interface InvocationsFlags extends AgentsFlags {
  /** `NAME` or `KIND/NAME` */
  readonly agent?: string;
  readonly limit?: number;
}

type Source = ObjectServer | ServingGateways;

/** Invocations that are shown, and where a time says which. */
const defaultInvocations = 50;
const defaultSinceInvocations = 1_000;

/** Invocations whose usage is added up: a server may have 200,000, of which reading takes minutes. */
const mostCounted = 10_000;

/** Prints agents of all kinds. */
export async function agents(this: CliContext, flags: AgentsFlags): Promise<void> {
  const since = sinceOf(this, flags);
  await showView(this, flags, {
    name: "agents",
    headings: ["NAME", "KIND", "PHASE", "REQUESTS", "TOKENS", "COST", "DENIED", "LAST SEEN"],
    wideHeadings: ["POOL", "REVISION", "IMAGE"],
    isNarrowed: [since, flags.selector].some((one) => one !== undefined),
    load: (source) => loadAgents(this, source, { ...flags, ...(since !== undefined && { since }) }),
  });
}

async function loadAgents(context: CliContext, source: Source, flags: AgentsFlags) {
  const { selector } = flags;
  const [tasks, daemons, counted] = await Promise.all([
    listOf(source, flags, { word: "taskagents", ...labels(selector) }),
    listOf(source, flags, { word: "daemonagents", ...labels(selector) }),
    listOf(source, flags, { word: "invocations", limit: mostCounted, ...startedSince(flags) }),
  ]);
  const objects = objectsOf(tasks).concat(objectsOf(daemons));
  const byKey = new Map(objects.map((one) => [keyOf(one.kind, one), one]));
  const invocations = counted === undefined ? undefined : objectsOf(counted);
  const rows = agentRows({ objects, invocations, runs: await runsOf(context, source, flags) })
    // Only objects have labels.
    .filter(
      (row) => selector === undefined || byKey.has(`${row.kind} ${row.namespace}/${row.name}`),
    )
    .map((row): ViewRow => {
      const { usage, ...facts } = row;
      const { namespace, name, kind, phase } = row;
      const age = ageOf(row.lastSeen, context);
      const object = byKey.get(`${kind} ${namespace}/${name}`);
      return {
        namespace,
        word: `${kind.toLowerCase()}/${name}`,
        cells: [
          name,
          kind,
          phase || "-",
          ...usageCells(usage),
          age === "" ? "never" : `${age} ago`,
        ],
        wide: wideCells(object),
        json: { ...facts, usage: usageJson(usage) },
      };
    });
  const note =
    counted?.hasMore === true
      ? `Counted are the newest ${mostCounted} invocations; of a shorter time: --since 24h`
      : "";
  return { rows, note };
}

function keyOf(kind: string, object: StoredObject): string {
  return `${kind} ${namespaceOf(object)}/${object.metadata.name}`;
}

function wideCells(agent: StoredObject | undefined): readonly string[] {
  const spec = mapOf(agent?.["spec"]);
  const template = mapOf(mapOf(spec["template"])["spec"]);
  const revision = textOf(mapOf(agent?.["status"])["latestReadyRevisionName"]);
  return [textOf(spec["workerPoolRef"]), revision, textOf(template["image"])].map(
    (text) => text || "-",
  );
}

/** Commands of `clrk run` that go on now, where the server is that of this home. */
async function runsOf(context: CliContext, source: Source, flags: AgentsFlags) {
  const isOwn = source.kind === "gateways" || source.client.target.isOwn;
  const running = isOwn ? (await findRunningGateways(context.home)).answering : [];
  const namespace = namespaceOfView(source, flags);
  return running
    .flatMap(({ status }) => status.runs)
    .map((run) => ({ ...run, namespace: run.gateway.split("/")[0] ?? "" }))
    .filter((run) => namespace === "" || run.namespace === namespace);
}

/** Prints WorkerPools. */
export async function pools(this: CliContext, flags: ViewFlags): Promise<void> {
  await showView(this, flags, {
    name: "pools",
    headings: ["NAME", "REPLICAS", "READY", "ACTIVE", "AGE"],
    wideHeadings: ["PER WORKER", "IMAGE"],
    isNarrowed: flags.selector !== undefined,
    load: async (source) => {
      const found = await listOf(source, flags, { word: "workerpools", ...labels(flags.selector) });
      return { rows: needed(found, "pools").map((one) => poolRow(this, one)), note: "" };
    },
  });
}

function poolRow(context: CliContext, object: StoredObject): ViewRow {
  const [spec, status] = [mapOf(object["spec"]), mapOf(object["status"])];
  const replicas = numberOf(spec["replicas"]);
  const ready = numberOf(status["readyReplicas"]);
  const active = numberOf(status["activeExecutions"]);
  const namespace = namespaceOf(object);
  const { name } = object.metadata;
  const createdAt = textOf(object.metadata["creationTimestamp"]);
  const most = spec["maxExecutionsPerWorker"];
  return {
    namespace,
    word: `workerpool.clrk.apoxy.dev/${name}`,
    cells: [name, String(replicas), String(ready), String(active), ageOf(createdAt, context)],
    wide: [
      most === undefined ? "-" : String(most),
      textOf(mapOf(spec["template"])["image"]) || "-",
    ],
    json: { namespace, name, replicas, ready, active, createdAt },
  };
}

/** Prints the newest invocations. */
export async function invocations(this: CliContext, flags: InvocationsFlags): Promise<void> {
  const since = sinceOf(this, flags);
  const limit = flags.limit ?? (since === undefined ? defaultInvocations : defaultSinceInvocations);
  const about = {
    word: "invocations",
    limit,
    ...labels(flags.selector),
    ...fieldsOf(flags.agent),
    ...startedSince({ ...(since !== undefined && { since }) }),
  };
  await showView(this, flags, {
    name: "invocations",
    headings: ["NAME", "AGENT", "PHASE", "REQUESTS", "TOKENS", "COST", "DENIED", "AGE"],
    wideHeadings: ["KIND", "TRIGGER", "STARTED", "TRACE"],
    isNarrowed: [since, flags.selector, flags.agent].some((one) => one !== undefined),
    load: async (source) => {
      const found = await listOf(source, flags, about);
      const rows = needed(found, "invocations")
        .toSorted((left, right) => Date.parse(createdAt(right)) - Date.parse(createdAt(left)))
        .slice(0, limit)
        .map((object) => invocationRow(this, object));
      const hasMore = found?.hasMore === true && flags.limit === undefined;
      return { rows, note: hasMore ? `There are more than these ${limit}: --limit N` : "" };
    },
  });
}

/** Only of one agent, in the words of the server. */
function fieldsOf(agent: string | undefined): Pick<Selection, "fieldSelector"> {
  if (agent === undefined) return {};
  const { plural, name } = readOption("--agent", agent, parseAgentWord);
  const kind = plural === undefined ? "" : `,spec.parentRef.kind=${agentKinds[plural]}`;
  return { fieldSelector: `spec.parentRef.name=${name}${kind}` };
}

function createdAt({ metadata }: StoredObject): string {
  return textOf(metadata["creationTimestamp"]);
}

function invocationRow(context: CliContext, object: StoredObject): ViewRow {
  const status = mapOf(object["status"]);
  const { startTime, completionTime, exitCode } = status;
  const usage = usageOf(object);
  const parent = mapOf(mapOf(object["spec"])["parentRef"]);
  const [agent, kind] = [textOf(parent["name"]), textOf(parent["kind"])];
  const trigger = textOf(mapOf(mapOf(object["spec"])["trigger"])["type"]);
  const traceId = mapOf(status["trace"])["traceID"];
  const namespace = namespaceOf(object);
  const { name } = object.metadata;
  const phase = textOf(status["phase"]);
  const shown = typeof exitCode === "number" && exitCode !== 0 ? `${phase} (${exitCode})` : phase;
  const identity = { namespace, name, agent, kind, trigger, phase };
  return {
    namespace,
    word: `invocation.clrk.apoxy.dev/${name}`,
    cells: [name, agent, shown, ...usageCells(usage), ageOf(createdAt(object), context)],
    wide: [kind, trigger, textOf(startTime), textOf(traceId)].map((text) => text || "-"),
    json: { ...identity, startTime, completionTime, exitCode, traceId, usage: usageJson(usage) },
  };
}

/** A moment of RFC 3339; undefined where none is asked for. */
function sinceOf(context: CliContext, { since }: AgentsFlags): string | undefined {
  if (since === undefined) return undefined;
  return readOption("--since", since, (text) => parseMoment(text, context.now()));
}

/** Lists of invocations are the newest first: what began before ends them. */
function startedSince({ since }: Pick<AgentsFlags, "since">): Pick<Selection, "ends"> {
  if (since === undefined) return {};
  const sinceMs = Date.parse(since);
  return { ends: (object) => Date.parse(createdAt(object)) < sinceMs };
}

function labels(selector: string | undefined): Pick<Selection, "labelSelector"> {
  return selector === undefined ? {} : { labelSelector: selector };
}

function objectsOf(table: ObjectTable | undefined): readonly StoredObject[] {
  return (table?.rows ?? []).map(({ object }) => object);
}

/** Objects of the kind; undefined where there is no server, or it has no such kind. */
async function listOf(
  source: Source,
  flags: ViewFlags,
  { word, ...selection }: Selection & { readonly word: string },
): Promise<ObjectTable | undefined> {
  if (source.kind === "gateways") return undefined;
  const resource = findResource(source.resources, `${word}.clrk.apoxy.dev`);
  if (resource === undefined) return undefined;
  const namespace = namespaceOfView(source, flags);
  return await listObjects(source.client, resource, { ...selection, namespace });
}

function namespaceOfView(source: Source, { namespace, allNamespaces }: ViewFlags): string {
  if (allNamespaces === true) return "";
  return namespace ?? (source.kind === "server" ? source.client.target.namespace : "default");
}

function needed(table: ObjectTable | undefined, name: string): readonly StoredObject[] {
  if (table !== undefined) return objectsOf(table);
  throw new CliError(
    `Cannot show ${name}: no API server has them\nStart one: clrk dev -f DIR; see what is asked: clrk context list`,
  );
}

function ageOf(time: string, context: CliContext): string {
  const ageMs = ageSince(time, context.now());
  return ageMs === undefined ? "" : formatAge(ageMs);
}
