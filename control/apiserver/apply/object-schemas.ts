/**
 * Schemas of what Kubernetes itself defines: metadata, and the core kinds that are served beside ours.
 * Only what merging needs is in them: names, types, and how lists and maps are owned.
 * Facts: Kubernetes API reference, v1.36.
 */
import { ownMap, ownString, withKey } from "../json-tree.ts";
import type { JsonMap } from "../json-tree.ts";

const text: JsonMap = { type: "string" };
const count: JsonMap = { type: "integer" };
const flag: JsonMap = { type: "boolean" };
const texts = freeMap(text);

const ownerReference = object(
  {
    apiVersion: text,
    kind: text,
    name: text,
    uid: text,
    controller: flag,
    blockOwnerDeletion: flag,
  },
  { "x-kubernetes-map-type": "atomic" },
);

/** Schema of `metadata` of every object. */
export const objectMetaSchema: JsonMap = object({
  name: text,
  generateName: text,
  namespace: text,
  selfLink: text,
  uid: text,
  resourceVersion: text,
  generation: count,
  creationTimestamp: text,
  deletionTimestamp: text,
  deletionGracePeriodSeconds: count,
  labels: texts,
  annotations: texts,
  ownerReferences: listMap(ownerReference, ["uid"]),
  finalizers: { type: "array", items: text, "x-kubernetes-list-type": "set" },
  managedFields: { type: "array" },
});

const objectReference = object(
  {
    apiVersion: text,
    fieldPath: text,
    kind: text,
    name: text,
    namespace: text,
    resourceVersion: text,
    uid: text,
  },
  { "x-kubernetes-map-type": "atomic" },
);

const eventSource = object({ component: text, host: text });
const eventSeries = object({ count, lastObservedTime: text });

const coreSchemas = new Map<string, JsonMap>([
  ["v1/Secret", whole({ type: text, immutable: flag, data: texts, stringData: texts })],
  ["v1/ConfigMap", whole({ immutable: flag, data: texts, binaryData: texts })],
  [
    "v1/Namespace",
    whole({
      spec: object({ finalizers: { type: "array", items: text } }),
      status: object({ phase: text, conditions: listMap(condition(), ["type"]) }),
    }),
  ],
  [
    "v1/ServiceAccount",
    whole({
      automountServiceAccountToken: flag,
      secrets: listMap(objectReference, ["name"]),
      imagePullSecrets: { type: "array", items: objectReference },
    }),
  ],
  [
    "v1/Event",
    whole({
      involvedObject: objectReference,
      related: objectReference,
      reason: text,
      message: text,
      source: eventSource,
      firstTimestamp: text,
      lastTimestamp: text,
      eventTime: text,
      count,
      type: text,
      action: text,
      series: eventSeries,
      reportingComponent: text,
      reportingInstance: text,
    }),
  ],
  [
    "events.k8s.io/v1/Event",
    whole({
      regarding: objectReference,
      related: objectReference,
      reason: text,
      note: text,
      eventTime: text,
      type: text,
      action: text,
      series: eventSeries,
      reportingController: text,
      reportingInstance: text,
      deprecatedSource: eventSource,
      deprecatedFirstTimestamp: text,
      deprecatedLastTimestamp: text,
      deprecatedCount: count,
    }),
  ],
]);

/** Fields that every new object of the kind has before anyone writes it, and that nobody owns for that. */
const initialFields = new Map<string, JsonMap>([
  ["v1/Namespace", { spec: {}, status: {} }],
  [
    "v1/Event",
    {
      involvedObject: {},
      source: {},
      firstTimestamp: null,
      lastTimestamp: null,
      eventTime: null,
      reportingComponent: "",
      reportingInstance: "",
    },
  ],
  [
    "events.k8s.io/v1/Event",
    {
      eventTime: null,
      regarding: {},
      deprecatedSource: {},
      deprecatedFirstTimestamp: null,
      deprecatedLastTimestamp: null,
    },
  ],
]);

/** What a new object of a kind starts as: its version and kind, and for some core kinds a few empty fields. */
export function initialObject(object: JsonMap): JsonMap {
  const apiVersion = ownString(object, "apiVersion") ?? "";
  const kind = ownString(object, "kind") ?? "";
  return { apiVersion, kind, ...initialFields.get(`${apiVersion}/${kind}`) };
}

/** The schema of a core kind; undefined for kinds that are not served, which have no other schema. */
export function findCoreSchema(apiVersion: string, kind: string): JsonMap | undefined {
  return coreSchemas.get(`${apiVersion}/${kind}`);
}

/**
 * The schema of a whole object by that of its kind, such as `openApiSchema` gives: `apiVersion`, `kind` and
 * `metadata` are Kubernetes' own, whatever the kind's schema says of them.
 */
export function objectSchema(kindSchema: object): JsonMap {
  const schema: JsonMap = JSON.parse(JSON.stringify(kindSchema));
  return withKey(schema, "properties", {
    ...ownMap(schema, "properties"),
    apiVersion: text,
    kind: text,
    metadata: objectMetaSchema,
  });
}

function whole(fields: JsonMap): JsonMap {
  return objectSchema(object(fields));
}

function condition(): JsonMap {
  return object({
    type: text,
    status: text,
    reason: text,
    message: text,
    lastTransitionTime: text,
  });
}

function object(fields: JsonMap, more: JsonMap = {}): JsonMap {
  return { type: "object", properties: fields, ...more };
}

function freeMap(values: JsonMap): JsonMap {
  return { type: "object", additionalProperties: values };
}

function listMap(items: JsonMap, keys: readonly string[]): JsonMap {
  return {
    type: "array",
    items,
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": keys,
  };
}
