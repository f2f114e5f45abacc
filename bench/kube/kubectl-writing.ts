/** Chapters on creating, replacing and patching. */
import { example, manifest } from "./kubectl-manifests.ts";
import { kubectl } from "./kubectl-step.ts";
import type { KubectlStep } from "./kubectl-step.ts";

const generated = JSON.parse(JSON.stringify(example("Backend", "x")));
delete generated.metadata.name;
generated.metadata.generateName = "generated-";

/** Creating, replacing, labels and annotations, editing. */
export const writeChapter = {
  name: "writing",
  steps: [
    kubectl("create -f - --dry-run=server", { input: manifest(example("Backend", "one")) }),
    kubectl("create -f - --dry-run=server -o yaml", { input: manifest(example("Backend", "one")) }),
    kubectl("create -f - --dry-run=client", { input: manifest(example("Backend", "one")) }),
    kubectl("get backend one"),
    kubectl("create -f -", { input: manifest(example("Backend", "one")) }),
    kubectl("create -f -", { input: manifest(example("Backend", "one")) }),
    kubectl("create -f -", { input: manifest(generated) }),
    kubectl("create -f - -n nowhere", { input: manifest(example("Backend", "one")) }),
    kubectl("create -f -", {
      input: manifest(example("Backend", "one", { metadata: { namespace: "nowhere" } })),
    }),
    kubectl("create -f - -n default", {
      input: manifest(example("Backend", "one", { metadata: { namespace: "nowhere" } })),
    }),
    kubectl("label backend one team=red"),
    kubectl("label backend one team=blue"),
    kubectl("label backend one team=blue --overwrite"),
    kubectl("label backend one team-"),
    kubectl("label backend one team-"),
    kubectl('label backend one "team=not ok"'),
    kubectl('label backend one "not ok=team"'),
    kubectl('annotate backend one note="two words"'),
    kubectl("annotate backend one note=other --overwrite"),
    kubectl("annotate backend one note-"),
    kubectl("get backend one -o json --show-managed-fields", { isJson: true }),
    kubectl("replace -f -", {
      input: manifest(example("Backend", "one", { metadata: { labels: { a: "b" } } })),
    }),
    kubectl("replace -f -", {
      input: manifest(example("Backend", "one", { metadata: { resourceVersion: "1" } })),
    }),
    kubectl("replace -f -", { input: manifest(example("Backend", "nothing")) }),
    kubectl("replace --force -f -", { input: manifest(example("Backend", "one")) }),
    kubectl("get backend one -o json --show-managed-fields", { isJson: true }),
    kubectl("edit backend one", {
      environment: { KUBE_EDITOR: "sed -i s/api.example/edited.example/" },
    }),
    kubectl("edit backend one", { environment: { KUBE_EDITOR: "true" } }),
    kubectl("get backend one -o json --show-managed-fields", { isJson: true }),
    kubectl("delete backend --all", { isUnordered: true }),
  ],
} satisfies { name: string; steps: KubectlStep[] };

const gateway = example("EgressGateway", "one");
const noDetail = {
  differs: "Kubernetes keeps to itself what does not fit; ours says which operation and why",
};
const refused = { isRefusal: true };
const ownWords = {
  differs: "Kubernetes checks this with its schema, ours beforehand; both refuse",
};
const status = { extra: "--subresource=status" };

/** Patches of all types, of the object and of its status. */
export const patchChapter = {
  name: "patching",
  steps: [
    kubectl("create -f -", { input: manifest(gateway) }),
    patch("merge", { spec: { defaultPolicy: "allow-all" } }),
    patch("merge", { spec: { defaultPolicy: "allow-all" } }),
    patch("merge", { spec: { requestTimeout: null } }),
    patch("merge", { metadata: { labels: { a: "b" } } }),
    patch("merge", { metadata: { name: "two" } }),
    patch("merge", { metadata: { uid: "two" } }),
    patch("merge", { metadata: { resourceVersion: "1" } }),
    patch("merge", { apiVersion: "clrk.apoxy.dev/v2" }, ownWords),
    patch("merge", { kind: "Backend" }, ownWords),
    patch("merge", { spec: null }, refused),
    patch("merge", { spec: { nothing: 1 } }, refused),
    patch("merge", { spec: { defaultPolicy: "perhaps" } }, refused),
    patch("json", [{ op: "replace", path: "/spec/defaultPolicy", value: "deny-all" }]),
    patch("json", [{ op: "test", path: "/spec/defaultPolicy", value: "deny-all" }]),
    patch("json", [{ op: "add", path: "/metadata/labels/c", value: "d" }]),
    patch("json", [{ op: "remove", path: "/metadata/labels/c" }]),
    patch("json", [{ op: "test", path: "/spec/defaultPolicy", value: "other" }], noDetail),
    patch("json", [{ op: "remove", path: "/metadata/labels/nothing" }], noDetail),
    patch("json", { op: "add" }, { differs: "Kubernetes prints the message of Go's JSON decoder" }),
    patch("strategic", { spec: { defaultPolicy: "allow-all" } }),
    {
      ...patch("merge", {}),
      name: "patch of nothing",
      words: ["patch", "egw", "nothing", "-p", "{}", "--type=merge"],
    },
    patch("merge", { spec: { defaultPolicy: "allow-all" } }, { extra: "--dry-run=server -o yaml" }),
    patch("merge", { status: { conditions: [] } }),
    patch("merge", { status: { conditions: [condition("True")] } }, status),
    patch("merge", { status: { conditions: [condition("maybe")] } }, { ...status, ...refused }),
    patch("merge", { spec: { defaultPolicy: "allow-all" } }, status),
    patch("merge", { metadata: { labels: { status: "x" } } }, status),
    kubectl("get egw one -o json --show-managed-fields", { isJson: true }),
    kubectl("get egw one --subresource=status -o yaml"),
    kubectl("get egw one"),
    kubectl("describe egw one"),
    kubectl("delete egw one"),
  ],
} satisfies { name: string; steps: KubectlStep[] };

interface PatchOptions extends Omit<KubectlStep, "name" | "words"> {
  readonly extra?: string;
}

function patch(type: string, body: unknown, options: PatchOptions = {}): KubectlStep {
  const { extra = "", ...more } = options;
  const text = JSON.stringify(body);
  const words = ["patch", "egw", "one", `--type=${type}`, "-p", text];
  const added = extra === "" ? [] : extra.split(" ");
  return { name: `patch --type=${type} ${extra} ${text}`, words: [...words, ...added], ...more };
}

function condition(value: string): object {
  return {
    type: "Ready",
    status: value,
    reason: "Serving",
    message: "all listeners are served",
    lastTransitionTime: "2026-01-01T00:00:00Z",
  };
}
