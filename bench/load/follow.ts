/**
 * `npm run bench -- follow`: whether those who follow an agent's records get each of them once and in order, while the
 * control process and its store are killed, and what memory the store takes.
 */
import { join } from "node:path";
import { defaultMemoryCapBytes } from "../../control/telemetry/engine-config.ts";
import { formatCount, formatFigure } from "./figures.ts";
import { followerNames, followUnderRestarts } from "./follow-run.ts";
import type { FollowerOutcome, FollowOutcome } from "./follow-run.ts";
import { describeMachine } from "./machine.ts";
import { chooseNames, parseOptions } from "./options.ts";
import type { OptionTable } from "./options.ts";
import { writeOut } from "./run-output.ts";
import { openScratch } from "./scratch.ts";

const optionTable: OptionTable = {
  numbers: {
    records: { fallback: 1_000_000, min: 1_000, max: 100_000_000 },
    rate: { fallback: 3_000, min: 100, max: 100_000 },
    kills: { fallback: 4, min: 0, max: 1_000 },
    seed: { fallback: 1, min: 0, max: 999_999_999 },
  },
  texts: ["follower", "json"],
  switches: [],
};

/** Runs the sub-command and prints its report; UsageError for bad arguments. Exit code 1 where something was missed. */
export async function runFollow(args: readonly string[]): Promise<void> {
  const options = parseOptions(args, optionTable);
  const records = options.number("records");
  const seed = options.number("seed");
  const chosen = chooseNames("follower", options.text("follower"), followerNames);
  const say = (text: string) => void process.stdout.write(`${text}\n`);
  say(`seed ${seed}`);
  const scratch = await openScratch();
  try {
    const outcome = await followUnderRestarts({
      home: join(scratch.directory, "home"),
      ...{ records, seed, say },
      perSecond: options.number("rate"),
      kills: options.number("kills"),
      followers: followerNames.filter((name) => chosen.includes(name)),
    });
    for (const line of describeOutcome(outcome, records)) say(line);
    if (!isMet(outcome)) {
      process.exitCode = 1;
      say(outcome.log);
    }
    const json = options.text("json");
    if (json === undefined) return;
    const results = { machine: describeMachine(), records, seed, ...outcome };
    await writeOut(json, `${JSON.stringify(results, undefined, 2)}\n`);
  } finally {
    await scratch.close();
  }
}

function isMet({ followers, peakBytes, droppedByFile }: FollowOutcome): boolean {
  return followers.every(isComplete) && peakBytes <= defaultMemoryCapBytes && droppedByFile === 0;
}

function isComplete({ missed, repeated, disordered }: FollowerOutcome): boolean {
  return missed === 0 && repeated === 0 && disordered === 0;
}

/** The lines of the report. */
export function describeOutcome(outcome: FollowOutcome, records: number): string[] {
  const { followers, kills, seconds, lateSeconds, rotations, droppedByFile, peakBytes } = outcome;
  const [cap, peak] = [defaultMemoryCapBytes, peakBytes].map((bytes) => bytes / 1_048_576);
  return [
    `${formatCount(records)} records in ${formatFigure(seconds)} s (${formatFigure(records / seconds)}/s), the last ${formatFigure(lateSeconds)} s after it was written; ` +
      `${rotations} rotations; the store killed ${kills.store} times, the control process ${kills.control}`,
    ...followers.map((follower) => describeFollower(follower)),
    ...(droppedByFile === 0 ? [] : [`MISSED: the file could not take ${droppedByFile} records`]),
    `${peakBytes <= defaultMemoryCapBytes ? "met" : "MISSED"}: memory of the store at most ${cap} MiB, was ${formatFigure(peak ?? 0)}`,
  ];
}

function describeFollower(follower: FollowerOutcome): string {
  const { name, seen, missed, repeated, disordered, resumes, failure } = follower;
  const verdict = isComplete(follower) ? "met" : "MISSED";
  const why = failure === undefined ? "" : `; it gave up: ${failure}`;
  return `${verdict}: ${name}: ${formatCount(seen)} seen, ${missed} missed, ${repeated} twice, ${disordered} out of order, over ${resumes} new connections${why}`;
}
