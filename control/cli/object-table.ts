/**
 * Served objects as the rows of `clrk get`: which columns a kind has, and what stands in them.
 * Invariant: a column shows what was observed or written, never a guess; what is missing stays empty.
 */
import type { KindDefinition } from "../../crds/kind-definition.ts";
import type { ServedObject } from "../../gateway/control-api.ts";
import { tierNames } from "../../gateway/route-tier.ts";
import { ageSince, formatAge } from "./age.ts";
import { formatTable } from "./table.ts";

/** The part of a kind that the table needs. */
export type TableKind = Pick<KindDefinition<unknown>, "kind" | "printerColumns">;

/** How much is shown. */
export interface ObjectTableOptions {
  readonly kind: TableKind;
  readonly isWide: boolean;
  /** Whether a first column names the namespace */
  readonly hasNamespace: boolean;
  /** Unix time in `ms` */
  readonly nowMs: number;
  /** ISO 8601: since when objects without a creation time are served */
  readonly servedSince: string;
  /** False leaves the headings out; true when absent */
  readonly hasHeadings?: boolean;
}

interface Column {
  readonly heading: string;
  readonly cell: (item: ServedObject) => string | undefined;
}

/** Returns the table, one line an object, in the order of namespace and name. */
export function formatObjects(items: readonly ServedObject[], options: ObjectTableOptions): string {
  const columns = columnsOf(options);
  const sorted = items.toSorted((left, right) => compare(sortKey(left), sortKey(right)));
  const table = {
    headings: columns.map(({ heading }) => heading),
    rows: sorted.map((item) => columns.map(({ cell }) => cell(item))),
  };
  return formatTable(table, { hasHeadings: options.hasHeadings !== false });
}

function sortKey({ object }: ServedObject): string {
  return `${object.metadata.namespace}/${object.metadata.name}`;
}

function compare(left: string, right: string): number {
  return left < right ? -1 : Number(left > right);
}

function columnsOf(options: ObjectTableOptions): Column[] {
  const { isWide, hasNamespace, nowMs, servedSince } = options;
  const namespace: Column = {
    heading: "NAMESPACE",
    cell: ({ object }) => object.metadata.namespace,
  };
  const name: Column = { heading: "NAME", cell: ({ object }) => object.metadata.name };
  const age: Column = {
    heading: "AGE",
    cell: ({ object }) => {
      const created = valueAt(object, ".metadata.creationTimestamp") ?? servedSince;
      const ageMs = ageSince(created, nowMs);
      return ageMs === undefined ? undefined : formatAge(ageMs);
    },
  };
  const source: Column = { heading: "SOURCE", cell: (item) => item.source };
  return [
    ...(hasNamespace ? [namespace] : []),
    name,
    ...ownColumns(options),
    age,
    ...(isWide ? [source, message] : []),
  ];
}

const message: Column = {
  heading: "MESSAGE",
  cell: ({ conditions, tier, object }) =>
    conditions.find(({ status }) => status === "False")?.message ||
    tier?.why ||
    worstSource(object)?.failure,
};

const accepted: Column = { heading: "ACCEPTED", cell: (item) => conditionOf(item, "Accepted") };

const enforcing: Column = {
  heading: "ENFORCING",
  cell: (item) => conditionOf(item, "Enforcing") ?? "True",
};

function ownColumns({ kind, isWide, nowMs }: ObjectTableOptions): Column[] {
  switch (kind.kind) {
    case "EgressGateway":
      return isWide ? [...gatewayColumns, ...wideGatewayColumns] : gatewayColumns;
    case "Backend":
      return [
        ...printed(kind),
        accepted,
        { heading: "HEALTH", cell: ({ object }) => health(object) },
      ];
    case "Secret":
      return [
        { heading: "TYPE", cell: ({ object }) => valueAt(object, ".type") },
        { heading: "KEYS", cell: ({ object }) => keysAt(object, ".data").join(",") },
        { heading: "STATE", cell: ({ object }) => secretState(object, nowMs) },
      ];
    case "Namespace":
      return [
        { heading: "LABELS", cell: ({ object }) => keysAt(object, ".metadata.labels").join(",") },
      ];
    case "AIProviderRoute":
    case "EgressHTTPRoute":
    case "EgressL4Route":
    case "MCPRoute":
      return [
        ...printed(kind),
        accepted,
        { heading: "TIER", cell: ({ tier }) => tier?.name },
        ...(isWide ? [enforcing] : []),
      ];
    default:
      return [...printed(kind), accepted];
  }
}

/** Columns that the kind itself declares, but for the age, which all have. */
function printed(kind: TableKind): Column[] {
  return kind.printerColumns
    .filter(({ name }) => name !== "Age")
    .map(({ name, jsonPath }) => ({
      heading: name.toUpperCase(),
      cell: ({ object }) => valueAt(object, jsonPath),
    }));
}

const gatewayColumns: Column[] = [
  { heading: "POLICY", cell: ({ object }) => valueAt(object, ".spec.defaultPolicy") },
  { heading: "LISTENERS", cell: ({ object }) => countAt(object, ".status.gateway.listeners") },
  { heading: "ROUTES", cell: ({ object }) => routeCount(object) },
  { heading: "TIER", cell: ({ object }) => tierCount(object) },
  { heading: "READY", cell: readiness },
];

const wideGatewayColumns: Column[] = [
  enforcing,
  { heading: "PROXY", cell: ({ object }) => endpointAt(object, ".status.gateway.explicitProxy") },
  {
    heading: "TRANSPARENT",
    cell: ({ object }) => endpointAt(object, ".status.gateway.transparent"),
  },
  { heading: "REVISION", cell: ({ object }) => valueAt(object, ".status.gateway.liveRevision") },
];

function readiness(item: ServedObject): string | undefined {
  const ready = valueAt(item.object, ".status.gateway.ready");
  if (ready !== undefined) return ready === "true" ? "True" : "False";
  return conditionOf(item, "Ready") ?? conditionOf(item, "Accepted");
}

function conditionOf({ conditions }: ServedObject, type: string): string | undefined {
  return conditions.find((condition) => condition.type === type)?.status;
}

/** Known where a rule falls back: then every attempt is looked at. */
function health(object: object): string | undefined {
  const ejectedForMs = valueAt(object, ".status.health.ejectedForMs");
  if (ejectedForMs === undefined) return undefined;
  const seconds = Math.ceil(Number(ejectedForMs) / 1_000);
  if (seconds > 0) return `ejected ${seconds}s`;
  const failures = Number(valueAt(object, ".status.health.failures") ?? 0);
  return failures > 0 ? `${failures} failed` : "ok";
}

/** Of a Secret from files, folders or commands: `current`, `stale 3m` since its value was read, or `missing`. */
function secretState(object: object, nowMs: number): string | undefined {
  const worst = worstSource(object);
  if (worst?.state !== "stale") return worst?.state;
  const ageMs = ageSince(worst.readAt, nowMs);
  return ageMs === undefined ? "stale" : `stale ${formatAge(ageMs)}`;
}

interface SourceState {
  readonly state: string;
  readonly failure: string;
  readonly readAt: string;
}

const states = ["missing", "stale", "current"];

function worstSource(object: object): SourceState | undefined {
  const listed = memberAt(object, ".status.sources");
  const sources = (Array.isArray(listed) ? listed : []).map((source: object) => ({
    state: valueAt(source, ".state") ?? "",
    failure: valueAt(source, ".failure") ?? "",
    readAt: valueAt(source, ".readAt") ?? "",
  }));
  const [worst] = sources.sort((left, right) => rank(left) - rank(right));
  return worst;
}

function rank({ state }: SourceState): number {
  return states.indexOf(state);
}

function routeCount(object: object): string | undefined {
  const counts = tierNames.map((tier) => valueAt(object, `.status.gateway.routes.${tier}`));
  if (counts.every((count) => count === undefined)) return undefined;
  return String(counts.reduce((sum, count) => sum + Number(count ?? 0), 0));
}

function tierCount(object: object): string | undefined {
  const tiers = tierNames.flatMap((tier) => {
    const count = Number(valueAt(object, `.status.gateway.routes.${tier}`) ?? 0);
    return count > 0 ? [`${count} ${tier}`] : [];
  });
  return tiers.join(", ");
}

function endpointAt(object: object, path: string): string | undefined {
  const address = valueAt(object, `${path}.address`);
  const port = valueAt(object, `${path}.port`);
  if (address === undefined || port === undefined) return undefined;
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

function countAt(object: object, path: string): string | undefined {
  const value = memberAt(object, path);
  return Array.isArray(value) ? String(value.length) : undefined;
}

function keysAt(object: object, path: string): string[] {
  const value = memberAt(object, path);
  return typeof value === "object" && value !== null ? Object.keys(value).sort() : [];
}

/**
 * Returns the text of a member at a path such as `.spec.schema.name`, lists joined by commas; undefined for what is
 * absent or an object.
 */
export function valueAt(object: object, path: string): string | undefined {
  const value = memberAt(object, path);
  if (Array.isArray(value)) return value.map(String).join(",");
  if (value === undefined || value === null || typeof value === "object") return undefined;
  return String(value);
}

function memberAt(object: object, path: string): unknown {
  let value: unknown = object;
  for (const name of path.split(".").slice(1)) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) {
      return undefined;
    }
    value = Reflect.get(value, name);
  }
  return value;
}
