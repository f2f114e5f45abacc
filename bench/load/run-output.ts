/** What a benchmark shows while it runs and leaves behind: a line a measurement, and files. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { formatFigure } from "./figures.ts";
import type { RoundSample } from "./rounds.ts";

/** One line of a measurement. */
export function formatProgress(sample: RoundSample): string {
  const { server = 0, envoy = 0 } = sample.cpuMicrosPerRequest;
  const failed = sample.failed === 0 ? "" : `, ${sample.failed} FAILED: ${sample.firstFailure}`;
  const figures = `${formatFigure(server + envoy)} µs/req, ${formatFigure(sample.requestsPerSecond)} req/s`;
  return `round ${sample.round + 1}  ${sample.case}  ${sample.contender}  ${figures}${failed}`;
}

/** Writes a file, in directories that may be missing, and says so. */
export async function writeOut(file: string, content: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
  process.stdout.write(`Wrote ${file}\n`);
}
