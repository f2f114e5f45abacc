/** Options and words whose parsers are loaded with their command: at every start they would cost too much. */
import { CliError, EXIT_CODE } from "../cli-error.ts";
import { escapeControls } from "../colour.ts";

/** What `parse` makes of the input; a `CliError` with what it threw, as other wrong command lines have it. */
export function readOption<T>(name: string, input: string, parse: (input: string) => T): T {
  try {
    return parse(input);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new CliError(`Cannot use "${escapeControls(input)}" for ${name}: ${detail}`, {
      exitCode: EXIT_CODE.usage,
      cause: error,
    });
  }
}
