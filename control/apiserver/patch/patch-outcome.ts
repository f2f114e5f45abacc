/** What applying a patch comes to; a patch that cannot be applied is a value, never a throw. */
import type { JsonMap } from "../json-tree.ts";

/** The patched object, or why there is none. */
export type PatchOutcome =
  | { readonly kind: "patched"; readonly object: JsonMap }
  | { readonly kind: "refused"; readonly reason: PatchRefusal; readonly message: string };

/** `reason` of a Status: 400 for what is no patch, 413 for too large a one, 422 for one that does not fit the object. */
export type PatchRefusal = "BadRequest" | "RequestEntityTooLarge" | "Invalid";

/** An outcome that is no patched object; `message` is in Kubernetes' words where it has any. */
export function refuse(reason: PatchRefusal, message: string): PatchOutcome {
  return { kind: "refused", reason, message };
}
