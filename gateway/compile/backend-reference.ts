/**
 * Backends of a rule: which of them exist, where they are and what they speak. A reference that leads nowhere is left out, and its share goes to the others; with none left the rule refuses.
 */

import type { AIProviderRoute } from "../../crds/ai-provider-route.ts";
import type { Backend } from "../../crds/backend.ts";
import { formatReference, referenceOf } from "../../crds/meta.ts";
import type { Path } from "../../crds/problem.ts";
import { formatPath, quote } from "../../crds/problem.ts";
import { findSuggestion } from "../../crds/suggestion.ts";
import { findProviderByName, providerNames } from "../../providers/registry.ts";
import type { ObjectName } from "../snapshot.ts";
import type { ObjectIndex } from "./object-index.ts";
import type { BackendDraft } from "./route-draft.ts";
import type { Finding } from "./status-book.ts";

type BackendReference = AIProviderRoute["spec"]["rules"][number]["backendRefs"][number];

/** The backends of one rule. */
export interface BackendFindings {
  readonly backends: readonly BackendDraft[];
  readonly obstacles: readonly Finding<"Accepted">[];
  readonly missing: readonly Finding<"ResolvedRefs">[];
}

/** Resolves the references of the rule at `path`. */
export function resolveBackends(
  references: readonly BackendReference[],
  path: Path,
  { index, namespace }: { readonly index: ObjectIndex; readonly namespace: string },
): BackendFindings {
  const backends: BackendDraft[] = [];
  const obstacles: Finding<"Accepted">[] = [];
  const missing: Finding<"ResolvedRefs">[] = [];
  const hasPriorities = references.some(({ priority }) => priority !== undefined);
  for (const [position, reference] of references.entries()) {
    const at = [...path, "backendRefs", position];
    const backend = findBackend(reference, namespace, index);
    if (typeof backend === "string") {
      missing.push({ reason: "BackendNotFound", message: `${formatPath(at)}: ${backend}` });
      continue;
    }
    const unknown = unknownSchema(backend);
    if (unknown !== undefined) {
      const label = formatReference(referenceOf(backend));
      obstacles.push({ ...unknown, message: `${formatPath(at)}: ${label}: ${unknown.message}` });
    }
    const tier = hasPriorities ? (reference.priority ?? 0) : position;
    backends.push(draftBackend(backend, reference, tier));
  }
  return { backends, obstacles, missing };
}

/** What is wrong with the schema of a Backend: nobody knows the provider that it names. */
export function unknownSchema({ spec }: Backend): Finding<"Accepted"> | undefined {
  const name = spec.schema?.name;
  if (name === undefined || isCustom(name) || findProviderByName(name) !== undefined) {
    return undefined;
  }
  const names = providerNames();
  const suggestion = findSuggestion(name, names);
  const hint = suggestion === undefined ? "" : `did you mean "${suggestion}"? `;
  const message = `spec.schema.name: no provider ${quote(name)}: ${hint}known are custom, ${names.join(", ")}`;
  return { reason: "ProviderNotFound", message };
}

/** Whether a backend serves a provider's requests as they are, without a look at them. */
export function isPlain(
  backend: Pick<BackendDraft, "provider" | "modelRewrites" | "basePath" | "refusal">,
  provider: string,
): boolean {
  const speaks = backend.provider === "" || backend.provider === provider;
  const isSame = backend.modelRewrites.length === 0 && backend.basePath === "";
  return speaks && isSame && backend.refusal === undefined;
}

function draftBackend(backend: Backend, reference: BackendReference, tier: number): BackendDraft {
  const { upstream, schema, modelRewrites, bodyMutation } = backend.spec;
  const name = referenceOf(backend);
  const label = schema?.name ?? "custom";
  return {
    name,
    host: upstream?.host ?? "",
    port: reference.port ?? upstream?.port ?? 443,
    tls: upstream?.tls ?? true,
    weight: reference.weight,
    tier,
    provider: findProviderByName(label)?.name ?? "",
    basePath: schema?.basePath ?? "",
    modelRewrites,
    streamUsage: bodyMutation?.ensureStreamUsage ?? true,
    ...(upstream === undefined && { refusal: poolRefusal(name) }),
  };
}

function poolRefusal(name: ObjectName) {
  return {
    status: 501,
    reason: "backend-missing",
    message: `${formatReference(name)} is an InferencePool, which this gateway does not serve: use a Backend of type Upstream`,
  } as const;
}

function isCustom(name: string): boolean {
  return name.toLowerCase() === "custom";
}

/** The backend, or why it cannot be used. */
function findBackend(
  { name, namespace = "", kind }: BackendReference,
  own: string,
  index: ObjectIndex,
): Backend | string {
  const label = formatReference({ kind, namespace: namespace || own, name });
  if (namespace !== "" && namespace !== own) {
    return `${label} is in another namespace, and a route may only use backends of its own`;
  }
  return index.find("Backend", own, name) ?? `${label} does not exist`;
}
