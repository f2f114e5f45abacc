/** `clrk policy status`, `history`, `promote`, `abort` and `undo`: rollouts after they began. */
import type { Rollout } from "../../rollout/rollout.ts";
import type { CliContext } from "../cli-context.ts";
import { CliError } from "../cli-error.ts";
import type { OutputFlags } from "../output-flags.ts";
import { createRolloutClient } from "../rollout-client.ts";
import { historyTable, printRollout, rolloutJson } from "../rollout-lines.ts";
import { formatValue } from "../whole-objects.ts";
import { readShare } from "./policy-rollout.ts";

/** Options of `clrk policy promote`. */
export interface PolicyPromoteFlags extends OutputFlags {
  readonly canary?: string;
}

/** Prints the newest rollout. Throws a `CliError` where there is none. */
export async function policyStatus(this: CliContext, flags: OutputFlags): Promise<void> {
  const [newest] = await createRolloutClient(this).list();
  if (newest === undefined) {
    throw new CliError(
      "Nothing was rolled out\nTry manifests on some agents: clrk policy rollout -f DIR",
    );
  }
  await printRollout(this, flags, newest);
}

/** Prints all rollouts that are remembered, newest first. */
export async function policyHistory(this: CliContext, { output }: OutputFlags): Promise<void> {
  const items = await createRolloutClient(this).list();
  const text =
    output === undefined
      ? historyTable(items)
      : await formatValue({ items: items.map(rolloutJson) }, output);
  this.process.stdout.write(text);
}

/** Gives the new policy to more agents, or to all for good. */
export async function policyPromote(this: CliContext, flags: PolicyPromoteFlags): Promise<void> {
  const parts = flags.canary === undefined ? undefined : readShare(flags.canary);
  const rollout = await createRolloutClient(this).promote(parts);
  await printRollout(this, flags, rollout);
  if (parts === undefined && rollout.phase !== "promoted") failed(rollout);
}

/** Gives all agents the old policy. */
export async function policyAbort(this: CliContext, flags: OutputFlags): Promise<void> {
  await printRollout(this, flags, await createRolloutClient(this).abort());
}

/** Takes back what was promoted last; throws a `CliError` where others changed the same meanwhile. */
export async function policyUndo(this: CliContext, flags: OutputFlags): Promise<void> {
  const rollout = await createRolloutClient(this).undo();
  await printRollout(this, flags, rollout);
  if (rollout.events.at(-1)?.what.includes("left as it is") === true) failed(rollout);
}

function failed({ events }: Rollout): never {
  throw new CliError(`Not all of it was done: ${events.at(-1)?.what ?? "no reason is known"}`);
}
