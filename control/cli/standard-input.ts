/** Standard input as a whole, for `-f -` and `KEY=-`. */
import type { CliContext } from "./cli-context.ts";
import { CliError } from "./cli-error.ts";

/** As much as a file of manifests may have. */
const maxInputBytes = 4 * 1024 * 1024;

/** Reads it to its end. Throws a `CliError` for more than 4 MiB. */
export async function readInput({ input }: Pick<CliContext, "input">): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of input()) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > maxInputBytes) {
      throw new CliError(`Cannot read standard input: it has more than ${maxInputBytes} bytes`);
    }
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}
