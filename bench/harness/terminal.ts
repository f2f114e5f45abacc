/**
 * A real terminal for tests: tmux, with a server of its own that ends with the test. What a person sees is read as
 * text, keys are pressed, and the window changes its size.
 */
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { waitUntil } from "./processes.ts";
import type { TestScope } from "./processes.ts";

const run = promisify(execFile);

/** What runs in it. */
export interface TerminalOptions {
  /** A line for `sh`; the terminal stays when it has ended */
  readonly command: string;
  /** The whole environment, but for TERM, which tmux sets */
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory?: string;
  readonly columns?: number;
  readonly rows?: number;
}

/** A terminal with somebody before it. */
export interface TestTerminal {
  /** Lines as they are seen now, without blanks at their ends; with `colours` their escape sequences are in it */
  look(options?: { readonly colours?: boolean }): Promise<string>;
  /** Resolves with what is seen once it fits; rejects after the deadline with what was seen then */
  see(what: RegExp, deadlineMs?: number): Promise<string>;
  /** The same for what must not be seen any more */
  seeNo(what: RegExp, deadlineMs?: number): Promise<string>;
  /** Presses keys by tmux's names: `q`, `Tab`, `Up`, `Enter`, `Escape`, `C-c` */
  press(...keys: readonly string[]): Promise<void>;
  resize(columns: number, rows: number): Promise<void>;
  /** Whether the program has the alternate screen, and whether the cursor shows */
  modes(): Promise<{ readonly alternate: boolean; readonly cursor: boolean }>;
}

/** Why there is no terminal to be had; undefined where there is. */
export function whyNoTerminal(): string | undefined {
  try {
    execFileSync("tmux", ["-V"], { stdio: "ignore" });
    return undefined;
  } catch {
    return "tmux is not installed";
  }
}

/** Opens a terminal, 80 × 24 unless said otherwise; it is gone with the test, with all that runs in it. */
export async function openTerminal(
  scope: TestScope,
  options: TerminalOptions,
): Promise<TestTerminal> {
  const { command, environment, workingDirectory = ".", columns = 80, rows = 24 } = options;
  const directory = mkdtempSync(join(tmpdir(), "clrk-tmux-"));
  const socket = join(directory, "s");
  const tmux = (...words: readonly string[]) =>
    run("tmux", ["-u", "-S", socket, "-f", "/dev/null", ...words], {
      env: { LC_ALL: "C.UTF-8", ...environment },
    });
  scope.teardown(async () => {
    await tmux("kill-server").catch(() => {}); // it may have ended with its last window
    rmSync(directory, { recursive: true, force: true });
  });
  const size = ["-x", String(columns), "-y", String(rows)];
  await tmux(
    "new-session",
    "-d",
    "-s",
    "t",
    "-c",
    workingDirectory,
    ...size,
    "env",
    "PS1=$ ",
    "sh",
  );
  await tmux("set-option", "-g", "window-size", "manual");
  await tmux("resize-window", "-t", "t", ...size);
  await tmux("send-keys", "-t", "t", "-l", command);
  await tmux("send-keys", "-t", "t", "Enter");
  const look = async ({ colours = false } = {}) => {
    const flags = colours ? ["-e"] : [];
    return (await tmux("capture-pane", "-p", ...flags, "-t", "t")).stdout;
  };
  const wait = async (fits: (seen: string) => boolean, what: string, deadlineMs: number) => {
    let seen = "";
    const check = async () => {
      seen = await look();
      return fits(seen) ? { seen } : undefined;
    };
    const settings = { deadlineMs, what, intervalMs: 50 };
    await waitUntil(check, settings).catch((cause: unknown) => {
      throw new Error(`Cannot see ${what} on the terminal:\n${seen}`, { cause });
    });
    return seen;
  };
  return {
    look,
    see: (what, deadlineMs = 20_000) => wait((seen) => what.test(seen), String(what), deadlineMs),
    seeNo: (what, deadlineMs = 20_000) =>
      wait((seen) => !what.test(seen), `no ${what}`, deadlineMs),
    press: async (...keys) => {
      await tmux("send-keys", "-t", "t", ...keys);
    },
    resize: async (width, height) => {
      await tmux("resize-window", "-t", "t", "-x", String(width), "-y", String(height));
    },
    modes: async () => {
      const form = "#{alternate_on} #{cursor_flag}";
      const { stdout } = await tmux("display-message", "-p", "-t", "t", form);
      const [alternate, cursor] = stdout.trim().split(" ");
      return { alternate: alternate === "1", cursor: cursor === "1" };
    },
  };
}
