/**
 * A full screen on a terminal, and its life: alternate screen, size, keys, frames. Invariant: however it ends (a close,
 * an error while drawing, a signal, an exception), the terminal is as it was, with what it showed before.
 */
import type { ScreenStreams, ScreenView, TerminalScreen } from "./screen-view.ts";

export type {
  ScreenKey,
  ScreenSize,
  ScreenStreams,
  ScreenView,
  TerminalScreen,
} from "./screen-view.ts";

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

/**
 * The library's faster half is chosen by a variable when it is loaded; what we start must not see it. Its layout engine reads
 * its own code by `fetch` where there is one, and the client behind that takes 11 MB.
 */
async function loadForUse(): Promise<typeof import("./mounted-screen.ts")> {
  const { env } = process;
  const { fetch } = globalThis;
  const before = env["NODE_ENV"];
  env["NODE_ENV"] = "production";
  Reflect.deleteProperty(globalThis, "fetch");
  try {
    return await import("./mounted-screen.ts");
  } finally {
    globalThis.fetch = fetch;
    if (before === undefined) delete env["NODE_ENV"];
    else env["NODE_ENV"] = before;
  }
}
