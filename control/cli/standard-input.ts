/** Standard input as a whole, for `-f -` and `KEY=-`. */
import type { CliContext } from "./cli-context.ts";
import { CliError } from "./cli-error.ts";
import { readBounded } from "./read-bounded.ts";

/** As much as a file of manifests may have. */
const maxInputBytes = 4 * 1024 * 1024;

/** Reads it to its end. Throws a `CliError` for more than 4 MiB. */
export async function readInput({ input }: Pick<CliContext, "input">): Promise<Buffer> {
  const bytes = await readBounded(input(), maxInputBytes);
  if (bytes !== undefined) return bytes;
  throw new CliError(`Cannot read standard input: it has more than ${maxInputBytes} bytes`);
}
