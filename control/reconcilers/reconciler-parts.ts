/** What every reconciler works with. */
import type { Clock } from "../../gateway/clock.ts";
import type { ObjectStore } from "../apiserver/object-store.ts";
import type { ObjectWriter } from "../apiserver/object-writer.ts";
import type { ServedResource } from "../apiserver/served-resource.ts";
import type { WorkerDirectory } from "./worker-directory.ts";

/** Shared by the reconcilers of one process. */
export interface ReconcilerParts {
  readonly store: ObjectStore;
  readonly writer: ObjectWriter;
  readonly resources: readonly ServedResource[];
  readonly directory: WorkerDirectory;
  readonly clock: Clock;
}

/** Whose the fields are that reconcilers write. */
export const controlFieldOwner = "clrk-control";

/** The resource of one of our kinds. Throws a TypeError when it is not served. */
export function resourceOf(resources: readonly ServedResource[], kind: string): ServedResource {
  const found = resources.find((one) => one.kind === kind);
  if (found === undefined) throw new TypeError(`Cannot reconcile ${kind}: it is not served`);
  return found;
}
