/**
 * Load client, run as its own process so that its CPU is nobody else's: prepares a workload when
 * told, says that it is ready, runs when told and hands back the figures.
 */
import { prepareLoad } from "./load.ts";
import { preparePlainLoad } from "./plain-load.ts";
import { prepareReplay } from "./replay-load.ts";
import type { PreparedLoad } from "./tally.ts";
import type { ClientReport, Workload } from "./workload.ts";
import { isClientCommand } from "./workload.ts";

function main() {
  let prepared: PreparedLoad | undefined;
  const report = (message: ClientReport) => process.send?.(message);
  const handle = async (message: unknown) => {
    if (!isClientCommand(message)) throw new Error("Cannot handle command: its kind is not known");
    if (message.kind === "prepare") {
      prepared?.close();
      prepared = await prepare(message.workload);
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

function prepare(workload: Workload): Promise<PreparedLoad> {
  switch (workload.kind) {
    case "plain":
      return preparePlainLoad(workload);
    case "replay":
      return prepareReplay(workload);
    default:
      return prepareLoad(workload);
  }
}

if (import.meta.main) main();
