/** Runs a benchmark in a network namespace of its own, for peers that listen on every address of the machine. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { hasPrivateNetwork, privateNetworkCommand } from "../harness/private-network.ts";

/** Set where this process is inside: nobody outside reaches what listens here, and nothing here reaches them. */
export const ownNetworkVariable = "CLRK_BENCH_OWN_NETWORK";

/** Whether this process is inside. */
export function isInOwnNetwork(environment: Readonly<Record<string, string | undefined>>): boolean {
  return environment[ownNetworkVariable] === "1";
}

/**
 * Runs this program again inside, with the same arguments, and takes over its exit code; resolves with false when this
 * machine gives us no namespace.
 */
export async function runInOwnNetwork(): Promise<boolean> {
  if (!hasPrivateNetwork()) return false;
  const words = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const [command = "", ...rest] = privateNetworkCommand("/etc/hosts", words);
  const child = spawn(command, rest, {
    stdio: "inherit",
    env: { ...process.env, [ownNetworkVariable]: "1" },
  });
  const forward = (signal: NodeJS.Signals) => void child.kill(signal);
  process.once("SIGTERM", forward);
  const [code] = await once(child, "exit");
  process.off("SIGTERM", forward);
  process.exitCode = typeof code === "number" ? code : 1;
  return true;
}
