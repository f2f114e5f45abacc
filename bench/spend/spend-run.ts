/**
 * Many calls of agents that break off, through a real gateway and Envoy, while threads of its engine are ended and the
 * whole process is killed: what the book says was spent beside what the provider would bill.
 */
import { once } from "node:events";
import { join } from "node:path";
import type { EgressRecord } from "../../gateway/record.ts";
import type { AgentAccess } from "../harness/agent-requests.ts";
import { startGateway } from "../harness/gateway.ts";
import type { GatewayRun, RunningGateway } from "../harness/gateway.ts";
import { gatewayManifest, objectManifest } from "../harness/gateway-manifests.ts";
import type { HostAliases } from "../harness/gateway-manifests.ts";
import { temporaryDirectory, waitUntil } from "../harness/processes.ts";
import type { TestScope } from "../harness/processes.ts";
import { createUpstreamAuthority } from "../harness/upstream-authority.ts";
import { BreakingAgent } from "./breaking-agent.ts";
import type { MadeCall } from "./breaking-agent.ts";
import type { CountingProvider } from "./counting-provider.ts";
import { startCountingProvider } from "./counting-provider.ts";
import { createPassages } from "./passages.ts";
import { createRandom } from "./random.ts";
import { killEngineThread, tryFindInspector } from "./thread-killer.ts";

/** How much is done. */
export interface SpendRunOptions {
  readonly requests: number;
  /** Connections of agents, with one call at a time each */
  readonly connections: number;
  /** Of calls, from 0 to 1 */
  readonly brokenShare: number;
  readonly crashedShare: number;
  /** How often the whole process is killed */
  readonly processKills: number;
  readonly seed: number;
  /** Told now and then how many calls are done */
  readonly onProgress?: (calls: number) => void;
}

/** All that is known when everything has ended. */
export interface SpendRun {
  readonly calls: readonly MadeCall[];
  readonly records: readonly EgressRecord[];
  readonly bill: CountingProvider["bill"];
  /** As `clrk get budgets` says */
  readonly used: number;
  readonly threadKills: number;
  readonly processKills: number;
}

const budget = "default/all";
/** A thread that ends soon after its start is replaced after a wait: that would be another test. */
const betweenKillsMs = 2_100;
const lookMs = 100;
/** Beside other work a start may take long. */
const startDeadlineMs = 90_000;
const progressEvery = 5_000;

/** Does it. */
export async function runSpend(scope: TestScope, options: SpendRunOptions): Promise<SpendRun> {
  const random = createRandom(options.seed);
  const authority = createUpstreamAuthority();
  const answers = createPassages(random, 100, { least: 1_500, most: 4_000 });
  const openai = await startCountingProvider(scope, {
    ...{ certificate: authority.issue(["api.openai.com"]), answers, protocol: "h2" },
  });
  const anthropic = await startCountingProvider(scope, {
    ...{ certificate: authority.issue(["api.anthropic.com"]), answers, protocol: "http/1.1" },
  });
  const aliases = [
    { port: openai.port, hostnames: ["api.openai.com"] },
    { port: anthropic.port, hostnames: ["api.anthropic.com"] },
  ];
  const manifests = manifestsFor(aliases, authority.certificatePem);
  const stand = new Stand(scope, manifests);
  await stand.start();
  const prompts = createPassages(random, 500, { least: 200, most: 20_000 });
  const { brokenShare } = options;
  const agents = Array.from(
    { length: options.connections },
    (_, index) => new BreakingAgent(() => stand.access(), { prompts, random, brokenShare }, index),
  );
  const calls: MadeCall[] = [];
  let begun = 0;
  const work = async (agent: BreakingAgent) => {
    while (begun < options.requests) {
      begun++;
      const call = await agent.call();
      if (call === undefined) {
        begun--;
        continue;
      }
      calls.push(call);
      if (calls.length % progressEvery === 0) options.onProgress?.(calls.length);
    }
  };
  const killer = new Killer(stand, options, () => calls.length);
  const killing = killer.run();
  await Promise.all(agents.map(work));
  killer.stop();
  await killing;
  for (const agent of agents) agent.close();
  const used = await stand.settled();
  return {
    ...{
      calls,
      used,
      records: stand.records(),
      bill: new Map([...openai.bill, ...anthropic.bill]),
    },
    ...{ threadKills: killer.threads, processKills: killer.processes },
  };
}

function manifestsFor(
  aliases: readonly HostAliases[],
  upstreamCa: string,
): Readonly<Record<string, string>> {
  const rule = (provider: string) => ({
    matches: [{ provider }],
    filters: [
      {
        type: "TokenBudget",
        tokenBudget: { budgetRef: "all", maxTokensPerDay: 1_000_000_000_000 },
      },
    ],
  });
  return {
    "gateway.yaml": gatewayManifest({ aliases, upstreamCa }),
    "routes.yaml": objectManifest("AIProviderRoute", "models", {
      rules: [rule("openai"), rule("anthropic")],
    }),
  };
}

/** The gateway, through several lives of its process. */
class Stand {
  readonly #scope: TestScope;
  readonly #manifests: Readonly<Record<string, string>>;
  readonly #home: string;
  readonly #lives: RunningGateway[] = [];
  readonly #looked = new Map<readonly EgressRecord[], number>();
  #lost = 0;
  #inspector: string | undefined;
  #run: Promise<GatewayRun> | undefined;

  constructor(scope: TestScope, manifests: Readonly<Record<string, string>>) {
    this.#scope = scope;
    this.#manifests = manifests;
    this.#home = join(temporaryDirectory(scope), "home");
  }

  get gateway(): RunningGateway {
    const life = this.#lives.at(-1);
    if (life === undefined) throw new TypeError("Cannot use the gateway: it was not started");
    return life;
  }

  get inspector(): string {
    if (this.#inspector !== undefined) return this.#inspector;
    throw new Error("Cannot kill threads: the gateway told no inspector");
  }

  async start(): Promise<void> {
    this.#run = this.#begin();
    await this.#run;
  }

  async #begin(): Promise<GatewayRun> {
    const life = await startGateway(this.#scope, {
      home: this.#home,
      manifests: this.#manifests,
      engineThreads: 2,
      startDeadlineMs,
      environment: { NODE_OPTIONS: "--inspect=127.0.0.1:0" },
    });
    this.#lives.push(life);
    // It is told once, at the start, and what is kept of a long log is its end.
    this.#inspector = tryFindInspector(life.log);
    return life.registerRun("breaker");
  }

  /** Kills the process and starts the next; agents wait meanwhile. */
  async crash(): Promise<void> {
    const { child } = this.gateway;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    this.#run = exited.then(() => this.#begin());
    await this.#run;
  }

  async access(): Promise<AgentAccess> {
    const run = await this.#run;
    if (run === undefined) throw new TypeError("Cannot use the gateway: it was not started");
    return run;
  }

  records(): readonly EgressRecord[] {
    return this.#lives.flatMap(({ records }) => records);
  }

  /** Records so far of calls whose thread was lost; each is looked at once. */
  lost(): number {
    for (const { records } of this.#lives) {
      const from = this.#looked.get(records) ?? 0;
      this.#looked.set(records, records.length);
      this.#lost += records.slice(from).filter(isLost).length;
    }
    return this.#lost;
  }

  /** What is used when nothing is reserved, and no record has come for a while. */
  async settled(): Promise<number> {
    let before = -1;
    return waitUntil(
      async () => {
        const count = this.gateway.records.length;
        const isQuiet = count === before;
        before = count;
        const item = (await this.gateway.budgets()).find(({ name }) => name === budget);
        return isQuiet && item?.reserved === 0 ? item.used : undefined;
      },
      { deadlineMs: 60_000, intervalMs: 3_000, what: "the end of all reservations" },
    );
  }
}

/** Ends threads as often as is wanted, and the process now and then. */
class Killer {
  threads = 0;
  processes = 0;
  readonly #stand: Stand;
  readonly #options: SpendRunOptions;
  readonly #done: () => number;
  #isStopped = false;

  constructor(stand: Stand, options: SpendRunOptions, done: () => number) {
    this.#stand = stand;
    this.#options = options;
    this.#done = done;
  }

  stop(): void {
    this.#isStopped = true;
  }

  async run(): Promise<void> {
    const { requests, processKills } = this.#options;
    let lastMs = performance.now();
    while (!this.#isStopped) {
      await new Promise((wake) => setTimeout(wake, lookMs));
      const done = this.#done();
      if (done >= ((this.processes + 1) * requests) / (processKills + 1)) {
        if (this.processes >= processKills) continue;
        this.processes++;
        await this.#stand.crash();
        lastMs = performance.now();
        continue;
      }
      if (performance.now() - lastMs < betweenKillsMs || !this.#isDue(done)) continue;
      lastMs = performance.now();
      await this.#killThread();
    }
  }

  /** By the records of calls that were charged although their thread was lost. */
  #isDue(done: number): boolean {
    return this.#stand.lost() < done * this.#options.crashedShare;
  }

  async #killThread(): Promise<void> {
    const { engine } = await this.#stand.gateway.status();
    if (engine === undefined || engine.threads.serving < engine.threads.wanted) return;
    if (await killEngineThread(this.#stand.inspector)) this.threads++;
  }
}

/** Whether the thread of the call was lost: of its charge alone anything is known. */
export function isLost({ charge, model, tier }: EgressRecord): boolean {
  return tier === "engine" && charge !== undefined && model === null;
}
