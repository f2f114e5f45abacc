/** Chapters on apply, on the client's side and on the server's. */
import { example, manifest, small } from "./kubectl-manifests.ts";
import { kubectl } from "./kubectl-step.ts";
import type { KubectlStep } from "./kubectl-step.ts";

const one = manifest(example("EgressGateway", "one"));
const changed = manifest(example("EgressGateway", "one", { spec: { defaultPolicy: "allow-all" } }));
const owners: KubectlStep = kubectl("get egw one -o json --show-managed-fields", { isJson: true });

const listener = (name: string, port: number, more: object = {}): object => ({
  name,
  protocol: "HTTP",
  port,
  ...more,
});

/** Apply on the client's side, and differences. */
export const applyChapter = {
  name: "applying",
  steps: [
    kubectl("diff -f -", { input: one }),
    kubectl("apply -f - --dry-run=server", { input: one }),
    kubectl("apply -f -", { input: one }),
    kubectl("apply -f -", { input: one }),
    kubectl("diff -f -", { input: one }),
    kubectl("diff -f -", { input: changed }),
    kubectl("apply -f - --dry-run=server -o yaml", { input: changed }),
    kubectl("apply -f -", { input: changed }),
    owners,
    kubectl("apply -f -", {
      input: manifest(
        example("EgressGateway", "one"),
        example("Backend", "two"),
        example("MCPRoute", "three"),
      ),
    }),
    kubectl("apply view-last-applied egw one"),
    kubectl("apply edit-last-applied egw one", { environment: { KUBE_EDITOR: "true" } }),
    kubectl("apply set-last-applied -f -", { input: changed }),
    kubectl('patch egw one --type=merge -p {"metadata":{"labels":{"kept":"yes"}}}'),
    kubectl("apply -f -", {
      input: manifest(small("EgressGateway", "one", { listeners: [] })),
      isRefusal: true,
    }),
    kubectl("apply -f -", {
      input: manifest(small("EgressGateway", "one", { listeners: [listener("http", 80)] })),
    }),
    owners,
    kubectl("apply -f - --prune -l team=red --prune-allowlist=clrk.apoxy.dev/v1alpha1/Backend", {
      input: manifest(example("Backend", "two", { metadata: { labels: { team: "red" } } })),
    }),
    kubectl("delete -f -", {
      input: manifest(example("Backend", "two"), example("MCPRoute", "three")),
      isUnordered: true,
    }),
    kubectl("delete egw one"),
    kubectl("apply -f -", { input: manifest(small("EgressGateway", "one", { nothing: 1 })) }),
  ],
} satisfies { name: string; steps: KubectlStep[] };

const part = (spec: object, metadata: object = {}): { input: string } => ({
  input: manifest(small("EgressGateway", "one", spec, metadata)),
});

/** Apply on the server's side: owners, conflicts, force, shared and abandoned fields, and the way over from the client's. */
export const conflictChapter = {
  name: "conflicts",
  steps: [
    ssa("anna", part({ defaultPolicy: "deny-all", listeners: [listener("http", 80)] })),
    ssa("anna", part({ defaultPolicy: "deny-all", listeners: [listener("http", 80)] })),
    owners,
    ssa("bert", part({ defaultPolicy: "allow-all" })),
    ssa(
      "bert",
      part({
        defaultPolicy: "allow-all",
        listeners: [listener("http", 81), listener("other", 82)],
      }),
    ),
    ssa(
      "bert",
      part({ defaultPolicy: "deny-all", requestTimeout: "10s" }, { labels: { team: "bert" } }),
    ),
    owners,
    ssa("anna", part({ listeners: [listener("http", 80)] })),
    owners,
    ssa("bert", part({ defaultPolicy: "allow-all", listeners: [listener("other", 82)] })),
    ssa(
      "bert",
      part({ defaultPolicy: "allow-all", listeners: [listener("other", 82)] }),
      "--force-conflicts",
    ),
    owners,
    ssa("anna", part({ listeners: [listener("http", 80)] }, { labels: { team: "anna" } })),
    ssa(
      "anna",
      part({ listeners: [listener("http", 80)] }, { labels: { team: "anna" } }),
      "--force-conflicts",
    ),
    owners,
    ssa("bert", part({}), "--dry-run=server -o yaml"),
    ssa("bert", part({})),
    owners,
    ssa("anna", part({ nothing: 1 }), "", {
      differs: "Kubernetes answers 500 for a field that it does not know, ours 400",
    }),
    ssa("anna", part({ listeners: [listener("twice", 80), listener("twice", 81)] }), "", {
      differs: "Kubernetes answers 500 for an object that it cannot merge, ours 400",
    }),
    ssa("anna", part({ defaultPolicy: "perhaps", listeners: [listener("http", 80)] }), "", {
      isRefusal: true,
    }),
    ssa("anna", part({}, { managedFields: [] })),
    kubectl("diff -f - --server-side --field-manager=anna", {
      ...part({ defaultPolicy: "allow-all" }),
      isRefusal: true,
    }),
    kubectl("diff -f - --server-side --field-manager=anna", {
      ...part({ listeners: [listener("http", 80), listener("more", 90)] }),
    }),
    kubectl("delete egw one"),
    kubectl("apply -f -", { input: one }),
    kubectl("apply -f - --server-side", { input: changed }),
    owners,
    kubectl('patch egw one --type=merge -p {"spec":{"defaultPolicy":"deny-all"}}'),
    kubectl("apply -f - --server-side", { input: changed }),
    kubectl("apply -f - --server-side --force-conflicts", { input: changed }),
    kubectl("apply -f -", { input: one }),
    owners,
    kubectl("delete egw one"),
    kubectl("apply -f - --server-side", {
      input: manifest({
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "one" },
        data: { a: "1" },
      }),
    }),
    kubectl("apply -f - --server-side --field-manager=bert", {
      input: manifest({
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "one" },
        data: { a: "2", b: "1" },
      }),
    }),
    kubectl("get configmap one -o json --show-managed-fields", { isJson: true }),
    kubectl("delete configmap one"),
  ],
} satisfies { name: string; steps: KubectlStep[] };

function ssa(
  manager: string,
  { input }: { readonly input: string },
  extra = "",
  more: Omit<KubectlStep, "name" | "words"> = {},
): KubectlStep {
  const line = `apply -f - --server-side --field-manager=${manager} ${extra}`;
  return { ...kubectl(line, { input, ...more }), name: `${line} ${input}` };
}
