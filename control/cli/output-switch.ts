/**
 * Two outputs that can be led elsewhere: while a full screen has the terminal, a line that is written would tear it.
 * Invariant: nothing that is written gets lost; what comes in pieces becomes whole lines.
 */
import type { CliContext, CliOutput } from "./cli-context.ts";

/** The context of a command that may open a screen. */
export class OutputSwitch {
  /** As the one it was made of, but that its outputs are led elsewhere while somebody takes them */
  readonly context: CliContext;
  #take: ((line: string) => void) | undefined;
  #partial = "";

  constructor(context: CliContext) {
    const { stdout, stderr } = context.process;
    this.context = {
      ...context,
      process: {
        // The exit code is set on the real one.
        ...context.process,
        stdout: this.#lead(stdout),
        stderr: this.#lead(stderr),
      },
    };
  }

  /** Gives every line to `take` from now on. */
  divert(take: (line: string) => void): void {
    this.#take = take;
  }

  /** Leads both outputs to where they were, and the last line that has no end yet. */
  restore(): void {
    this.#take = undefined;
    const rest = this.#partial;
    this.#partial = "";
    if (rest !== "") this.context.process.stderr.write(`${rest}\n`);
  }

  #lead(output: CliOutput): CliOutput {
    return {
      ...output,
      write: (text) => {
        if (this.#take === undefined) output.write(text);
        else this.#split(text, this.#take);
      },
    };
  }

  #split(text: string, take: (line: string) => void): void {
    const lines = (this.#partial + text).split("\n");
    this.#partial = lines.pop() ?? "";
    for (const line of lines) if (line !== "") take(line);
  }
}
