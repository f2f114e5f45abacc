/** Chapters on deletion, finalizers and owners, and on waiting. */
import { configMap, example, manifest } from "./kubectl-manifests.ts";
import { kubectl } from "./kubectl-step.ts";
import type { KubectlStep } from "./kubectl-step.ts";

const held = manifest(
  example("Backend", "held", { metadata: { finalizers: ["bench.clrk.dev/wait"] } }),
);
const release = kubectl('patch backend held --type=merge -p {"metadata":{"finalizers":null}}');

/** Deletion in all its ways. */
export const deletionChapter = {
  name: "deleting",
  steps: [
    kubectl("create -f -", { input: held }),
    kubectl("delete backend held --dry-run=server"),
    kubectl("delete backend held --wait=false"),
    kubectl("get backend held -o yaml"),
    kubectl("delete backend held --wait=false"),
    kubectl("delete backend held --timeout=1s"),
    kubectl("label backend held still=there"),
    kubectl(
      'patch backend held --type=json -p [{"op":"add","path":"/metadata/finalizers/-","value":"bench.clrk.dev/more"}]',
    ),
    release,
    kubectl("get backend held"),
    kubectl("delete backend held"),
    kubectl("delete backend held --ignore-not-found"),
    kubectl("delete backend --all"),
    kubectl("create -f -", {
      input: manifest(
        example("Backend", "a", { metadata: { labels: { team: "red" } } }),
        example("Backend", "b", { metadata: { labels: { team: "red" } } }),
        example("Backend", "c"),
      ),
    }),
    kubectl("delete backend -l team=red", { isUnordered: true }),
    kubectl("delete backend a c"),
    kubectl("delete -f - --ignore-not-found", { input: manifest(example("Backend", "c")) }),
    kubectl("delete backend c --now --cascade=foreground"),
    kubectl("delete nothing x"),
  ],
} satisfies { name: string; steps: KubectlStep[] };

const gone = kubectl("get backend,configmap", { until: /No resources found/ });

/** An owner with two dependents, which is then deleted. */
const dependents = (policy: string): KubectlStep[] => [
  kubectl("create -f -", { input: manifest(configMap("owner", {})) }),
  {
    ...kubectl("create -f -"),
    name: "two dependents",
    inputOf: async (ask) => {
      const uid = await ask(["get", "configmap", "owner", "-o", "jsonpath={.metadata.uid}"]);
      const owner = { apiVersion: "v1", kind: "ConfigMap", name: "owner", uid };
      const metadata = { ownerReferences: [{ ...owner, blockOwnerDeletion: true }] };
      return manifest(
        example("Backend", "held", { metadata }),
        configMap("dependent", {}, metadata),
      );
    },
  },
  kubectl("get backend held -o jsonpath={.metadata.ownerReferences[0].kind}"),
  kubectl(`delete configmap owner --cascade=${policy}`),
];

/** What becomes of what an object owns. */
export const ownerChapter = {
  name: "owners",
  steps: [
    ...dependents("background"),
    gone,
    ...dependents("foreground"),
    gone,
    ...dependents("orphan"),
    kubectl(
      "get backend/held configmap/dependent -o jsonpath={.items[*].metadata.ownerReferences}",
      {
        until: /^$/,
      },
    ),
    kubectl("delete backend/held configmap/dependent"),
    {
      ...kubectl("create -f -"),
      name: "a dependent of what is not there",
      inputOf: async () => {
        const uid = "00000000-0000-4000-8000-000000000000";
        const owner = { apiVersion: "v1", kind: "ConfigMap", name: "gone", uid };
        return manifest(example("Backend", "held", { metadata: { ownerReferences: [owner] } }));
      },
    },
    gone,
  ],
} satisfies { name: string; steps: KubectlStep[] };

const ready = {
  type: "Ready",
  status: "True",
  reason: "Serving",
  message: "ok",
  lastTransitionTime: "2026-01-01T00:00:00Z",
};

/** Waiting for what is, what comes, what goes, and in vain. */
export const waitChapter = {
  name: "waiting",
  steps: [
    kubectl("create -f -", { input: manifest(example("EgressGateway", "one")) }),
    kubectl("wait egw/one --for=jsonpath={.spec.defaultPolicy}=deny-all --timeout=20s"),
    kubectl("wait egw/one --for=condition=Ready --timeout=1s"),
    kubectl(
      `patch egw one --subresource=status --type=merge -p ${JSON.stringify({ status: { conditions: [ready] } })}`,
    ),
    kubectl("wait egw/one --for=condition=Ready --timeout=20s"),
    kubectl("wait egw/one --for=create --timeout=20s"),
    kubectl("wait egw --all --for=condition=Ready --timeout=20s"),
    kubectl("wait egw/nothing --for=condition=Ready --timeout=1s"),
    kubectl("wait egw/nothing --for=delete --timeout=1s"),
    kubectl("wait egw/one --for=delete --timeout=1s"),
    kubectl("delete egw one"),
    kubectl("create -f -", { input: manifest(configMap("owner", { a: "1" })) }),
    kubectl("get configmap owner -o jsonpath={.data.a}"),
    kubectl("delete configmap owner"),
  ],
} satisfies { name: string; steps: KubectlStep[] };
