/** Chapters on the core kinds that are served beside ours. */
import { configMap, example, manifest, secret } from "./kubectl-manifests.ts";
import { kubectl } from "./kubectl-step.ts";
import type { KubectlStep } from "./kubectl-step.ts";

const clusterNamespaces = "a cluster has namespaces of its own";

const decoder = "Kubernetes stops in Go's JSON decoder, ours names the field";

function event(name: string, fields: object = {}): object {
  return {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name, namespace: "default" },
    involvedObject: {
      apiVersion: "clrk.apoxy.dev/v1alpha1",
      kind: "Backend",
      name: "one",
      namespace: "default",
    },
    reason: "Resolved",
    message: "the name has an address",
    type: "Normal",
    count: 1,
    source: { component: "clrk" },
    firstTimestamp: "2026-01-01T00:00:00Z",
    lastTimestamp: "2026-01-01T00:00:00Z",
    ...fields,
  };
}

/** Chapters for Secrets, ConfigMaps, Namespaces and Events. */
export const coreChapters: readonly { name: string; steps: KubectlStep[] }[] = [
  {
    name: "secrets",
    steps: [
      kubectl("create secret generic one --from-literal=key=value"),
      kubectl("create secret generic one --from-literal=key=value"),
      kubectl("get secrets"),
      kubectl("get secret one -o yaml"),
      kubectl("describe secret one"),
      kubectl("apply -f -", { input: manifest(secret("two", { stringData: { a: "b" } })) }),
      kubectl("apply -f -", { input: manifest(secret("two", { stringData: { a: "c", d: "e" } })) }),
      kubectl("get secret two -o json", { isJson: true }),
      kubectl("apply -f - --server-side --field-manager=anna", {
        input: manifest(secret("three", { stringData: { a: "b" } })),
      }),
      kubectl("get secret three -o json --show-managed-fields", { isJson: true }),
      kubectl('patch secret two --type=merge -p {"stringData":{"x":"y"}}'),
      kubectl('patch secret two -p {"data":{"a":null}}'),
      kubectl("get secret two -o jsonpath={.data}"),
      kubectl("create -f -", {
        input: manifest(secret("bad", { data: { a: "not base64" } })),
        differs: decoder,
      }),
      kubectl("create -f -", {
        input: manifest(secret("bad", { data: { "a b": "YQ==" } })),
        isRefusal: true,
      }),
      kubectl('patch secret two --type=merge -p {"type":"other"}'),
      kubectl('patch secret two --type=merge -p {"immutable":true}'),
      kubectl('patch secret two --type=merge -p {"stringData":{"x":"z"}}'),
      kubectl('patch secret two --type=merge -p {"immutable":false}'),
      kubectl("get secrets --field-selector type=Opaque -o name"),
      kubectl("delete secrets --all", { isUnordered: true }),
    ],
  },
  {
    name: "configmaps",
    steps: [
      kubectl("create configmap one --from-literal=key=value"),
      kubectl("get configmaps"),
      kubectl("get cm one -o yaml"),
      kubectl("describe configmap one"),
      kubectl("apply -f -", { input: manifest(configMap("two", { a: "1", b: "2" })) }),
      kubectl("apply -f -", { input: manifest(configMap("two", { a: "1" })) }),
      kubectl("get cm two -o json --show-managed-fields", { isJson: true }),
      kubectl('patch cm two -p {"data":{"c":"3"}}'),
      kubectl('patch cm two --type=json -p [{"op":"remove","path":"/data/a"}]'),
      kubectl("get cm two -o jsonpath={.data}"),
      kubectl("create -f -", {
        input: manifest(configMap("bad", { "a b": "1" })),
        isRefusal: true,
      }),
      kubectl("create -f -", {
        input: manifest({ ...configMap("bad", { a: "1" }), binaryData: { a: "MQ==" } }),
        differs: "ours complains of the key in binaryData, Kubernetes of that in data",
        isRefusal: true,
      }),
      kubectl("create -f -", { input: manifest(configMap("bad", { a: 1 })), differs: decoder }),
      kubectl('patch cm two --type=merge -p {"immutable":true}'),
      kubectl('patch cm two --type=merge -p {"data":{"x":"z"}}'),
      kubectl("create -f -", { input: manifest({ ...configMap("bad", {}), nothing: 1 }) }),
      kubectl("delete cm one two"),
    ],
  },
  {
    name: "namespaces",
    steps: [
      kubectl("get ns default"),
      kubectl("create namespace team"),
      kubectl("create namespace team"),
      kubectl("create namespace Team"),
      kubectl("get ns team -o json", { isJson: true }),
      kubectl("get namespaces -o name", {
        only: { pattern: /(default|team)$/, reason: clusterNamespaces },
      }),
      kubectl("describe ns team", { differs: "ours knows neither quotas nor limit ranges" }),
      kubectl("create -f - -n team", {
        input: manifest(example("Backend", "one"), configMap("one", {})),
      }),
      kubectl("get backends -A"),
      kubectl("get backends -n team"),
      kubectl("delete ns team"),
      kubectl("get backends -A"),
      kubectl("get ns team"),
      kubectl("delete ns default"),
    ],
  },
  {
    name: "events",
    steps: [
      kubectl("create -f -", { input: manifest(example("Backend", "one")) }),
      kubectl("create -f -", {
        input: manifest(event("one.1"), event("one.2", { type: "Warning", reason: "Lost" })),
      }),
      kubectl("get events"),
      kubectl("get events -o wide"),
      kubectl("get events --field-selector type=Warning -o name"),
      kubectl("get events --field-selector involvedObject.name=one,reason=Lost -o name"),
      kubectl("events", { isUnordered: true }),
      kubectl("events --for backend/one", { isUnordered: true }),
      kubectl("events --types=Warning"),
      kubectl("describe backend one"),
      kubectl("get events.events.k8s.io -o name", { isUnordered: true }),
      kubectl("get event one.1 -o json --show-managed-fields", { isJson: true }),
      kubectl("get events.v1.events.k8s.io one.1 -o json", { isJson: true }),
      kubectl("delete events --all", { isUnordered: true }),
      kubectl("delete backend one"),
    ],
  },
];
