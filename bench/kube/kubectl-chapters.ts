/** The kubectl script, chapter by chapter. Chapters leave nothing behind, so that one can be played alone. */
import { applyChapter, conflictChapter } from "./kubectl-applying.ts";
import { coreChapters } from "./kubectl-core.ts";
import { deletionChapter, waitChapter } from "./kubectl-deleting.ts";
import { discoveryChapter, readChapter } from "./kubectl-reading.ts";
import type { KubectlStep } from "./kubectl-step.ts";
import { invalidChapter, patchChapter, writeChapter } from "./kubectl-writing.ts";

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
  invalidChapter,
  applyChapter,
  conflictChapter,
  deletionChapter,
  waitChapter,
  ...coreChapters,
];
