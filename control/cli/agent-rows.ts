/**
 * Agents as a person wants to see them: those that are objects, those of `clrk run`, and what their invocations used.
 * A pure function. What nobody counted stays unknown, it is never shown as 0.
 */
import { formatMicroDollars, parseMicroDollars } from "../../crds/money.ts";
import type { JsonMap } from "./json-parts.ts";
import { mapOf, numberOf, textOf } from "./json-parts.ts";
import { namespaceOf } from "./stored-object.ts";
import type { StoredObject } from "./stored-object.ts";

/** What was used. */
export interface AgentUsage {
  readonly requests: number;
  readonly denials: number;
  /** Undefined where only a gateway counted, which knows no sums of tokens */
  readonly models: ModelUsage | undefined;
}

/** What calls of models used. */
export interface ModelUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Millionths of a US dollar, of the calls that have a price */
  readonly microDollars: number;
  /** Calls that took tokens and have no known price */
  readonly unpriced: number;
}

/** One agent; times are RFC 3339, `""` where they are not known. */
export interface AgentRow {
  readonly namespace: string;
  readonly name: string;
  /** `TaskAgent`, `DaemonAgent`, or `Process` for a command of `clrk run` */
  readonly kind: string;
  readonly phase: string;
  /** Undefined where nothing counts it */
  readonly usage: AgentUsage | undefined;
  readonly lastSeen: string;
}

/** A command of `clrk run`, as the gateway tells it. */
export interface RunFacts {
  readonly namespace: string;
  readonly agent: string;
  readonly since: string;
  readonly requests: number;
  readonly denied: number;
}

/** All agents, by namespace and name. */
export function agentRows(facts: {
  /** TaskAgents and DaemonAgents */
  readonly objects: readonly StoredObject[];
  /** Invocations; undefined where the server has none */
  readonly invocations: readonly StoredObject[] | undefined;
  readonly runs: readonly RunFacts[];
}): readonly AgentRow[] {
  const rows = new Map<string, AgentRow>();
  for (const object of facts.objects) {
    const row = rowOf(object, facts.invocations !== undefined);
    rows.set(keyOf(row), row);
  }
  for (const invocation of facts.invocations ?? []) {
    const parent = mapOf(mapOf(invocation["spec"])["parentRef"]);
    const own = {
      namespace: namespaceOf(invocation),
      name: textOf(parent["name"]),
      kind: textOf(parent["kind"]),
    };
    const before = rows.get(keyOf(own));
    rows.set(keyOf(own), withInvocation(before ?? { ...own, ...unseen }, invocation));
  }
  for (const run of facts.runs) {
    const own = { namespace: run.namespace, name: run.agent, kind: "Process" };
    const before = rows.get(keyOf(own));
    const isCounted = facts.invocations !== undefined;
    rows.set(
      keyOf(own),
      withRun(before ?? { ...own, ...unseen, usage: undefined }, { run, isCounted }),
    );
  }
  return [...rows.values()].toSorted((left, right) => compare(sortKey(left), sortKey(right)));
}

const noModels: ModelUsage = { inputTokens: 0, outputTokens: 0, microDollars: 0, unpriced: 0 };

const nothing: AgentUsage = { requests: 0, denials: 0, models: noModels };

const unseen = { phase: "", usage: nothing, lastSeen: "" };

type AgentName = Pick<AgentRow, "kind" | "name" | "namespace">;

function keyOf({ namespace, kind, name }: AgentName): string {
  return `${namespace}/${kind}/${name}`;
}

function sortKey({ namespace, kind, name }: AgentName): string {
  return `${namespace}/${name}/${kind}`;
}

function compare(left: string, right: string): number {
  return left < right ? -1 : Number(left > right);
}

function rowOf(object: StoredObject, isCounted: boolean): AgentRow {
  const status = mapOf(object["status"]);
  const active = numberOf(status["activeExecutions"]);
  const phase = textOf(status["phase"]) || (active > 0 ? "Running" : "Idle");
  return {
    namespace: namespaceOf(object),
    name: object.metadata.name,
    kind: object.kind,
    phase,
    usage: isCounted ? nothing : undefined,
    lastSeen: "",
  };
}

function withInvocation(row: AgentRow, invocation: StoredObject): AgentRow {
  const status = mapOf(invocation["status"]);
  const started = textOf(status["startTime"]) || textOf(invocation.metadata["creationTimestamp"]);
  const seen = textOf(status["completionTime"]) || started;
  const isLater = seen >= row.lastSeen;
  const isObject = row.kind !== "Process" && row.phase !== "";
  return {
    ...row,
    usage: add(row.usage ?? nothing, usageOf(invocation)),
    lastSeen: isLater ? seen : row.lastSeen,
    phase: isObject || !isLater ? row.phase : textOf(status["phase"]),
  };
}

/** What one invocation used. */
export function usageOf(invocation: StoredObject): AgentUsage {
  const usage: JsonMap = mapOf(mapOf(invocation["status"])["usage"]);
  return {
    requests: numberOf(usage["requests"]),
    denials: numberOf(usage["denials"]),
    models: {
      inputTokens: numberOf(usage["inputTokens"]),
      outputTokens: numberOf(usage["outputTokens"]),
      microDollars: amountOf(textOf(usage["cost"])),
      unpriced: numberOf(usage["unpriced"]),
    },
  };
}

function amountOf(text: string): number {
  // Another version's form is no reason to show nothing at all.
  return /^\d{1,9}(?:\.\d{1,6})?$/.test(text) ? parseMicroDollars(text) : 0;
}

function add(left: AgentUsage, right: AgentUsage): AgentUsage {
  return {
    requests: left.requests + right.requests,
    denials: left.denials + right.denials,
    models: left.models && right.models && addModels(left.models, right.models),
  };
}

function addModels(left: ModelUsage, right: ModelUsage): ModelUsage {
  return {
    inputTokens: left.inputTokens + right.inputTokens,
    outputTokens: left.outputTokens + right.outputTokens,
    microDollars: left.microDollars + right.microDollars,
    unpriced: left.unpriced + right.unpriced,
  };
}

/** A gateway counts requests of its runs itself, which is all that is known without invocations. */
function withRun(
  row: AgentRow,
  { run, isCounted }: { readonly run: RunFacts; readonly isCounted: boolean },
): AgentRow {
  const counted = { requests: run.requests, denials: run.denied, models: undefined };
  const own = row.usage === undefined ? counted : add(row.usage, counted);
  return {
    ...row,
    phase: "Running",
    lastSeen: laterOf(row.lastSeen, run.since),
    usage: isCounted ? (row.usage ?? nothing) : own,
  };
}

/** RFC 3339 in one form sorts as text; an unknown time is the earliest. */
function laterOf(left: string, right: string): string {
  return compare(left, right) > 0 ? left : right;
}

/** The usage as a program reads it: cost as decimal text of US dollars; what is not known is left out. */
export function usageJson(usage: AgentUsage | undefined): object | undefined {
  if (usage === undefined) return undefined;
  const { requests, denials, models } = usage;
  if (models === undefined) return { requests, denials };
  const { microDollars, ...tokens } = models;
  return { requests, denials, ...tokens, cost: formatMicroDollars(microDollars) };
}

/** Cells of REQUESTS, TOKENS, COST and DENIED; `-` for what is not known. */
export function usageCells(usage: AgentUsage | undefined): readonly string[] {
  const models = usage?.models;
  const tokens = models && `${models.inputTokens} → ${models.outputTokens}`;
  const more = models !== undefined && models.unpriced > 0 ? "+?" : "";
  return [
    usage === undefined ? "-" : String(usage.requests),
    tokens ?? "-",
    models === undefined ? "-" : `$${formatMicroDollars(models.microDollars)}${more}`,
    usage === undefined ? "-" : String(usage.denials),
  ];
}
