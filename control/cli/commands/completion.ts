/** `clrk completion install` and `uninstall`: Tab completion in the user's shell. */
import { homedir } from "node:os";
import { join } from "node:path";
import { readFile, writeFile } from "node:fs/promises";
import type { CliContext } from "../cli-context.ts";
import { CliError, EXIT_CODE } from "../cli-error.ts";
import { findShell, withCompletion, withoutCompletion } from "../shell-completion.ts";
import type { CompletionShell } from "../shell-completion.ts";

/** Options as the user gave them. */
export interface CompletionFlags {
  readonly shell?: CompletionShell;
}

/** Puts our block into the shell's start file, in the place of an older one. */
export async function install(this: CliContext, flags: CompletionFlags): Promise<void> {
  const { shell, path } = chooseFile(this, flags);
  await change(path, (text) => withCompletion(text, shell));
  this.process.stdout.write(`Added to ${path}\nUse it in this shell too: source ${path}\n`);
}

/** Removes our block, and nothing else. */
export async function uninstall(this: CliContext, flags: CompletionFlags): Promise<void> {
  const { path } = chooseFile(this, flags);
  await change(path, withoutCompletion);
  this.process.stdout.write(`Removed from ${path}\n`);
}

function chooseFile(
  context: CliContext,
  flags: CompletionFlags,
): { readonly shell: CompletionShell; readonly path: string } {
  const { SHELL: login = "", HOME: home = homedir(), ZDOTDIR: zsh } = context.process.env;
  const shell = flags.shell ?? findShell(login);
  if (shell === undefined) {
    throw new CliError(
      `Cannot tell your shell: $SHELL is "${login}", wanted bash or zsh\nSay which: clrk completion install --shell bash`,
      { exitCode: EXIT_CODE.usage },
    );
  }
  return { shell, path: shell === "bash" ? join(home, ".bashrc") : join(zsh ?? home, ".zshrc") };
}

async function change(path: string, edit: (text: string) => string): Promise<void> {
  try {
    const text = await readFile(path, "utf8").catch((error: unknown) => {
      const isMissing = error instanceof Error && "code" in error && error.code === "ENOENT";
      if (isMissing) return "";
      throw error;
    });
    const changed = edit(text);
    if (changed !== text) await writeFile(path, changed);
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new CliError(`Cannot change "${path}": ${detail}\nCheck that it is yours to write`, {
      cause,
    });
  }
}
