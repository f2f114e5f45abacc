/** Manifests read once, by the rules by which a gateway follows them. */

import type { SourceProblem } from "./control-api.ts";
import type { Logger } from "./log.ts";
import type { ManifestReading, SourcedObject } from "./manifests.ts";
import { ManifestTree } from "./manifests/manifest-tree.ts";
import { joinObjects } from "./manifests/object-set.ts";
import { providerProblems } from "./provider-problems.ts";

/** What is read. */
export interface ReadManifestsOptions {
  /** Files and folders, as the user wrote them */
  readonly paths: readonly string[];
  /** Objects that are in no file; they come last, and none of them may be in a file too */
  readonly others?: ManifestReading;
  readonly log: Logger;
}

/** All objects, or why a gateway would not serve them. */
export interface ReadManifests {
  readonly objects: readonly SourcedObject[];
  /** Empty where the objects can be served */
  readonly problems: readonly SourceProblem[];
  readonly warnings: readonly SourceProblem[];
}

/** Reads files and folders. Never throws for what they hold, or for one that is not there: that is a problem. */
export function readManifests({ paths, others, log }: ReadManifestsOptions): ReadManifests {
  const tree = new ManifestTree({ paths, log, watch: () => unwatched, onEvent: () => {} });
  try {
    for (const _step of tree.sweep());
    const set = joinObjects([...tree.readings(), ...(others === undefined ? [] : [others])]);
    const objects = [...set.objects.values()];
    const problems = set.problems.length > 0 ? set.problems : providerProblems(objects);
    return { objects, problems, warnings: set.warnings };
  } finally {
    tree.close();
  }
}

const unwatched = { close: () => {}, on: () => undefined };
