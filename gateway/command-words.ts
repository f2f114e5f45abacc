/** Command lines of our processes, as the CLI and service managers write them: words in, a sentence for what is wrong. */
import { parseArgs } from "node:util";
import type { ParseArgsOptionsConfig } from "node:util";
import { ClrkError } from "./errors.ts";
import type { LogLevel } from "./log.ts";
import { findLogLevel, LOG_LEVELS } from "./log.ts";

/** Values of the options, by their names; words that are none of them throw CLRK_INVALID_ARGUMENT. */
export function parseWords<const Options extends ParseArgsOptionsConfig>(
  args: readonly string[],
  options: Options,
) {
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : "unreadable";
    throw invalidArgument(`Cannot read arguments: ${detail}`);
  }
}

/** The level of `--log-level`, `warn` when absent; throws CLRK_INVALID_ARGUMENT for another word. */
export function parseLogLevel(text: string | undefined): LogLevel {
  if (text === undefined) return "warn";
  const level = findLogLevel(text);
  if (level !== undefined) return level;
  throw invalidArgument(`Cannot use log level "${text}": wanted one of ${LOG_LEVELS.join(", ")}`);
}

/** CLRK_INVALID_ARGUMENT with a sentence that is for the user. */
export function invalidArgument(message: string): ClrkError {
  return new ClrkError("CLRK_INVALID_ARGUMENT", message, { expose: message });
}
