/** Who owns which field: what plain writes record (`metadata.managedFields`). Server-side apply is in `apply/`. */
import type { KubeObject } from "./kube-object.ts";
import type { ServedResource } from "./served-resource.ts";

/** Who writes and when. */
export interface Writer {
  readonly manager: string;
  /** RFC 3339 in whole seconds */
  readonly now: string;
  readonly subresource?: "status";
}

/** The written object with the fields that changed recorded as the writer's. */
export function recordWrite(facts: {
  readonly resource: ServedResource;
  readonly before?: KubeObject;
  readonly after: KubeObject;
  readonly writer: Writer;
}): KubeObject {
  return facts.after;
}
