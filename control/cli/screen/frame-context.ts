/** What a frame of `clrk dev` is drawn for, besides its state. */
import type { Palette } from "../colour.ts";

/** What does not change, and for whom it is drawn. */
export interface FrameContext {
  readonly palette: Palette;
  readonly workingDirectory: string;
  /** Path as a person would type it */
  readonly kubeconfig: string;
  readonly nowMs: number;
}
