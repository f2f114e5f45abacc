/**
 * Runs its arguments through spawnCommand(), as `clrk run` does. With HOLD_FILE it prints its process id first, and
 * SIGUSR2 makes it say `held` and stand still until that file exists: signals then wait for it, not for the command.
 */
import { existsSync, writeSync } from "node:fs";
import { spawnCommand } from "../spawn-command.ts";

const holdFile = process.env["HOLD_FILE"];
if (holdFile !== undefined) {
  process.on("SIGUSR2", () => {
    writeSync(1, "held\n");
    const cell = new Int32Array(new SharedArrayBuffer(4));
    while (!existsSync(holdFile)) Atomics.wait(cell, 0, 0, 5);
  });
  writeSync(1, `pid ${process.pid}\n`);
}
const environment = Object.fromEntries(
  Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
);
const result = await spawnCommand({ argv: process.argv.slice(2), environment });
if (result.kind === "not-started") console.error(result.message);
process.exitCode = result.exitCode;
