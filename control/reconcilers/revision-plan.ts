/**
 * Which AgentSandboxRevision an agent wants: all that its sandboxes are made from, under a name made of just that. The
 * same content gives the same name, so that nothing but a change of the sandbox makes a new one.
 */
import { createHash } from "node:crypto";
import type { AgentKind } from "../../crds/agent-labels.ts";
import { AGENT_LABELS } from "../../crds/agent-labels.ts";
import type { DaemonAgent } from "../../crds/daemon-agent.ts";
import { API_VERSION } from "../../crds/meta.ts";
import type { TaskAgent } from "../../crds/task-agent.ts";
import type { KubeObject, OwnerReference } from "../apiserver/kube-object.ts";

/** Digits of the hash in a name: no two contents of one agent are ever the same in 64 bits. */
const hashDigits = 16;

/** Part of the names, so that agents of two kinds may have one name. */
const shortKinds: Readonly<Record<AgentKind, string>> = {
  TaskAgent: "task",
  DaemonAgent: "daemon",
};

/** The revision that an agent wants, ready to be created. `identity` is what the API server wrote about the agent. */
export function planRevision(
  agent: TaskAgent | DaemonAgent,
  identity: { readonly uid: string; readonly generation: number },
): KubeObject {
  const { kind, metadata } = agent;
  const { template, workerPoolRef } = agent.spec;
  const labels = {
    ...template.metadata?.labels,
    [AGENT_LABELS.agent]: metadata.name,
    [AGENT_LABELS.agentKind]: kind,
    [AGENT_LABELS.workerPool]: workerPoolRef,
  };
  const annotations = template.metadata?.annotations ?? {};
  const spec = sandboxOf(agent);
  // An agent of the same name that was there before may have left revisions: its uid keeps them apart.
  const hash = hashOf({ uid: identity.uid, labels, annotations, spec });
  return {
    apiVersion: API_VERSION,
    kind: "AgentSandboxRevision",
    metadata: {
      name: `${metadata.name}-${shortKinds[kind]}-${hash}`,
      namespace: metadata.namespace,
      labels: { ...labels, [AGENT_LABELS.generation]: String(identity.generation) },
      ...(Object.keys(annotations).length > 0 && { annotations }),
      ownerReferences: [
        {
          apiVersion: API_VERSION,
          kind,
          name: metadata.name,
          uid: identity.uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec,
  };
}

/** The controller of an object: at most one of its owners is. */
export function controllerOf(object: KubeObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find(({ controller }) => controller === true);
}

function sandboxOf(agent: TaskAgent | DaemonAgent): object {
  const { template, resources, egressRefs } = agent.spec;
  return {
    ...template.spec,
    ...(resources !== undefined && { resources }),
    egressRefs,
    ...(agent.kind === "TaskAgent" && {
      ...(agent.spec.state !== undefined && { state: agent.spec.state }),
      ...(agent.spec.delivery !== undefined && { delivery: agent.spec.delivery }),
    }),
  };
}

function hashOf(content: object): string {
  return createHash("sha256").update(canonical(content)).digest("hex").slice(0, hashDigits);
}

/** JSON with sorted keys: the order in which a user wrote fields means nothing. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  const sorted = entries.toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${sorted.map(([key, one]) => `${JSON.stringify(key)}:${canonical(one)}`).join(",")}}`;
}
