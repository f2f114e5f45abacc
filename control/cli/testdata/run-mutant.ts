/** Runs its arguments through spawnCommand(), as `clrk run` does; prints its process id first where asked. */
import { spawnCommand } from "../spawn-mutant.ts";

if (process.env["PRINT_PID"] !== undefined) console.log(`pid ${process.pid}`);
const environment = Object.fromEntries(
  Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
);
const result = await spawnCommand({ argv: process.argv.slice(2), environment });
if (result.kind === "not-started") console.error(result.message);
process.exitCode = result.exitCode;
