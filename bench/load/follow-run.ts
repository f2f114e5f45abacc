/**
 * Follows records while the control process and its store are killed again and again. Everything is the real one: files as
 * a gateway writes them, processes as `clrk dev` keeps them, followers by the command line and by the read API.
 */
import { join } from "node:path";
import { sampleRecord } from "../../control/telemetry/testdata/sample-records.ts";
import { sleep, systemClock } from "../../gateway/clock.ts";
import { RecordFile } from "../../gateway/record-file.ts";
import { seededRandom } from "../../providers/testdata/seeded-random.ts";
import { waitUntil } from "../harness/processes.ts";
import { keepProcesses } from "./kept-processes.ts";
import type { KeptName, KeptProcesses } from "./kept-processes.ts";
import { ask, followByApi, followByCommand } from "./record-followers.ts";
import type { FollowTarget, RecordFollower } from "./record-followers.ts";
import type { TallyOutcome } from "./record-tally.ts";

/** A client of the read API, `clrk traces -f` and `clrk logs -f`. */
export const followerNames = ["api", "traces", "logs"] as const;

/** One of them. */
export type FollowerName = (typeof followerNames)[number];

/** What is done. */
export interface FollowPlan {
  /** An empty folder with a short path: sockets are below it */
  readonly home: string;
  readonly records: number;
  /** Records that are written in a second, at most; less where the slowest follower is 150,000 behind */
  readonly perSecond: number;
  /** Kills of each of the two processes, at moments that the seed says */
  readonly kills: number;
  readonly seed: number;
  /** Who follows; all of `followerNames` when absent */
  readonly followers?: readonly FollowerName[];
  /** Told of each kill, and now and then of what was seen */
  readonly say?: (text: string) => void;
}

/** What one follower saw. */
export interface FollowerOutcome extends TallyOutcome {
  readonly name: string;
  readonly resumes: number;
  /** Why it gave up; absent when it did not */
  readonly failure?: string;
}

/** What came of it. */
export interface FollowOutcome {
  readonly followers: readonly FollowerOutcome[];
  /** Kills that were done */
  readonly kills: Readonly<Record<KeptName, number>>;
  /** Lines that the file could not take: they are in no follower's reach */
  readonly droppedByFile: number;
  readonly rotations: number;
  /** From the first record until all followers had all of them, or gave up */
  readonly seconds: number;
  /** From the last record on */
  readonly lateSeconds: number;
  /** Highest resident memory of the store */
  readonly peakBytes: number;
  /** What was said last by the processes */
  readonly log: string;
}

const agentName = "followed";
const tickMs = 50;

/** Written at once, at most: 2 MB. */
const mostAtOnce = 1_000;

/** A quarter of what the file buffers. */
const mostBufferedBytes = 2 * 1024 * 1024;

/** Files of so many are kept twice over: what is rotated away before it is stored would be lost, as it should. */
const mostAhead = 150_000;

/** The store and the command line load for seconds on a busy machine. */
const startMs = 60_000;

/** Nothing new for so long: nothing more will come. */
const patienceMs = 60_000;

/** Runs the plan; the processes are ended however it ends. */
export async function followUnderRestarts(plan: FollowPlan): Promise<FollowOutcome> {
  const { home, records, seed } = plan;
  const kept = await keepProcesses(home);
  const followers: RecordFollower[] = [];
  try {
    const { kubeconfig } = kept;
    await untilReadable(kubeconfig);
    const target: FollowTarget = { home, kubeconfig, agent: agentName, records };
    const random = seededRandom(seed);
    for (const name of plan.followers ?? followerNames) {
      followers.push(name === "api" ? followByApi(target, random) : followByCommand(target, name));
    }
    return await run(plan, { kept, followers, random });
  } finally {
    await Promise.all(followers.map((follower) => follower.close()));
    await kept.close();
  }
}

interface Running {
  readonly kept: KeptProcesses;
  readonly followers: readonly RecordFollower[];
  readonly random: () => number;
}

async function run(plan: FollowPlan, running: Running): Promise<FollowOutcome> {
  const { kept, followers } = running;
  const file = new RecordFile({ directory: join(plan.home, "records") });
  file.addLine(recordLine(0));
  await waitUntil(() => followers.every(({ tally }) => tally.seen > 0), {
    deadlineMs: startMs,
    what: "the first record at every follower",
  }).catch((cause: unknown) => {
    const failures = followers.map(({ name, failure }) => `${name}: ${failure}`).join(", ");
    throw new Error(`Cannot follow: ${failures}: ${kept.log}`, { cause });
  });
  const beginMs = performance.now();
  const { killing } = await write(plan, running, file);
  const writtenMs = performance.now();
  const kills = await killing;
  await untilSeen(plan, followers);
  const endMs = performance.now();
  return {
    followers: followers.map(({ name, tally, resumes, failure }) => ({
      ...{ name, resumes, ...tally.outcome },
      ...(failure !== undefined && { failure }),
    })),
    kills,
    droppedByFile: file.status.droppedRecords,
    rotations: file.status.rotations,
    seconds: (endMs - beginMs) / 1_000,
    lateSeconds: (endMs - writtenMs) / 1_000,
    peakBytes: kept.peakBytes,
    log: kept.log,
  };
}

/** Writes at its rate, whatever becomes of the others; the kills go on beside it. */
async function write(
  { records, perSecond, kills, say }: FollowPlan,
  { kept, followers, random }: Running,
  file: RecordFile,
): Promise<{ readonly killing: Promise<Readonly<Record<KeptName, number>>> }> {
  const moments = (["store", "control"] as const)
    .flatMap((name) => Array.from({ length: kills }, () => name))
    .map((name) => ({ name, at: Math.floor((0.05 + 0.9 * random()) * records) }))
    .sort((one, two) => one.at - two.at);
  const done = { store: 0, control: 0 };
  let killing = Promise.resolve();
  const beginMs = performance.now();
  const tenth = Math.ceil(records / 10);
  for (let written = 1; written < records; ) {
    const onTime = ((performance.now() - beginMs) / 1_000) * perSecond;
    const slowest = Math.min(...followers.map(({ tally }) => tally.seen));
    // A disk that is busy makes a gateway drop records; here each has to be written.
    const room = file.status.bufferedBytes > mostBufferedBytes ? 0 : mostAtOnce;
    const due = Math.min(records, onTime, written + room, slowest + mostAhead);
    for (; written < due; written++) {
      file.addLine(recordLine(written));
      if (written % tenth === 0) {
        say?.(`${written} written, seen ${followers.map(({ tally }) => tally.seen).join(" ")}`);
      }
    }
    while (moments[0] !== undefined && moments[0].at <= written) {
      const { name, at } = moments.shift() ?? { name: "store", at: 0 };
      killing = killing.then(async () => {
        const pid = await kept.kill(name);
        done[name]++;
        say?.(`after record ${at}: killed process ${pid} of the ${name}`);
      });
    }
    await sleep(systemClock, tickMs);
  }
  await file.flush();
  await file.close();
  return { killing: killing.then(() => done) };
}

function recordLine(index: number): string {
  const startUnixMs = Date.now();
  const record = sampleRecord(index, {
    agent: {
      ...{ kind: "Process", namespace: "default", name: agentName, uid: "run", revision: "" },
      invocationId: `0b5c7d1e-0000-4000-8000-${String(index >> 10).padStart(12, "0")}`,
    },
    startUnixMs,
    startUnixNs: `${startUnixMs}000000`,
    time: new Date(startUnixMs).toISOString(),
  });
  return JSON.stringify(record);
}

async function untilReadable(kubeconfig: string): Promise<void> {
  const path = `/apis/clrk.apoxy.dev/v1alpha1/namespaces/default/processes/${agentName}/traces?limit=1`;
  await waitUntil(
    async () => {
      const answer = await ask(kubeconfig, path);
      answer.resume();
      return answer.statusCode === 200;
    },
    { deadlineMs: startMs, what: "a store that can be read", intervalMs: 50 },
  );
}

async function untilSeen({ records, say }: FollowPlan, followers: readonly RecordFollower[]) {
  let [seen, newAtMs, saidAtMs] = [0, performance.now(), performance.now()];
  for (;;) {
    const counts = followers.map(({ tally }) => tally.seen);
    const isDone = followers.every(({ tally, failure }) => {
      return tally.seen === records || failure !== undefined;
    });
    const now = counts.reduce((sum, count) => sum + count, 0);
    if (now > seen) newAtMs = performance.now();
    seen = now;
    if (isDone || performance.now() - newAtMs > patienceMs) return;
    if (performance.now() - saidAtMs > 10_000) {
      saidAtMs = performance.now();
      say?.(`all written, seen ${counts.join(" ")}`);
    }
    await sleep(systemClock, tickMs);
  }
}
