/** Writes one golden file again: `node control/cli/testdata/update-help.ts NAME`. Review what it changed. */
import { helpCases, printHelp, writeHelp } from "./help-cases.ts";

const name = process.argv[2] ?? "";
const words = helpCases.get(name);
if (words === undefined) {
  console.error(`Cannot update "${name}": wanted one of ${[...helpCases.keys()].join(", ")}`);
  process.exitCode = 2;
} else {
  await writeHelp(name, await printHelp(words));
}
