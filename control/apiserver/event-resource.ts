/**
 * Events, in both groups that clients use: `v1` as stored, `events.k8s.io/v1` converted. Controllers write many and
 * readers forgive much, so a field of the wrong sort is refused and the rest is taken as it is.
 */
import { metadataFields } from "./field-query.ts";
import type { SelectableFields } from "./field-query.ts";
import { formatAgeOf } from "./human-duration.ts";
import { isRecord } from "./kube-object.ts";
import type { KubeObject } from "./kube-object.ts";
import { refuseUnknown, unknownText } from "./kind-resource.ts";
import type {
  CheckedObject,
  FieldValidation,
  ServedResource,
  TableColumn,
} from "./served-resource.ts";
import { invalid } from "./status-error.ts";
import type { StatusCause } from "./status-error.ts";

type Sort = "text" | "number" | "object";

const coreFields: ReadonlyMap<string, Sort> = new Map<string, Sort>([
  ["involvedObject", "object"],
  ["reason", "text"],
  ["message", "text"],
  ["source", "object"],
  ["firstTimestamp", "text"],
  ["lastTimestamp", "text"],
  ["count", "number"],
  ["type", "text"],
  ["eventTime", "text"],
  ["series", "object"],
  ["action", "text"],
  ["related", "object"],
  ["reportingComponent", "text"],
  ["reportingInstance", "text"],
]);

/** Name in `events.k8s.io/v1`, by the name in `v1`, where they differ. */
const renamed: ReadonlyMap<string, string> = new Map([
  ["involvedObject", "regarding"],
  ["message", "note"],
  ["source", "deprecatedSource"],
  ["firstTimestamp", "deprecatedFirstTimestamp"],
  ["lastTimestamp", "deprecatedLastTimestamp"],
  ["count", "deprecatedCount"],
  ["reportingComponent", "reportingController"],
]);

/** Longest text of one field; Kubernetes allows 1,024 for messages, which some controllers pass. */
const maxTextLength = 4096;

const columns: readonly TableColumn[] = [
  column("Last Seen", 0, (event, nowMs) => formatAgeOf(lastSeen(event), nowMs)),
  column("Type", 0, ({ type }) => type ?? ""),
  column("Reason", 0, ({ reason }) => reason ?? ""),
  column("Object", 0, ({ involvedObject }) => {
    return `${textIn(involvedObject, "kind").toLowerCase()}/${textIn(involvedObject, "name")}`;
  }),
  column("Subobject", 1, ({ involvedObject }) => textIn(involvedObject, "fieldPath")),
  column("Source", 1, ({ source, reportingComponent }) => {
    const component = textIn(source, "component") || text(reportingComponent);
    const host = textIn(source, "host");
    return host === "" ? component : `${component}, ${host}`;
  }),
  column("Message", 0, ({ message }) => text(message).trim()),
  column("First Seen", 1, (event, nowMs) => {
    return formatAgeOf(event["firstTimestamp"] ?? event["eventTime"], nowMs);
  }),
  column("Count", 1, ({ count, series }) => {
    return (isRecord(series) ? series["count"] : undefined) ?? count ?? 1;
  }),
  { ...column("Name", 1, ({ metadata }) => metadata.name), format: "name" },
];

const about = (field: string) => (event: KubeObject) => textIn(event["involvedObject"], field);

const coreSelectors: SelectableFields = {
  ...metadataFields,
  "involvedObject.kind": about("kind"),
  "involvedObject.namespace": about("namespace"),
  "involvedObject.name": about("name"),
  "involvedObject.uid": about("uid"),
  "involvedObject.apiVersion": about("apiVersion"),
  "involvedObject.resourceVersion": about("resourceVersion"),
  "involvedObject.fieldPath": about("fieldPath"),
  reason: (event) => text(event["reason"]),
  reportingComponent: (event) => text(event["reportingComponent"]),
  source: (event) => textIn(event["source"], "component"),
  type: (event) => text(event["type"]),
};

const shared = {
  kind: "Event",
  plural: "events",
  singular: "event",
  shortNames: ["ev"],
  categories: [],
  namespaced: true,
  storage: "events",
  hasStatus: false,
  countsGenerations: false,
  allowsUnconditionalUpdate: true,
  columns,
  checkStatus: (object: KubeObject) => ({ object, warnings: [] }),
} as const;

/** Events of the core group. */
export const coreEventResource: ServedResource = {
  ...shared,
  group: "",
  version: "v1",
  apiVersion: "v1",
  fields: coreSelectors,
  schema: () => schemaOf([...coreFields].map(([name, sort]) => [name, sort])),
  check: (object, validation) => checkEvent(object, validation, (name) => name),
};

/** The same Events in the group of their own. */
export const eventsGroupResource: ServedResource = {
  ...shared,
  group: "events.k8s.io",
  version: "v1",
  apiVersion: "events.k8s.io/v1",
  fields: Object.fromEntries(
    Object.entries(coreSelectors).map(([name, read]) => [
      name
        .replace("involvedObject.", "regarding.")
        .replace("reportingComponent", "reportingController"),
      (event: KubeObject) => read(toCore(event)),
    ]),
  ),
  columns: columns.map((one) => ({
    ...one,
    cell: (event: KubeObject, nowMs: number) => one.cell(toCore(event), nowMs),
  })),
  schema: () => schemaOf([...coreFields].map(([name, sort]) => [renamed.get(name) ?? name, sort])),
  check: (object, validation) => {
    const checked = checkEvent(toCore(object), validation, (name) => renamed.get(name) ?? name);
    return { ...checked, object: toEventsGroup(checked.object) };
  },
  fromStore: toEventsGroup,
  toStore: toCore,
};

function toEventsGroup(event: KubeObject): KubeObject {
  const converted: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(event)) {
    // The other group's encoding writes these even when they are empty, this one's does not.
    if (value === "" && /^reporting/.test(name)) continue;
    converted[renamed.get(name) ?? name] = value;
  }
  return {
    ...converted,
    apiVersion: "events.k8s.io/v1",
    kind: event.kind,
    metadata: event.metadata,
    eventTime: event["eventTime"] ?? null,
  };
}

const originalNames = new Map([...renamed].map(([core, other]) => [other, core]));

function toCore(event: KubeObject): KubeObject {
  const converted: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(event)) {
    converted[originalNames.get(name) ?? name] = value;
  }
  return { ...converted, apiVersion: "v1", kind: event.kind, metadata: event.metadata };
}

function checkEvent(
  event: KubeObject,
  validation: FieldValidation,
  nameOf: (name: string) => string,
): CheckedObject {
  const causes: StatusCause[] = [];
  const unknown: (readonly string[])[] = [];
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(event)) {
    if (["apiVersion", "kind", "metadata"].includes(name) || value === null) continue;
    const sort = coreFields.get(name);
    if (sort === undefined) unknown.push([name]);
    else if (!isOfSort(value, sort)) causes.push(wrongSort(nameOf(name), sort));
    else fields[name] = value;
  }
  refuseUnknown({ kind: "Event", version: "v1", validation, unknown });
  const { namespace = "" } = event.metadata;
  const regarded = textIn(fields["involvedObject"], "namespace");
  // Kubernetes puts Events about things without a namespace into "default".
  if (regarded !== namespace && !(regarded === "" && namespace === "default")) {
    causes.push({
      reason: "FieldValueInvalid",
      message: `Invalid value: ${JSON.stringify(regarded)}: does not match event.namespace`,
      field: `${nameOf("involvedObject")}.namespace`,
    });
  }
  if (causes.length > 0) {
    throw invalid({ group: "", kind: "Event", name: event.metadata.name }, causes);
  }
  const { apiVersion, kind, metadata } = event;
  return {
    // Always there, because Kubernetes' own encoding never leaves them out.
    object: {
      eventTime: null,
      reportingComponent: "",
      reportingInstance: "",
      ...fields,
      apiVersion,
      kind,
      metadata,
    },
    warnings: validation === "Warn" ? unknown.map(unknownText) : [],
  };
}

function isOfSort(value: unknown, sort: Sort): boolean {
  if (sort === "text") return typeof value === "string" && value.length <= maxTextLength;
  return sort === "number" ? Number.isSafeInteger(value) : isRecord(value);
}

function wrongSort(field: string, sort: Sort): StatusCause {
  const wanted = {
    text: `text of at most ${maxTextLength} characters`,
    number: "a whole number",
    object: "an object",
  }[sort];
  return { reason: "FieldValueInvalid", message: `Invalid value: wanted ${wanted}`, field };
}

function schemaOf(fields: readonly (readonly [string, Sort])[]) {
  const types = {
    text: { type: "string" },
    number: { type: "integer" },
    object: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
  };
  return {
    type: "object",
    description: "What happened to an object",
    properties: {
      apiVersion: { type: "string" },
      kind: { type: "string" },
      metadata: { type: "object" },
      ...Object.fromEntries(fields.map(([name, sort]) => [name, types[sort]])),
    },
  };
}

function column(name: string, priority: number, cell: TableColumn["cell"]): TableColumn {
  const type = name === "Count" ? "integer" : "string";
  return { name, type, description: `${name} of the event`, priority, cell };
}

function lastSeen(event: KubeObject): unknown {
  const { series } = event;
  const observed = isRecord(series) ? series["lastObservedTime"] : undefined;
  return observed ?? event["lastTimestamp"] ?? event["eventTime"];
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function textIn(value: unknown, field: string): string {
  return isRecord(value) ? text(value[field]) : "";
}
