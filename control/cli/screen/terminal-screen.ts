/**
 * A full screen on a terminal, and its life: alternate screen, size, keys, frames. Invariant: however it ends (a close,
 * an error while drawing, a signal, an exception), the terminal is as it was, with what it showed before.
 */
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

/** What of a process decides whether it may have a screen. */
export interface ScreenWorld {
  readonly input: { readonly isTTY?: boolean };
  readonly output: { readonly isTTY?: boolean };
  readonly env: Readonly<Partial<Record<string, string>>>;
}

/** Whether a person sits there who can use a screen: both streams are a terminal that can, and this is no CI. */
export function canShowScreen({ input, output, env }: ScreenWorld): boolean {
  const { CI: ci = "", TERM: terminal = "" } = env;
  const isInCi = ci !== "" && ci !== "0" && ci !== "false";
  return input.isTTY === true && output.isTTY === true && !isInCi && terminal !== "dumb";
}

/** Takes the terminal and draws the first frame. Loads the library for it, which takes a fifth of a second. */
export async function openTerminalScreen(
  streams: ScreenStreams,
  view: ScreenView,
): Promise<TerminalScreen> {
  const { mountScreen } = await loadForUse();
  return mountScreen(streams, view);
}

/** The library's faster half is chosen by this variable when it is loaded; what we start must not see it. */
async function loadForUse(): Promise<typeof import("./mounted-screen.ts")> {
  const { env } = process;
  const before = env["NODE_ENV"];
  env["NODE_ENV"] = "production";
  try {
    return await import("./mounted-screen.ts");
  } finally {
    if (before === undefined) delete env["NODE_ENV"];
    else env["NODE_ENV"] = before;
  }
}
