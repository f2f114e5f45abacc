/**
 * Backends of a rule: which of them exist, and whether they can serve what the rule is about without a translation.
 * A reference that leads nowhere is left out, and its share goes to the others; with none left the rule refuses.
 */

import type { AIProviderRoute } from "../../crds/ai-provider-route.ts";
import type { Backend } from "../../crds/backend.ts";
import { formatReference, referenceOf } from "../../crds/meta.ts";
import type { Path } from "../../crds/problem.ts";
import { formatPath } from "../../crds/problem.ts";
import { findProviderByName } from "../../providers/registry.ts";
import type { ObjectIndex } from "./object-index.ts";
import { notEnforced } from "./refusal.ts";
import type { BackendDraft } from "./route-draft.ts";
import type { Finding } from "./status-book.ts";

type BackendReference = AIProviderRoute["spec"]["rules"][number]["backendRefs"][number];

/** The backends of one rule. */
export interface BackendFindings {
  readonly backends: readonly BackendDraft[];
  readonly obstacles: readonly Finding<"Accepted">[];
  readonly missing: readonly Finding<"ResolvedRefs">[];
}

/** Resolves the references of the rule at `path`, for calls of the providers (canonical names) of its matches. */
export function resolveBackends(
  references: readonly BackendReference[],
  path: Path,
  options: {
    readonly index: ObjectIndex;
    readonly namespace: string;
    readonly providers: readonly string[];
  },
): BackendFindings {
  const { index, namespace, providers } = options;
  const backends: BackendDraft[] = [];
  const obstacles: Finding<"Accepted">[] = [];
  const missing: Finding<"ResolvedRefs">[] = [];
  for (const [position, reference] of references.entries()) {
    const at = [...path, "backendRefs", position];
    const backend = findBackend(reference, namespace, index);
    if (typeof backend === "string") {
      missing.push({ reason: "BackendNotFound", message: `${formatPath(at)}: ${backend}` });
      continue;
    }
    const label = formatReference(referenceOf(backend));
    const [field] = unenforcedBackend(backend);
    if (field !== undefined) obstacles.push(notEnforced(at, `${label} with ${formatPath(field)}`));
    const foreign = providers.find((provider) => !speaks(backend, provider));
    if (foreign !== undefined) {
      const schema = backend.spec.schema?.name ?? "";
      obstacles.push(notEnforced(at, `translation from ${foreign} to ${schema} of ${label}`));
    }
    const { upstream } = backend.spec;
    if (upstream === undefined) continue;
    const port = reference.port ?? upstream.port;
    backends.push({
      name: referenceOf(backend),
      host: upstream.host,
      port,
      weight: reference.weight,
    });
  }
  return { backends, obstacles, missing };
}

/** The fields of a Backend that ask for what this gateway does not do. */
export function unenforcedBackend({ spec }: Backend): Path[] {
  return [
    ...(spec.type === "InferencePool" ? [["spec", "inferencePoolRef"]] : []),
    ...(spec.modelRewrites.length > 0 ? [["spec", "modelRewrites"]] : []),
    ...(spec.bodyMutation?.ensureStreamUsage === true
      ? [["spec", "bodyMutation", "ensureStreamUsage"]]
      : []),
  ];
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

/** A backend without schema speaks what it is sent. */
function speaks({ spec }: Backend, provider: string): boolean {
  if (spec.schema === undefined) return true;
  return findProviderByName(spec.schema.name)?.name === provider;
}
