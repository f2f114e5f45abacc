/** What a replay found, as lines for people: 80 columns wide where they can be. */
import type { Palette } from "../colour.ts";
import { escapeControls } from "../colour.ts";
import type { DifferenceKind } from "./difference.ts";
import type { DifferenceExample, KindSummary } from "./difference-tally.ts";
import type { PlanSummary } from "./plan-run.ts";

const width = 80;

/** So many changes are told; JSON has more. */
const mostChanges = 5;

const titles: Readonly<Record<DifferenceKind, string>> = {
  denied: "newly denied",
  limited: "newly over a limit or budget",
  allowed: "newly allowed",
  recredentialed: "other credential",
  rerouted: "served elsewhere",
  charged: "charged differently",
  audited: "newly recorded as would-be denials",
  unknown: "not known",
};

/** The report of a summary; `against` says in words what the policy is compared with. */
export function planLines(
  summary: PlanSummary,
  { against, palette }: { readonly against: string; readonly palette: Palette },
): string {
  const { records, same, differences, from, to, otherGateways, uncounted } = summary;
  const span = from === null || to === null ? "" : ` from ${from} to ${to}`;
  const head = [
    `${counted(records, "record")} replayed${span}`,
    `Compared with ${escapeControls(against)}`,
  ];
  const notes = [
    `${counted(same, "record")} decided as before`,
    ...(otherGateways === 0
      ? []
      : [`${counted(otherGateways, "record")} of gateways that are not in both policies`]),
    ...(uncounted === 0
      ? []
      : [`${counted(uncounted, "call")} under a budget of which no tokens are recorded`]),
  ];
  const blocks = differences.map((one) => describeKind(one, palette));
  return `${[head.join("\n"), ...blocks, notes.join("\n")].join("\n\n")}\n`;
}

function describeKind(summary: KindSummary, palette: Palette): string {
  const { kind, count, agents, areAllAgents, topHosts, changes, examples } = summary;
  const unit = kind === "unknown" ? "record" : "request";
  const who = `${areAllAgents ? "" : "more than "}${counted(agents, "agent")}`;
  const title = `${titles[kind]} (${counted(count, unit)}, ${who})`;
  const hosts = topHosts.slice(0, mostChanges).map(({ name, count: of }) => `${name} ${of}`);
  return [
    colourOf(kind, palette)(title),
    ...wrapped(`at ${hosts.join(", ")}`),
    ...changes
      .slice(0, mostChanges)
      .flatMap(({ from, to, count: of }) => wrapped(`${of} ${from} -> ${to}`)),
    ...examples.flatMap((one) => wrapped(exampleText(one))),
  ].join("\n");
}

function colourOf(kind: DifferenceKind, { red, yellow, green }: Palette): (text: string) => string {
  switch (kind) {
    case "denied":
    case "limited":
      return red;
    case "allowed":
      return green;
    default:
      return yellow;
  }
}

function exampleText({ time, agent, method, host, path, model }: DifferenceExample): string {
  const what = [method, `${host}${path}`, ...(model === null ? [] : [model])];
  return `e.g. ${time} ${agent || "nobody"} ${what.filter((part) => part !== "").join(" ")}`;
}

/** Lines of a text, cut between words; words from outside that are longer stay whole, without control characters. */
function wrapped(text: string): string[] {
  const lines: string[] = [];
  let line = " ";
  for (const word of escapeControls(text).split(" ")) {
    if (line.length + 1 + word.length > width && line.trim() !== "") {
      lines.push(line);
      line = "   ";
    }
    line = `${line} ${word}`;
  }
  return [...lines, line];
}

function counted(count: number, unit: string): string {
  return `${count.toLocaleString("en-US")} ${unit}${count === 1 ? "" : "s"}`;
}
