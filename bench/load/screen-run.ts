/**
 * The live screen of `clrk dev` on a real terminal, before a gateway that decides thousands of requests a second: the
 * feed, the control socket and the screen are the real ones, each in its own process, and only the records are made up.
 */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openFakeControl } from "../../control/cli/testdata/fake-control.ts";
import { ActivityFeed } from "../../gateway/activity-feed.ts";
import { sleep, systemClock } from "../../gateway/clock.ts";
import { controlSocketPath, homeDirectory } from "../../gateway/home-directory.ts";
import type { EgressRecord } from "../../gateway/record.ts";
import { engineRecord, httpRecord } from "../../gateway/testdata/egress-record.ts";
import { descendants, listProcesses } from "../harness/process-table.ts";
import { waitUntil } from "../harness/processes.ts";
import type { TestScope } from "../harness/processes.ts";
import { openTerminal } from "../harness/terminal.ts";
import type { TestTerminal } from "../harness/terminal.ts";
import { readRssMib } from "./memory.ts";
import { cpuBetween, sampleCpu } from "./process-cpu.ts";

/** What is shown. */
export interface ScreenPlan {
  readonly eventsPerSecond: number;
  readonly seconds: number;
  /** Agents that the events are of */
  readonly agents: number;
  /** An empty folder with a short path */
  readonly directory: string;
}

/** What it took. */
export interface ScreenFigures {
  readonly events: number;
  /** Requests that the screen says at the end, once no more come */
  readonly shown: number;
  /** Share of a core that the screen took */
  readonly screenCpu: number;
  /** CPU time of the gateway's side for an event, reports included, in `µs` */
  readonly feedMicros: number;
  readonly drawsPerSecond: number;
  /** Draws in the second that had most */
  readonly mostDraws: number;
  /** Resident memory of the screen, at the begin, at its highest and at the end */
  readonly rssMib: { readonly first: number; readonly highest: number; readonly last: number };
}

const viewer = join(import.meta.dirname, "screen-viewer.ts");
const tickMs = 5;
const looksEveryMs = 250;

/** Runs it on a terminal of tmux, which ends with the scope. */
export async function watchScreen(scope: TestScope, plan: ScreenPlan): Promise<ScreenFigures> {
  const home = homeDirectory({ CLRK_HOME: join(plan.directory, "h"), HOME: plan.directory });
  mkdirSync(home.run, { recursive: true, mode: 0o700 });
  const control = await openFakeControl(home);
  scope.teardown(() => control.close());
  const file = join(plan.directory, "figures.json");
  const terminal = await openTerminal(scope, {
    command: `${process.execPath} --disable-warning=ExperimentalWarning ${viewer} ${controlSocketPath(home, process.pid)} ${file}`,
    environment: { PATH: process.env["PATH"] ?? "", HOME: plan.directory },
    columns: 120,
    rows: 40,
  });
  await waitUntil(() => control.followers > 0, {
    deadlineMs: 60_000,
    what: "a screen that follows",
  });
  const pid = await waitUntil(() => findViewer(file), { deadlineMs: 5_000, what: "its process" });
  await terminal.see(/No requests yet/, 30_000);
  const feed = new ActivityFeed({ clock: systemClock, runs: () => new Map() });
  scope.teardown(feed.follow((report) => control.emitActivity(report)));
  const load = await feedEvents(feed, plan, pid);
  const shown = await readShown(terminal, load.events);
  await terminal.press("q");
  const { drawnMs } = await waitUntil(() => JSON.parse(readFileSync(file, "utf8")), {
    deadlineMs: 10_000,
    what: "the figures of the screen",
  });
  const { fromMs, untilMs, ...rest } = load;
  const during: number[] = drawnMs.filter((ms: number) => ms > drawnMs.at(-1) - (untilMs - fromMs));
  const seconds = (untilMs - fromMs) / 1_000;
  return {
    ...rest,
    shown,
    drawsPerSecond: during.length / seconds,
    mostDraws: mostInASecond(during),
  };
}

async function feedEvents(feed: ActivityFeed, plan: ScreenPlan, pid: number) {
  const { eventsPerSecond, seconds } = plan;
  const records = recordsOf(plan);
  const total = eventsPerSecond * seconds;
  const first = readRssMib(pid);
  let highest = first;
  let [noted, lookedMs] = [0, 0];
  const [screenBefore, ownBefore] = [sampleCpu(pid), process.cpuUsage()];
  const fromMs = performance.now();
  while (noted < total) {
    const due = Math.min(total, ((performance.now() - fromMs) / 1_000) * eventsPerSecond);
    for (; noted < due; noted++) feed.note(records[noted % records.length] ?? httpRecord());
    if (performance.now() - lookedMs > looksEveryMs) {
      lookedMs = performance.now();
      highest = Math.max(highest, readRssMib(pid));
    }
    await sleep(systemClock, tickMs);
  }
  const untilMs = performance.now();
  const { user, system } = process.cpuUsage(ownBefore);
  return {
    events: total,
    screenCpu: cpuBetween(screenBefore, sampleCpu(pid)) / ((untilMs - fromMs) * 1_000),
    feedMicros: (user + system) / total,
    rssMib: { first, highest, last: readRssMib(pid) },
    ...{ fromMs, untilMs },
  };
}

/** A third are calls of models, a tenth is refused; hosts and agents differ. */
function recordsOf({ agents }: ScreenPlan): EgressRecord[] {
  return Array.from({ length: 10_000 }, (_, at) => {
    const one = at % 3 === 0 ? engineRecord() : httpRecord();
    const name = `agent-${(at * 7) % agents}`;
    const agent = {
      kind: "Process",
      namespace: "default",
      name,
      uid: name,
      revision: "",
      invocationId: "",
    };
    const isDenied = at % 10 === 0;
    return {
      ...one,
      agent,
      id: `rec-${at}`,
      request: { ...one.request, host: `host-${at % 40}.example`, path: `/v1/${at}` },
      decision: isDenied
        ? { verdict: "deny", reason: "default-policy", message: "No rule allows it", route: null }
        : one.decision,
    };
  });
}

/** The number on the screen, once it is the right one or does not change any more. */
async function readShown(terminal: TestTerminal, wanted: number): Promise<number> {
  const text = wanted.toLocaleString("en-US");
  const seen = await terminal
    .see(new RegExp(`^${text} requests`, "m"), 10_000)
    .catch(() => terminal.look());
  return Number(/^([\d,]+) requests?/m.exec(seen)?.[1]?.replaceAll(",", "") ?? Number.NaN);
}

function findViewer(file: string): number | undefined {
  const below = new Set(descendants(1));
  return listProcesses().find(({ pid, command }) => {
    return below.has(pid) && command[0] === process.execPath && command.at(-1) === file;
  })?.pid;
}

function mostInASecond(times: readonly number[]): number {
  let most = 0;
  for (let [first, at] = [0, 0]; at < times.length; at++) {
    while ((times[at] ?? 0) - (times[first] ?? 0) >= 1_000) first++;
    most = Math.max(most, at - first + 1);
  }
  return most;
}
