/**
 * Techniques that need real names and addresses, in a network of their own: everything private is this machine there, and
 * names are what our name server says. Run by itself, this file is the process inside.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startFakeDnsServer } from "../harness/fake-dns-server.ts";
import { hasPrivateNetwork, privateNetworkCommand } from "../harness/private-network.ts";
import { temporaryDirectory } from "../harness/processes.ts";
import type { TestScope } from "../harness/processes.ts";
import { corpus } from "./corpus.ts";
import type { Outcome } from "./judge.ts";
import { answerAttackName } from "./attack-names.ts";
import { runHere } from "./run-here.ts";
import type { AttackOptions } from "./run-here.ts";

/** What is local inside, beside loopback. */
const localRanges = [
  ...["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10"],
  ...["192.0.0.0/24", "198.18.0.0/15", "fc00::/7", "64:ff9b::/96", "2002::/16"],
];

const setUp = [
  "set -e",
  'mount --bind "$0" /etc/resolv.conf',
  ...localRanges.map((range) => {
    const family = range.includes(":") ? "-6 " : "";
    return `ip ${family}route add local ${range} dev lo`;
  }),
  'exec "$@"',
].join("\n");

const nameServerPort = 53;

/** Among the names of techniques: their gateways audit. */
const auditWord = "--audit";

/** Why such techniques cannot be tried here; undefined where they can. */
export function lacksOwnNetwork(): string | undefined {
  return hasPrivateNetwork() ? undefined : "needs namespaces of the kernel";
}

/** Tries techniques inside; rejects with what the process said where it failed. */
export async function runInside(
  scope: TestScope,
  { techniques, audits }: Omit<AttackOptions, "onOutcome">,
  onOutcome: (outcome: Outcome) => void,
): Promise<void> {
  const names = [...(audits ? [auditWord] : []), ...techniques.map(({ name }) => name)];
  const directory = temporaryDirectory(scope);
  const hosts = join(directory, "hosts");
  const resolver = join(directory, "resolv.conf");
  writeFileSync(hosts, "127.0.0.1 localhost\n::1 localhost ip6-localhost\n");
  writeFileSync(resolver, "nameserver 127.0.0.1\n");
  const program = [process.execPath, "--disable-warning=ExperimentalWarning", import.meta.filename];
  const words = ["sh", "-c", setUp, resolver, ...program, ...names];
  const [command = "", ...rest] = privateNetworkCommand(hosts, words);
  const child = spawn(command, rest, { stdio: ["ignore", "pipe", "pipe"] });
  scope.teardown(() => child.kill());
  const said = { out: "", error: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said.out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said.error = (said.error + text).slice(-2_000);
  });
  await once(child, "close");
  const lines = said.out.split("\n").filter((line) => line.startsWith("{"));
  if (lines.length === 0) throw new Error(`Cannot try inside: ${said.error.trim()}`);
  // Written by the process below.
  for (const line of lines) onOutcome(JSON.parse(line) as Outcome);
}

async function main(names: readonly string[]): Promise<void> {
  const endings: (() => unknown)[] = [];
  const scope = { teardown: (callback: () => unknown) => endings.unshift(callback) };
  try {
    await startFakeDnsServer(scope, answerAttackName, nameServerPort);
    await runHere(scope, {
      techniques: corpus.filter(({ name }) => names.includes(name)),
      audits: names.includes(auditWord),
      onOutcome: (outcome) => process.stdout.write(`${JSON.stringify(outcome)}\n`),
    });
  } finally {
    for (const end of endings) await end();
  }
}

if (import.meta.main) await main(process.argv.slice(2));
