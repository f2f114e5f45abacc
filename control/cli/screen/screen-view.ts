/** What a full screen and whoever shows something on it say to each other. */
import type { ReactElement } from "react";

/** The two streams of one terminal. */
export interface ScreenStreams {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
}

/** Cells of the terminal now; 80 × 24 where it does not say. */
export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

/**
 * One key: a character as it was typed, or `up`, `down`, `left`, `right`, `page-up`, `page-down`, `home`, `end`,
 * `enter`, `escape`, `tab`, `shift-tab`, `backspace`, `delete`, or `ctrl-` with a letter. Ctrl-C comes as `ctrl-c`: the
 * terminal sends no signal while a screen is open.
 */
export type ScreenKey = string;

/** What a screen shows; both are called by the screen alone, one at a time. */
export interface ScreenView {
  /**
   * The frame for that size: its lines, each cut at the right edge, or an element of ink. It must fit, hold nothing that
   * is unsafe for a terminal but colours, and be quick: nothing else runs meanwhile. An error ends the screen.
   */
  draw(size: ScreenSize): readonly string[] | ReactElement;
  /** Takes a key; a frame follows by itself. An error ends the screen. */
  onKey(key: ScreenKey): void;
}

/** An open screen. */
export interface TerminalScreen {
  /** Asks for a frame: it is drawn at once, or when the last one is 100 ms old, however often it is asked for. */
  refresh(): void;
  /** Gives the terminal back; resolves when it is as it was. Idempotent */
  close(): Promise<void>;
  /** Resolves with the error that ended the screen, or with undefined after `close()`; never rejects */
  readonly ended: Promise<Error | undefined>;
}
