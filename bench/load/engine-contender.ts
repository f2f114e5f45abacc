/** Contenders `clrk` and `clrk-bare`: our ext_proc engine with and without records, with 50 routes or with one that translates. */
import { fileURLToPath } from "node:url";
import { lineFormat } from "../../gateway/xds/access-log-line.ts";
import { version } from "../../gateway/version.ts";
import { startProgram } from "./child-process.ts";
import type { EnginePolicy, EngineProcessOptions, EngineReport } from "./engine-process.ts";
import type {
  ProcessorContender,
  ProcessorCounts,
  ProcessorStart,
  RunningProcessor,
} from "./processor.ts";

/** The engine with a full record of every transaction, or only with what it finds out. */
export function createEngine(
  name: "clrk" | "clrk-bare",
  policy: EnginePolicy = "read",
): ProcessorContender {
  return {
    name,
    path: "processor",
    find: async () => ({ kind: "ready", version }),
    start: (options) => startEngine({ name, policy }, options),
  };
}

async function startEngine(
  { name, policy }: { readonly name: "clrk" | "clrk-bare"; readonly policy: EnginePolicy },
  { directory, threads }: ProcessorStart,
): Promise<RunningProcessor> {
  const options: EngineProcessOptions = { directory, threads, policy, records: name === "clrk" };
  const program = await startProgram({
    name,
    command: [
      process.execPath,
      "--disable-warning=ExperimentalWarning",
      fileURLToPath(new URL("./engine-process.ts", import.meta.url)),
      JSON.stringify(options),
    ],
    ipc: "json",
  });
  let listening: Extract<EngineReport, { kind: "listening" }> | undefined;
  const waiting: ((counts: ProcessorCounts) => void)[] = [];
  program.child.on("message", (message) => {
    if (!isEngineReport(message)) return;
    if (message.kind === "listening") listening = message;
    else waiting.shift()?.(message.counts);
  });
  try {
    const { pipe, sockets } = await program.waitFor(() => listening, 30_000);
    return {
      sockets,
      pid: program.pid,
      ...(pipe !== undefined && {
        accessLog: { path: pipe, format: lineFormat("explicit", "https") },
      }),
      counts() {
        const answer = new Promise<ProcessorCounts>((resolve) => waiting.push(resolve));
        program.child.send("counts");
        return answer;
      },
      stop: () => program.stop(),
    };
  } catch (error) {
    await program.stop();
    throw error;
  }
}

// Both ends are this program: the kind tells the rest.
function isEngineReport(message: unknown): message is EngineReport {
  return (
    typeof message === "object" &&
    message !== null &&
    "kind" in message &&
    (message.kind === "listening" || message.kind === "counts")
  );
}
