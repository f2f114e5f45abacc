/** Follows what is stored, while records come and the store is killed again and again, and counts what it got. */
import type { Telemetry } from "../../control/telemetry/open-telemetry.ts";
import { appendRecords } from "../../control/telemetry/testdata/sample-records.ts";
import { sleep, systemClock } from "../../gateway/clock.ts";

/** What is followed. */
export interface FollowPlan {
  /** Folder of the records */
  readonly directory: string;
  /** Number of the first record */
  readonly from: number;
  readonly records: number;
  /** Kills of the store, spread over the records */
  readonly kills: number;
}

/** What came. */
export interface FollowOutcome {
  readonly records: number;
  readonly kills: number;
  readonly missed: number;
  readonly repeated: number;
}

/** Sample records are of so many agents. */
const sampleAgents = 5;

const pieceRecords = 1_000;
const pauseMs = 50;

/** Appends the records in pieces, and follows each agent from here on until all are there or nothing comes for 60 s. */
export async function followUnderKills(
  telemetry: Telemetry,
  plan: FollowPlan,
): Promise<FollowOutcome> {
  const { from, records, kills } = plan;
  const seen = new Uint8Array(records);
  let got = 0;
  let repeated = 0;
  const start = telemetry.status.writer?.highWater ?? 0n;
  const places = new Map(Array.from({ length: sampleAgents }, (_, agent) => [agent, start]));
  let lastNewAt = performance.now();
  const look = async () => {
    for (const [agent, after] of places) {
      const { items, last } = await telemetry.queries.followSpans({
        scope: { namespace: "default", kind: "TaskAgent", name: `agent-${agent}` },
        after,
        limit: 5_000,
      });
      places.set(agent, last);
      for (const { attributes } of items) {
        const index = recordNumber(attributes) - from;
        if (!(index >= 0 && index < records)) continue;
        if (seen[index] === 0) got++;
        else repeated++;
        seen[index] = 1;
        lastNewAt = performance.now();
      }
    }
  };
  const writing = writeAndKill(telemetry, plan);
  while (got < records && performance.now() - lastNewAt < 60_000) {
    try {
      await look();
    } catch {
      // killed: the place stays, and the next look goes on from it
    }
    await sleep(systemClock, pauseMs);
  }
  await writing;
  return { records, kills, missed: records - got, repeated };
}

async function writeAndKill(
  telemetry: Telemetry,
  { directory, from, records, kills }: FollowPlan,
): Promise<void> {
  const killEvery = kills === 0 ? Number.POSITIVE_INFINITY : Math.ceil(records / (kills + 1));
  let nextKill = killEvery;
  for (let done = 0; done < records; done += pieceRecords) {
    const until = Math.min(records, done + pieceRecords);
    appendRecords(directory, from + done, from + until);
    if (until >= nextKill) {
      const pid = telemetry.status.process?.pid;
      if (pid !== undefined) process.kill(pid, "SIGKILL");
      nextKill += killEvery;
    }
    await sleep(systemClock, pauseMs);
  }
}

function recordNumber(
  attributes: ReadonlyArray<{ readonly key: string; readonly value: object }>,
): number {
  const value = attributes.find(({ key }) => key === "clrk.record.id")?.value;
  const text = value !== undefined && "stringValue" in value ? String(value.stringValue) : "";
  return Number(/^record-(\d+)$/.exec(text)?.[1] ?? Number.NaN);
}
