/**
 * A process for a test: takes a batch of four records apart, and its first half again, and is killed before a step on the
 * disk, counted from 1. Arguments: folder of the spool, step.
 */
import files from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { silentLogger } from "../log.ts";
import { OtlpSpool } from "../otlp-spool.ts";

const [directory = "", step = ""] = process.argv.slice(2);
const spool = new OtlpSpool({ directory, maxBytes: 1_000, log: silentLogger });
const half = (text: string) => ({
  records: text.length,
  body: { bytes: new Uint8Array(Buffer.from(text)), isCompressed: false },
});

await spool.open();
await spool.add(half("abcd").body, 4);
killBefore(Number(step));
await takeApart("ab", "cd");
await takeApart("a", "b");
process.stdout.write("done\n");

async function takeApart(first: string, second: string): Promise<void> {
  const { oldest } = spool;
  if (oldest !== undefined) await spool.replace(oldest, [half(first), half(second)]);
}

function killBefore(wanted: number): void {
  let steps = 0;
  const { writeFile, rename, rm } = files;
  const counted =
    <Parameters extends unknown[], Result>(call: (...parameters: Parameters) => Result) =>
    (...parameters: Parameters): Result => {
      steps++;
      if (steps === wanted) process.kill(process.pid, "SIGKILL");
      return call(...parameters);
    };
  Object.assign(files, {
    writeFile: counted(writeFile),
    rename: counted(rename),
    rm: counted(rm),
  });
  syncBuiltinESMExports();
}
