/**
 * The process that holds the embedded telemetry store. It ends with its parent: the end of standard input says so. Its
 * first line on standard output is JSON: `{"listening": SOCKET}` or `{"failed": SENTENCE, "final": BOOLEAN}`.
 */
import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { systemClock } from "../../gateway/clock.ts";
import { ClrkError, describeError } from "../../gateway/errors.ts";
import { ChdbEngine } from "./chdb-engine.ts";
import { MemoryGuard } from "./memory-guard.ts";
import { createStoreEndpoint } from "./store-endpoint.ts";
import { storeExitCodes } from "./store-exit.ts";

/** Time that statements get to end once they are told to. */
const closeMs = 5_000;

async function main(args: readonly string[]): Promise<void> {
  const [directory, socket, memory] = args;
  if (directory === undefined || socket === undefined || memory === undefined) {
    throw new TypeError("Cannot start the store: want DIRECTORY SOCKET MEMORY-BYTES");
  }
  const bounds = { memoryCapBytes: Number(memory) };
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  chmodSync(directory, 0o700);
  const engine = await ChdbEngine.open(directory, bounds);
  const endpoint = createStoreEndpoint(engine);
  rmSync(socket, { force: true });
  await new Promise<void>((resolve, reject) => {
    endpoint.once("error", reject);
    endpoint.listen(socket, resolve);
  });
  chmodSync(socket, 0o600);
  const guard = new MemoryGuard({
    capBytes: bounds.memoryCapBytes,
    clock: systemClock,
    residentBytes: () => process.memoryUsage.rss(),
    purge: () => engine.purge(),
    kill: () => engine.kill({ inserts: false }),
    onHopeless: (residentBytes) => {
      process.stderr.write(
        `Memory of the telemetry store is at ${residentBytes} bytes, above its cap of ${bounds.memoryCapBytes}, whatever is ended: it is started again\n`,
      );
      // An ordinary exit would wait for the engine.
      process.kill(process.pid, "SIGKILL");
    },
  });
  let stopping = false;
  const stop = () => {
    if (stopping) return;
    stopping = true;
    guard.close();
    // Takes its socket away too. Later the path may be that of the next store, which waits for the engine's folder.
    endpoint.close();
    // An engine that is left in the middle of a statement ends the process with a fault.
    setTimeout(() => process.kill(process.pid, "SIGKILL"), closeMs).unref();
    void engine.close().finally(() => process.exit(0));
  };
  process.stdin.on("end", stop).on("error", stop).resume();
  process.on("SIGTERM", stop).on("SIGINT", stop);
  say({ listening: socket });
}

function say(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  const isFinal = error instanceof ClrkError && error.code === "CLRK_UNSUPPORTED";
  say({ failed: describeError(error).split("\n")[0], final: isFinal });
  process.exitCode = isFinal ? storeExitCodes.unsupported : storeExitCodes.failed;
  process.stdin.destroy();
}
