/**
 * The control process with its store as `clrk dev` keeps them, for whoever kills them: started, started again, and ended
 * by the very code of that command. Their memory is watched.
 */
import { createCliContext } from "../../control/cli/cli-context.ts";
import { keepControl } from "../../control/cli/kept-control.ts";
import { homeDirectory } from "../../gateway/home-directory.ts";
import { listProcesses } from "../harness/process-table.ts";
import { waitUntil } from "../harness/processes.ts";
import { StoreMemory } from "./store-memory.ts";

/** Who can be killed. */
export type KeptName = "control" | "store";

/** The two processes of a home. */
export interface KeptProcesses {
  readonly kubeconfig: string;
  /** Highest resident memory that any process of the store had, in bytes */
  readonly peakBytes: number;
  /** What the keeper and the control process said, newest last; the newest 64 KiB */
  readonly log: string;
  /** Sends SIGKILL to the one that runs now; waits for one where none does. Resolves with its id. */
  kill(name: KeptName): Promise<number>;
  /** The id of the one that runs now; undefined where none does. */
  find(name: KeptName): number | undefined;
  /** Ends both. Idempotent */
  close(): Promise<void>;
}

const entries: Readonly<Record<KeptName, string>> = {
  control: "control/main.ts",
  store: "store-main.ts",
};
const keptCharacters = 65_536;
const memoryLookMs = 50;

/** Starts them with that `CLRK_HOME`. */
export async function keepProcesses(home: string): Promise<KeptProcesses> {
  const context = createCliContext(process);
  const env = { ...process.env, HOME: home, CLRK_HOME: home };
  let log = "";
  const stderr = {
    ...context.process.stderr,
    write: (text: string) => {
      log = (log + text).slice(-keptCharacters);
    },
  };
  const options = { file: [] };
  const kept = await keepControl(
    { ...context, home: homeDirectory(env), process: { ...context.process, stderr, env } },
    options,
  );
  if (kept === undefined) throw new Error("Cannot keep the control process: it was interrupted");
  const find = (name: KeptName) => findProcess(name, home);
  const memory = new StoreMemory();
  const timer = setInterval(() => memory.look(find("store")), memoryLookMs);
  return {
    kubeconfig: kept.kubeconfig,
    get peakBytes() {
      return memory.peakBytes;
    },
    get log() {
      return log;
    },
    find,
    async kill(name) {
      const options = { deadlineMs: 60_000, what: `a process of ${name} to be killed` };
      const pid = await waitUntil(() => find(name), options);
      memory.look(find("store"));
      process.kill(pid, "SIGKILL");
      return pid;
    },
    async close() {
      clearInterval(timer);
      await kept.close();
    },
  };
}

/** Ours by parent or by its folder: a store outlives its control process for a moment. */
function findProcess(name: KeptName, home: string): number | undefined {
  const found = listProcesses().filter(({ parent, command }) => {
    if (!command.some((word) => word.endsWith(entries[name]))) return false;
    return name === "control"
      ? parent === process.pid
      : command.some((word) => word.startsWith(home));
  });
  return found.at(-1)?.pid;
}
