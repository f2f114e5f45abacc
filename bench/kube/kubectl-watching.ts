/** The chapter on watches: kubectl stays for a while, and what another one does meanwhile must be seen in this order. */
import { configMap, example, manifest } from "./kubectl-manifests.ts";
import { kubectl } from "./kubectl-step.ts";
import type { KubectlStep } from "./kubectl-step.ts";

const gateway = manifest(example("EgressGateway", "one"));

const changes: readonly KubectlStep[] = [
  kubectl("create -f -", { input: manifest(example("EgressGateway", "two")) }),
  kubectl("label egw two team=red"),
  kubectl('patch egw one --type=merge -p {"spec":{"defaultPolicy":"allow-all"}}'),
  kubectl("label egw two team-"),
  kubectl("delete egw two"),
  kubectl("create -f -", { input: manifest(configMap("end", {})) }),
  kubectl("delete configmap end"),
  kubectl("delete egw one"),
];

/** Watches of every sort, each while the same happens. */
export const watchChapter = {
  name: "watching",
  steps: [
    "get egw -w",
    "get egw -w -o wide",
    "get egw --watch-only",
    "get egw -w -o name",
    "get egw -w --output-watch-events",
    "get egw -w -l team=red --output-watch-events",
    "get egw -w --field-selector metadata.name=one --output-watch-events",
    "get egw one -w",
    "get egw -A -w -o custom-columns=NAME:.metadata.name,POLICY:.spec.defaultPolicy",
  ].flatMap((line): KubectlStep[] => [
    kubectl("create -f -", { input: gateway }),
    { ...kubectl(line), meanwhile: changes },
  ]),
} satisfies { name: string; steps: KubectlStep[] };
