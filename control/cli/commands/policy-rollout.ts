/** `clrk policy rollout`: tries changed manifests on a share of agents, and tells what became of them. */
import { setTimeout as sleep } from "node:timers/promises";
import { resolve } from "node:path";
import { readDuration } from "../../../crds/duration.ts";
import { shareParts } from "../../../gateway/canary-share.ts";
import { silentLogger } from "../../../gateway/log.ts";
import { readManifests } from "../../../gateway/read-manifests.ts";
import { readCondition } from "../../rollout/condition.ts";
import type { Rollout } from "../../rollout/rollout.ts";
import { isOver } from "../../rollout/rollout.ts";
import type { CliContext } from "../cli-context.ts";
import { CliError, EXIT_CODE } from "../cli-error.ts";
import { escapeControls } from "../colour.ts";
import type { OutputFlags } from "../output-flags.ts";
import { formatProblem } from "../problem-line.ts";
import { createRolloutClient } from "../rollout-client.ts";
import type { RolloutClient } from "../rollout-client.ts";
import { printRollout } from "../rollout-lines.ts";

/** Options as the user gave them. */
export interface PolicyRolloutFlags extends OutputFlags {
  readonly file?: readonly string[];
  readonly canary: string;
  readonly for: string;
  readonly "abort-on"?: readonly string[];
  readonly "min-requests"?: number;
  readonly detach?: boolean;
}

/** Less says little about shares of a percent. */
const usualMinRequests = 20;

/** What the exit code says of a rollout that ended without being promoted. */
const abortedCode = 3;

const pollMs = 300;

/** A control process that is started again is back within this time. */
const awayMs = 30_000;

/** Begins, and waits for the end unless it is to go on alone. Throws a `CliError`. */
export async function policyRollout(this: CliContext, flags: PolicyRolloutFlags): Promise<void> {
  const request = {
    parts: readShare(flags.canary),
    forMs: readTime(flags.for),
    abortOn: readConditions(flags["abort-on"] ?? []),
    minRequests: readCount(flags["min-requests"] ?? usualMinRequests),
    objects: readObjects(this, flags.file ?? []),
  };
  const client = createRolloutClient(this);
  const begun = await client.begin(request);
  const { stderr } = this.process;
  stderr.write(`Rollout ${begun.id} began; see it: clrk policy status\n`);
  if (flags.detach === true) {
    await printRollout(this, flags, begun);
    return;
  }
  const ended = await waitForEnd(this, client, begun);
  if (ended === undefined) {
    stderr.write("It goes on without this command; end it: clrk policy abort\n");
    this.process.exitCode = EXIT_CODE.failed;
    return;
  }
  await printRollout(this, flags, ended);
  if (ended.phase !== "promoted") this.process.exitCode = abortedCode;
}

/** Reads a share such as `10%` as parts of 10,000. Throws a `CliError`. */
export function readShare(text: string): number {
  const [, amount] = /^(\d{1,3}(?:\.\d{1,2})?)%$/.exec(text) ?? [];
  const parts = Math.round((Number(amount) * shareParts) / 100);
  if (amount !== undefined && parts >= 1 && parts <= shareParts) return parts;
  throw usage(
    `Cannot use "${escapeControls(text)}" for --canary: wanted a share such as 10%, from 0.01% to 100%`,
  );
}

function readTime(text: string): number {
  const reading = readDuration(text);
  if (reading.kind === "valid" && reading.value > 0) return reading.value;
  throw usage(`Cannot use "${escapeControls(text)}" for --for: wanted a time such as 15m or 24h`);
}

function readConditions(texts: readonly string[]): readonly string[] {
  for (const text of texts) {
    const condition = readCondition(text);
    if (typeof condition === "string") throw usage(escapeControls(condition));
  }
  return texts;
}

function readCount(count: number): number {
  if (Number.isSafeInteger(count) && count >= 1) return count;
  throw usage(`Cannot use ${count} for --min-requests: wanted a whole number from 1 on`);
}

function readObjects({ workingDirectory }: CliContext, paths: readonly string[]): unknown[] {
  if (paths.length === 0) {
    throw usage(
      "Cannot roll out: no manifests are named\nName the changed ones: clrk policy rollout -f DIR",
    );
  }
  const inPlace = paths.map((one) => resolve(workingDirectory, one));
  const { objects, problems } = readManifests({ paths: inPlace, log: silentLogger });
  if (problems.length > 0) {
    const lines = problems.map((problem) => formatProblem(problem, workingDirectory));
    throw new CliError(["Cannot roll out the manifests:", ...lines].join("\n"));
  }
  return objects.map(({ object, written }) => written?.() ?? object);
}

/** Undefined where the user did not want to wait any longer. */
async function waitForEnd(
  context: CliContext,
  client: RolloutClient,
  { id, events }: Rollout,
): Promise<Rollout | undefined> {
  const interrupted = new AbortController();
  const release = context.onInterrupt(() => interrupted.abort());
  const { stderr } = context.process;
  let told = events.length;
  let heardMs = performance.now();
  try {
    while (!interrupted.signal.aborted) {
      const items = await client.list().catch((error: unknown) => {
        if (performance.now() - heardMs > awayMs) throw error;
        return undefined;
      });
      if (items !== undefined) {
        heardMs = performance.now();
        const rollout = items.find((one) => one.id === id);
        if (rollout === undefined) throw new CliError(`Rollout ${id} is not remembered any more`);
        for (const { at, what } of rollout.events.slice(told)) {
          stderr.write(`${at} ${escapeControls(what)}\n`);
        }
        told = rollout.events.length;
        if (isOver(rollout)) return rollout;
      }
      await sleep(pollMs, undefined, { signal: interrupted.signal }).catch(() => {});
    }
    return undefined;
  } finally {
    release();
  }
}

function usage(message: string): CliError {
  return new CliError(message, { exitCode: EXIT_CODE.usage });
}
