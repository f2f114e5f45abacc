/** A kind that has every way of owning fields that a schema can ask for, for tests of merging. */
import type { JsonMap } from "../../json-tree.ts";

const text: JsonMap = { type: "string" };
const count: JsonMap = { type: "integer" };

const port: JsonMap = {
  type: "object",
  required: ["number"],
  properties: {
    number: count,
    protocol: { type: "string", default: "TCP" },
    note: text,
    labels: { type: "object", additionalProperties: text },
    tags: { type: "array", items: text, "x-kubernetes-list-type": "set" },
  },
};

/** Schema of whole widgets. */
export const widgetSchema: JsonMap = {
  type: "object",
  properties: {
    spec: {
      type: "object",
      properties: {
        size: count,
        name: text,
        on: { type: "boolean" },
        either: { "x-kubernetes-int-or-string": true },
        replicas: { type: "integer", default: 1 },
        plain: { type: "array", items: text },
        tags: { type: "array", items: text, "x-kubernetes-list-type": "set" },
        numbers: { type: "array", items: count, "x-kubernetes-list-type": "set" },
        ports: {
          type: "array",
          items: port,
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["number", "protocol"],
        },
        inner: {
          type: "object",
          properties: {
            first: text,
            second: text,
            deep: { type: "object", properties: { third: text, fourth: text } },
          },
        },
        whole: {
          type: "object",
          "x-kubernetes-map-type": "atomic",
          properties: { first: text, second: text },
        },
        free: { type: "object", additionalProperties: text },
        groups: {
          type: "object",
          additionalProperties: { type: "object", properties: { first: text, second: text } },
        },
        anything: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
      },
    },
    status: {
      type: "object",
      properties: {
        phase: text,
        conditions: {
          type: "array",
          items: {
            type: "object",
            required: ["type", "status"],
            properties: { type: text, status: text, message: text },
          },
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["type"],
        },
      },
    },
  },
};

/** A widget with these parts; its version is `bench.clrk.dev/v1`. */
export function widget(name: string, parts: JsonMap, metadata: JsonMap = {}): JsonMap {
  return {
    apiVersion: "bench.clrk.dev/v1",
    kind: "Widget",
    metadata: { name, namespace: "default", ...metadata },
    ...parts,
  };
}
