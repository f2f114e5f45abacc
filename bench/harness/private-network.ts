/**
 * A network of its own for a test that needs real names and ports without reaching anybody: namespaces of the kernel, in
 * which documentation addresses are this machine and names stand in a hosts file. Needs no root where users may have namespaces.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";

/** Addresses that can be listened on inside: TEST-NET-3 (RFC 5737), which the gateway's guard leaves alone. */
export const privateNetworkRange = "203.0.113.0/24";

const setUp = [
  "set -e",
  "ip link set lo up",
  `ip route add local ${privateNetworkRange} dev lo`,
  'mount --bind "$0" /etc/hosts',
  'exec "$@"',
].join("\n");

/** The words that run `words` inside, with the names of a hosts file; give them to any way of starting a process. */
export function privateNetworkCommand(hostsFile: string, words: readonly string[]): string[] {
  return ["unshare", "--map-root-user", "--net", "--mount", "sh", "-c", setUp, hostsFile, ...words];
}

/** Whether this machine lets us have one; asks it by trying. */
export function hasPrivateNetwork(): boolean {
  const anyFile = join(import.meta.dirname, "private-network.ts");
  const [command = "", ...words] = privateNetworkCommand(anyFile, ["true"]);
  return spawnSync(command, words, { stdio: "ignore" }).status === 0;
}
