/** Stops a gateway process in order and waits until it is gone. */
import { CliError } from "./cli-error.ts";
import type { RunningGateway } from "./running-gateways.ts";

/** Draining takes a second, ending Envoy half of one. */
const patienceMs = 10_000;

const pollMs = 20;

/** Resolves when the process has ended; throws a `CliError` when it is still there after `patienceMs` (10 s). */
export async function stopGateway(
  gateway: Pick<RunningGateway, "pid" | "client">,
  options: { readonly patienceMs?: number } = {},
): Promise<void> {
  const { pid, client } = gateway;
  await client.stop();
  const deadlineMs = performance.now() + (options.patienceMs ?? patienceMs);
  while (isAlive(pid)) {
    if (performance.now() > deadlineMs) {
      throw new CliError(
        `Cannot stop gateway process ${pid}: it was asked but is still there\nEnd it by force: kill -9 ${pid}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false; // gone, or now somebody else's: not ours in any case
  }
}
