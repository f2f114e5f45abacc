/** `npm run bench -- screen`: whether the live screen of `clrk dev` keeps up with thousands of requests a second. */
import { whyNoTerminal } from "../harness/terminal.ts";
import { formatCount, formatFigure } from "./figures.ts";
import { describeMachine } from "./machine.ts";
import { parseOptions, UsageError } from "./options.ts";
import type { OptionTable } from "./options.ts";
import { writeOut } from "./run-output.ts";
import { watchScreen } from "./screen-run.ts";
import type { ScreenFigures } from "./screen-run.ts";
import { openScratch } from "./scratch.ts";

const optionTable: OptionTable = {
  numbers: {
    events: { fallback: 10_000, min: 10, max: 1_000_000 },
    seconds: { fallback: 15, min: 1, max: 3_600 },
    agents: { fallback: 300, min: 1, max: 100_000 },
  },
  texts: ["json"],
  switches: [],
};

/** What is to be shown: a person notices no more, and a laptop does not get warm. Its heap grows by some 75 MiB, once. */
const targets = { drawsPerSecond: 10, cpu: 0.25, grownMib: 128 };

/** Runs the sub-command and prints its report; UsageError for bad arguments, and where there is no tmux. */
export async function runScreen(args: readonly string[]): Promise<void> {
  const options = parseOptions(args, optionTable);
  const obstacle = whyNoTerminal();
  if (obstacle !== undefined) throw new UsageError(`Cannot show a screen: ${obstacle}`);
  const scratch = await openScratch();
  const endings: (() => unknown)[] = [() => scratch.close()];
  try {
    const figures = await watchScreen(
      { teardown: (callback) => endings.push(callback) },
      {
        eventsPerSecond: options.number("events"),
        seconds: options.number("seconds"),
        agents: options.number("agents"),
        directory: scratch.directory,
      },
    );
    process.stdout.write(`${describeScreen(figures).join("\n")}\n`);
    const json = options.text("json");
    if (json === undefined) return;
    const results = { machine: describeMachine(), ...figures };
    await writeOut(json, `${JSON.stringify(results, undefined, 2)}\n`);
  } finally {
    for (const end of endings.reverse()) await end();
  }
}

/** The lines of the report. */
export function describeScreen(figures: ScreenFigures): string[] {
  const { events, shown, screenCpu, feedMicros, drawsPerSecond, mostDraws, rssMib } = figures;
  const verdict = (isMet: boolean) => (isMet ? "met" : "MISSED");
  const grown = rssMib.highest - rssMib.first;
  return [
    `${verdict(shown === events)}: the screen says ${formatCount(shown)} requests of ${formatCount(events)}`,
    `${verdict(drawsPerSecond <= targets.drawsPerSecond)}: at most ${targets.drawsPerSecond} draws a second, were ${formatFigure(drawsPerSecond)}, ${mostDraws} in the busiest one`,
    `${verdict(screenCpu <= targets.cpu)}: at most ${targets.cpu * 100} % of a core, was ${formatFigure(screenCpu * 100)} %`,
    `${verdict(grown <= targets.grownMib)}: at most ${targets.grownMib} MiB more memory, was ${formatFigure(Math.max(0, grown))} of ${formatFigure(rssMib.last)}`,
    `counting costs the gateway ${formatFigure(feedMicros)} µs an event, reports included`,
  ];
}
