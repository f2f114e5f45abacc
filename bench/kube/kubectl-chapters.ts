/** The kubectl script, chapter by chapter. Chapters leave nothing behind, so that one can be played alone. */
import { applyChapter, conflictChapter } from "./kubectl-applying.ts";
import { coreChapters } from "./kubectl-core.ts";
import { deletionChapter, ownerChapter, waitChapter } from "./kubectl-deleting.ts";
import { discoveryChapter, readChapter } from "./kubectl-reading.ts";
import { refuseChapter } from "./kubectl-refusing.ts";
import type { KubectlStep } from "./kubectl-step.ts";
import { watchChapter } from "./kubectl-watching.ts";
import { patchChapter, writeChapter } from "./kubectl-writing.ts";

/** Steps that belong together, in order. */
export interface KubectlChapter {
  readonly name: string;
  readonly steps: readonly KubectlStep[];
}

/** All chapters. */
export const kubectlChapters: readonly KubectlChapter[] = [
  discoveryChapter,
  readChapter,
  writeChapter,
  patchChapter,
  refuseChapter,
  applyChapter,
  conflictChapter,
  deletionChapter,
  ownerChapter,
  waitChapter,
  watchChapter,
  ...coreChapters,
];
