/** `npm run bench -- SUB-COMMAND`: the entry of every benchmark. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { peerSetups, runCommand, setupPeers } from "../compare/setup-peers.ts";
import { peerPaths } from "../compare/peers.ts";
import { findEnvoy } from "../../gateway/envoy-binary.ts";
import { runDecision } from "./decision.ts";
import { runEndurance } from "./endurance.ts";
import { runFollow } from "./follow.ts";
import { runExtproc } from "./extproc.ts";
import { runIdle } from "./idle.ts";
import { runLlm } from "./llm.ts";
import { runLlmEngine } from "./llm-engine.ts";
import { runMitm } from "./mitm.ts";
import { UsageError } from "./options.ts";
import { runScreen } from "./screen.ts";
import { runSpendBench } from "../spend/spend-bench.ts";
import { runPlanBench } from "./plan.ts";
import { runRouteChange } from "./route-change.ts";
import { runTelemetry } from "./telemetry.ts";
import { runTranslation } from "./translation.ts";

const usage = `Usage: npm run bench -- SUB-COMMAND [options]

  mitm          CPU, rate and latency of intercepting proxies under one load
                  --rounds N (5)  --seconds N (5)  --names N (1000)
                  --connections N (16)  --clients N (1)  --pin
                  --contender A,B  --case A,B  --json FILE  --svg FILE
  extproc       CPU and latency of ext_proc servers behind the same Envoy
                  --rounds N (5)  --seconds N (2)  --warm-up N (4)
                  --connections N (16)  --threads N (2)  --pin
                  --contender A,B  --case A,B  --json FILE  --svg FILE
                  --case replay                     one thread against two
                  --case soak --minutes N (5)       memory at saturation
                  --case soak --streams N --stream-seconds N (60)
  llm           rate, CPU and latency of gateways for model calls under one load
                  --rounds N (5)  --seconds N (4)  --warm-up N (4)
                  --connections N (32)  --pin
                  --contender A,B  --case A,B  --json FILE  --svg FILE
  llm-engine    CPU of our engine for calls that it translates, beside grpc-go
                  --rounds N (9)  --seconds N (3)  --warm-up N (4)
                  --connections N (16)  --threads N (1)
                  --contender A,B  --case A,B  --json FILE
  translation   CPU of translating calls between the dialects of providers
                  --rounds N (9)  --milliseconds N (50)
                  --source A,B  --served A,B  --json FILE
                  --splits N  --seed N (1)   streams cut at N places instead
  decision      time in which the engine finds a call's rule and counts the call
                  --rules N (4096)  --decisions N (200000)  --seed N (1)  --json FILE
  plan          rate at which clrk policy plan replays recorded traffic
                  --records N (200000)  --routes N (200)  --seed N (1)  --json FILE
  route-change  time from a replaced route file to the first request decided by it
                  --routes N (2000)  --changes N (100)  --json FILE
  idle          memory of clrk dev while nothing happens, and time from its start to ready
                  --seconds N (30)  --json FILE
  endurance     failed requests while routes change
                  --requests N (200000)  --routes N (2000)  --connections N (16)
  spend         spend in the book beside what the provider bills, with broken calls and crashes
                  --requests N (100000)  --connections N (128)
                  --broken-percent N (30)  --crashed-percent N (5)
                  --process-kills N (5)  --seed N (1)  --json FILE
  telemetry     records/s into the embedded telemetry store, reads of an agent among millions of
                rows, a follower while the store is killed, memory
                  --records N (200000)  --rows N (10000000)  --queries N (40)
                  --follow N (100000)  --kills N (5)  --json FILE
                  --phases ingest,reads,follow  --store FOLDER   filled once, kept and read again
  follow        records that followers miss while the control process and its store are killed,
                and the store's memory
                  --records N (1000000)  --rate N (3000)  --kills N (4)  --seed N (1)
                  --follower A,B (api,traces,logs)  --json FILE
  screen        CPU, draws and memory of the live screen of clrk dev under many requests; needs tmux
                  --events N (10000, a second)  --seconds N (15)  --agents N (300)  --json FILE
  leaf-rate     certificates minted per second
  setup-peers   installs mitmproxy, mockttp, Portkey and LiteLLM and builds grpc-go in a
                cache directory; what is there already stays
`;

const outcomeWords = { installed: "installed", present: "already there" } as const;

async function main(args: readonly string[]): Promise<void> {
  const [command, ...rest] = args;
  switch (command) {
    case "mitm":
      await useOneEnvoy();
      return runMitm(rest);
    case "extproc":
      await useOneEnvoy();
      return runExtproc(rest);
    case "llm":
      await useOneEnvoy();
      return runLlm(rest);
    case "llm-engine":
      await useOneEnvoy();
      return runLlmEngine(rest);
    case "translation":
      return runTranslation(rest);
    case "decision":
      return runDecision(rest);
    case "plan":
      return runPlanBench(rest);
    case "route-change":
      await useOneEnvoy();
      return runRouteChange(rest);
    case "idle":
      await useOneEnvoy();
      return runIdle(rest);
    case "endurance":
      await useOneEnvoy();
      return runEndurance(rest);
    case "spend":
      await useOneEnvoy();
      return runSpendBench(rest);
    case "telemetry":
      return runTelemetry(rest);
    case "screen":
      return runScreen(rest);
    case "follow":
      return runFollow(rest);
    case "leaf-rate":
      return runScript("./leaf-rate.ts", rest);
    case "setup-peers":
      return installPeers();
    case undefined:
    case "help":
    case "--help":
      process.stdout.write(usage);
      return;
    default:
      throw new UsageError(`Cannot run "${command}": it is no sub-command\n\n${usage}`);
  }
}

/** All contenders run the Envoy that the gateway would find; without one they say so themselves. */
async function useOneEnvoy(): Promise<void> {
  const found = await findEnvoy({ env: process.env });
  if (found.kind === "found") process.env["CLRK_ENVOY"] = found.path;
}

// A process of its own: it measures its own CPU.
async function runScript(script: string, args: readonly string[]): Promise<void> {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(process.execPath, [file, ...args], { stdio: "inherit" });
  const [code] = await once(child, "exit");
  if (code !== 0) process.exitCode = 1;
}

async function installPeers(): Promise<void> {
  const paths = peerPaths(process.env);
  const say = (text: string) => process.stdout.write(`${text}\n`);
  say(`Installing into ${paths.root}`);
  await setupPeers(peerSetups(paths), {
    run: runCommand,
    onCommand: (peer, { words }) => say(`${peer}: ${words.join(" ")}`),
    onOutcome({ failure, kind, peer }) {
      say(`${peer}: ${kind === "failed" ? failure : outcomeWords[kind]}`);
      if (kind === "failed") process.exitCode = 1;
    },
  });
}

// Programs that were started end with us: child-process.ts kills them when this process exits.
process.once("SIGINT", () => process.exit(130));
process.once("SIGTERM", () => process.exit(143));
try {
  await main(process.argv.slice(2));
} catch (error) {
  const text = error instanceof Error ? error.message : String(error);
  process.stderr.write(`${text}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
