/** Rollouts as lines and JSON. */
import { formatMeasure, meanOf } from "../rollout/condition.ts";
import { bothSides, formatShare } from "../rollout/rollout-keeper.ts";
import type { Rollout } from "../rollout/rollout.ts";
import type { CliContext } from "./cli-context.ts";
import { escapeControls } from "./colour.ts";
import type { OutputFlags } from "./output-flags.ts";
import { formatTable } from "./table.ts";
import { formatValue } from "./whole-objects.ts";

const measures = ["denied", "errors", "cost", "latency"] as const;

/** One rollout for people: what it changes, what both sides did, what happened. */
export function rolloutLines(rollout: Rollout): string {
  const { id, phase, parts, endsAt, changes, abortOn, events, unsaved } = rollout;
  const until = phase === "running" && endsAt !== undefined ? ` until ${endsAt}` : "";
  return [
    `${id} ${phase}: ${formatShare(parts)} of the agents${until}`,
    ...(unsaved === undefined ? [] : [`NOT SAVED      ${escapeControls(unsaved)}`]),
    ...changes.map(
      ({ ref, before }) =>
        `  ${before === null ? "new" : "changed"} ${ref.kind} ${escapeControls(`${ref.namespace}/${ref.name}`)}`,
    ),
    ...(abortOn.length > 0 ? [`Aborted by     ${escapeControls(abortOn.join(", "))}`] : []),
    `Old policy     ${sideText(rollout, "old")}`,
    `New policy     ${sideText(rollout, "new")}`,
    ...events.map(({ at, by, what }) => `${at} ${escapeControls(`${by}: ${what}`)}`),
    "",
  ].join("\n");
}

/** The rollouts as a table. */
export function historyTable(items: readonly Rollout[]): string {
  if (items.length === 0) return "Nothing was rolled out\n";
  return formatTable({
    headings: ["ID", "PHASE", "SHARE", "BY", "STARTED", "CHANGES", "WHY"],
    rows: items.map(({ id, phase, parts, by, startedAt, changes, events }) => [
      ...[id, phase, formatShare(parts), escapeControls(by), startedAt],
      escapeControls(changes.map(({ ref }) => `${ref.kind}/${ref.name}`).join(",")),
      escapeControls(events.at(-1)?.what ?? ""),
    ]),
  });
}

/** The rollout for programs, with the sums of both sides. */
export function rolloutJson(rollout: Rollout): object {
  return { ...rollout, sides: bothSides(rollout) };
}

function sideText(rollout: Rollout, side: "old" | "new"): string {
  const counts = bothSides(rollout)[side];
  const known = measures.flatMap((measure) => {
    const value = meanOf(measure, counts);
    return value === undefined ? [] : [formatMeasure(measure, value)];
  });
  return [`${counts.requests} requests`, ...known].join(", ");
}

/** Writes a rollout for people, or whole where that is asked for. */
export async function printRollout(
  { process: { stdout } }: CliContext,
  { output }: OutputFlags,
  rollout: Rollout,
): Promise<void> {
  const isWhole = output !== undefined;
  stdout.write(isWhole ? await formatValue(rolloutJson(rollout), output) : rolloutLines(rollout));
}
