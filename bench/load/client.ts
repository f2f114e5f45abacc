/**
 * Load client, run as its own process so that its CPU is nobody else's: prepares a workload when
 * told, says that it is ready, runs when told and hands back the figures.
 */
import { prepareLoad } from "./load.ts";
import { preparePlainLoad } from "./plain-load.ts";
import type { PreparedLoad } from "./tally.ts";
import type { ClientReport } from "./workload.ts";
import { isClientCommand } from "./workload.ts";

function main() {
  let prepared: PreparedLoad | undefined;
  const report = (message: ClientReport) => process.send?.(message);
  const handle = async (message: unknown) => {
    if (!isClientCommand(message)) throw new Error("Cannot handle command: its kind is not known");
    if (message.kind === "prepare") {
      prepared?.close();
      const { workload } = message;
      prepared = await (workload.kind === "plain"
        ? preparePlainLoad(workload)
        : prepareLoad(workload));
      report({ kind: "ready" });
      return;
    }
    if (prepared === undefined) throw new Error("Cannot run: nothing is prepared");
    report({ kind: "done", result: await prepared.run() });
  };
  process.on("message", (message) => {
    handle(message).catch((error: unknown) => {
      report({ kind: "error", message: error instanceof Error ? error.message : String(error) });
    });
  });
  process.once("disconnect", () => process.exit());
}

if (import.meta.main) main();
