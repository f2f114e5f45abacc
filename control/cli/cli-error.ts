/**
 * What went wrong for the person at the terminal, and with which exit code the program says so to scripts.
 * Invariant: a message is complete by itself: what failed, why, and what to do next; nobody is shown a stack trace.
 */

/** Exit codes of `clrk`; `clrk run` passes its command's own on and uses 125 to 127 as env(1) does. */
export const EXIT_CODE = {
  done: 0,
  failed: 1,
  /** The command line cannot be understood */
  usage: 2,
  /** `clrk run` could not run the command, for a reason that is not the command's */
  runFailed: 125,
} as const;

/** What a command ends with that a signal kept from its end: 128 and the signal's number, as shells say it. */
export const SIGNAL_EXIT_CODE = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** A failure whose message is for the user; lines after the first are next steps. */
export class CliError extends Error {
  static {
    Object.defineProperty(CliError.prototype, "name", { value: "CliError", configurable: true });
  }

  /** What the process ends with */
  readonly exitCode: number;

  /** `exitCode` is 1 unless it is given. */
  constructor(
    message: string,
    options: { readonly exitCode?: number; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.exitCode = options.exitCode ?? EXIT_CODE.failed;
  }
}
