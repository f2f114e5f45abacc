/** Chapters on what kubectl finds out and shows. */
import { example, manifest, small } from "./kubectl-manifests.ts";
import { kubectl } from "./kubectl-step.ts";
import type { KubectlStep } from "./kubectl-step.ts";

const otherKinds =
  "a cluster has kinds that we do not serve, and records that clusters do not have";

const recordsAreNoKinds = "a cluster has them by an API server of ours beside it, and not as CRDs";

/** All but records, what is read of them, and the state of the process. */
const noRecords = /^(?!invocations|traces|controlstatus)/;

const ownDescriptions =
  "Kubernetes puts its own descriptions of apiVersion, kind and metadata in place of ours";

/** What is served, and what it is for. */
export const discoveryChapter = {
  name: "discovery",
  steps: [
    kubectl("version", { differs: "each server tells its own version" }),
    kubectl("api-versions", { only: { pattern: /^clrk/, reason: otherKinds } }),
    kubectl("api-resources --api-group=clrk.apoxy.dev", {
      only: { pattern: noRecords, reason: recordsAreNoKinds },
    }),
    kubectl("api-resources --categories=clrk -o name", {
      only: { pattern: noRecords, reason: recordsAreNoKinds },
    }),
    kubectl("api-resources --api-group= --namespaced=true", {
      only: { pattern: /^(NAME|configmaps|secrets|events)\b/, reason: otherKinds },
    }),
    kubectl("get --raw /readyz"),
    kubectl("get --raw /livez"),
    kubectl("get --raw /metrics", {
      isUnordered: true,
      only: {
        pattern:
          /^# TYPE process_(?:cpu_seconds_total|open_fds|resident_memory_bytes|start_time_seconds) /,
        reason: "each tells what it has, and both have these, by the names that collectors know",
      },
    }),
    kubectl("get --raw /apis/clrk.apoxy.dev", { isJson: true }),
    kubectl("get --raw /apis/nothing.here", {}),
    kubectl("get --raw /nothing", {}),
    kubectl("explain backend", { differs: ownDescriptions }),
    kubectl("explain backends.spec --recursive"),
    kubectl("explain egressgateway.spec.listeners"),
    kubectl("explain egressgateway.metadata.labels", { differs: ownDescriptions }),
    kubectl("explain egressgateway.spec.nothing"),
    kubectl("explain egw.status.conditions"),
    kubectl("explain nothing"),
    kubectl("auth can-i create backends"),
    kubectl("auth can-i get secrets -n team"),
    kubectl("auth whoami", { differs: "the users of the two servers are different ones" }),
  ],
} satisfies { name: string; steps: KubectlStep[] };

const listener = { name: "http", protocol: "HTTP", port: 80 };
const goWords = { differs: "Kubernetes prints the error of a Go function" };
const noSubresource = {
  differs: "Kubernetes says that the object is not there, ours that there is no such subresource",
};

const first = example("EgressGateway", "first", {
  metadata: { labels: { team: "red", tier: "a" } },
});
const second = small(
  "EgressGateway",
  "second",
  { listeners: [listener] },
  { labels: { team: "blue" } },
);
const third = example("Backend", "third", { metadata: { annotations: { note: "kept" } } });

/** Every way of looking at objects. */
export const readChapter = {
  name: "reading",
  steps: [
    kubectl("get egressgateways"),
    kubectl("get egressgateways -A"),
    kubectl("create -f -", { input: manifest(first, second, third), isUnordered: true }),
    kubectl("get egressgateways"),
    kubectl("get egw -o wide"),
    kubectl("get egw --show-labels"),
    kubectl("get egw -L team"),
    kubectl("get egw --no-headers"),
    kubectl("get egw,backends"),
    kubectl("get clrk", { isUnordered: true }),
    kubectl("get egw -A"),
    kubectl("get egw first"),
    kubectl("get egressgateways.clrk.apoxy.dev first"),
    kubectl("get egressgateway/first backend/third"),
    kubectl("get egw first -o yaml"),
    kubectl("get egw first -o json", { isJson: true }),
    kubectl("get egw first -o json --show-managed-fields", { isJson: true }),
    kubectl("get egw -o json", { isJson: true }),
    kubectl("get egw -o name"),
    kubectl("get egw first -o jsonpath={.spec.listeners[*].name}"),
    kubectl("get egw -o custom-columns=NAME:.metadata.name,POLICY:.spec.defaultPolicy"),
    kubectl("get egw -o go-template={{range(.items)}}{{.metadata.name}},{{end}}"),
    kubectl("get egw --sort-by=.metadata.name"),
    kubectl("get egw -l team=red"),
    kubectl("get egw -l team!=red"),
    kubectl('get egw -l "team in (red, blue)"'),
    kubectl('get egw -l "team notin (red)"'),
    kubectl("get egw -l tier"),
    kubectl("get egw -l !tier"),
    kubectl("get egw -l team=red,tier=a -o name"),
    kubectl('get egw -l "team in red"', { differs: "ours says what a selector may look like" }),
    kubectl("get egw --field-selector metadata.name=second"),
    kubectl("get egw --field-selector metadata.name!=second"),
    kubectl("get egw --field-selector metadata.namespace=default -o name"),
    kubectl("get egw --field-selector spec.defaultPolicy=deny-all"),
    kubectl("get egw --chunk-size=1"),
    kubectl("get egw --chunk-size=1 -o name"),
    kubectl("get egw -n nowhere"),
    kubectl("get egw nothing"),
    kubectl("get egw nothing --ignore-not-found"),
    kubectl("get nothing"),
    kubectl("get egw first nothing"),
    kubectl("describe egw first"),
    kubectl("describe backend"),
    kubectl("describe egw nothing"),
    kubectl("get --raw /apis/clrk.apoxy.dev/v1alpha1/namespaces/default/backends/third", {
      isJson: true,
    }),
    kubectl("get --raw /apis/clrk.apoxy.dev/v1alpha1/namespaces/default/backends/nothing", {}),
    ...[
      "backends?limit=1",
      "egressgateways?limit=1",
      "egressgateways?limit=1&labelSelector=team",
      "egressgateways?labelSelector=team%3Dblue",
      "egressgateways?resourceVersion=0",
      "namespaces/default/egressgateways/first/status",
      "namespaces/nowhere/egressgateways/first",
      "egressgateways/first",
      "nothing",
    ].map((path) => raw(path)),
    raw("egressgateways?limit=x", goWords),
    raw("egressgateways?continue=x", goWords),
    raw("egressgateways?resourceVersion=x", goWords),
    raw("egressgateways?resourceVersionMatch=Exact", {
      differs: "Kubernetes calls it an invalid ListOptions object, ours a bad request",
    }),
    raw("namespaces/default/egressgateways/first/nothing", noSubresource),
    kubectl("scale egw first --replicas=2", noSubresource),
    kubectl("logs egw/first"),
    kubectl("delete egw --all", { isUnordered: true }),
    kubectl("delete backend third"),
    kubectl("get clrk"),
  ],
} satisfies { name: string; steps: KubectlStep[] };

function raw(path: string, more: Partial<KubectlStep> = {}): KubectlStep {
  const line = `get --raw /apis/clrk.apoxy.dev/v1alpha1/${path}`;
  return { ...kubectl(line, { isJson: true }), ...more };
}
