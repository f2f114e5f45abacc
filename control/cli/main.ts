/** Entry of the command line; `bin/clrk.mjs` starts it with the right Node. */
import { runCommandLine } from "./application.ts";
import { createCliContext } from "./cli-context.ts";

process.exitCode = await runCommandLine(process.argv.slice(2), createCliContext(process));
