/**
 * The screen of `clrk dev` as lines, for the cells that there are: a pure function of its state. Only rows that are seen
 * are made, and what came from outside is escaped.
 */
import type { AgentActivity } from "../../../gateway/activity-report.ts";
import { auditBanners } from "../audit-banner.ts";
import { describeAge, formatAge } from "../age.ts";
import { escapeControls } from "../colour.ts";
import type { Palette } from "../colour.ts";
import { askLines } from "../confirmation-lines.ts";
import { formatEndpoint } from "../dev-narrator.ts";
import { formatProblem } from "../problem-line.ts";
import { formatDuration, formatRunLine } from "../run-line.ts";
import { keyOf } from "../running-gateways.ts";
import { telemetryFacts } from "../telemetry-lines.ts";
import { displayWidth, padEndToWidth, truncateToWidth, wrapToWidth } from "../table.ts";
import { agentName, stateOf } from "./agent-cells.ts";
import type { FrameContext } from "./frame-context.ts";
import type { DevState, TailLine } from "./dev-state.ts";
import { agentLines } from "./dev-agent-frame.ts";
import { shortCost, shortCount, shortDollars } from "./figures.ts";
import type { ScreenSize } from "./screen-view.ts";

/** Problems and questions beyond these are a number. */
const maxProblems = 4;
const maxQuestions = 2;
const shownNotes = 2;
/** What to do stands at the end of a sentence; one that is longer than this is cut all the same. */
const linesOfSentence = 3;

/** The lines of a frame: never more than there are rows. */
export function devFrame(state: DevState, size: ScreenSize, context: FrameContext): string[] {
  const head = [...headLines(state, context, size), ...urgentLines(state, context, size)];
  const foot = footLines(state, context, size);
  const room = Math.max(0, size.rows - head.length - foot.length);
  const body = bodyLines(state, { columns: size.columns, rows: room }, context);
  const filler = new Array<string>(Math.max(0, room - body.length)).fill("");
  const lines = [...head, ...body.slice(0, room), ...filler, ...foot];
  // On a screen of a few rows the state matters more than the keys.
  return lines.slice(0, size.rows);
}

function headLines(
  state: DevState,
  { palette, kubeconfig, nowMs }: FrameContext,
  { columns }: ScreenSize,
): string[] {
  const { status, revision, liveSinceMs } = state;
  const gateways = [...state.gateways.values()];
  const engine = status?.engine;
  const restarts = gateways.reduce((sum, { envoy }) => sum + envoy.restarts, 0);
  const up = gateways.filter(({ envoy }) => envoy.pid !== undefined).length;
  const envoys = gateways.length > 1 ? ` ${up}/${gateways.length}` : "";
  const age = liveSinceMs === undefined ? "" : ` ${describeAge(nowMs - liveSinceMs)}`;
  const addresses = gateways.map((gateway) => {
    const { explicitProxy, ready } = gateway;
    const address = explicitProxy === undefined ? "" : ` ${formatEndpoint(explicitProxy)}`;
    const name = escapeControls(keyOf(gateway));
    return ready ? `${name}${address}` : palette.red(`${name}${address} not ready`);
  });
  const facts = [
    addresses.length === 0 ? palette.yellow("no EgressGateway") : addresses.join(", "),
    revision === 0 ? "nothing live yet" : `revision ${revision} live${age}`,
    up === gateways.length && up > 0 ? `Envoy${envoys} up` : palette.red(`Envoy${envoys} down`),
    ...(restarts > 0 ? [palette.yellow(`${restarts} restarts`)] : []),
    engineFact(engine, palette),
    ...controlFact(state.control, palette),
  ];
  const metrics = status?.metrics;
  const places = [
    `kubectl --kubeconfig ${escapeControls(kubeconfig)} get clrk`,
    ...(metrics === undefined ? [] : [`http://${formatEndpoint(metrics)}/metrics`]),
  ];
  // What one said that is down is not so any more.
  const telemetry =
    state.control?.state === "running" ? state.control.report?.telemetry : undefined;
  const [first = "", ...rest] = facts;
  const known = telemetry === undefined ? [] : telemetryFacts(telemetry);
  return [
    ...packFacts([`${palette.bold("CLRK")} ${first}`, ...rest], columns),
    palette.dim(places.join(" · ")),
    ...packFacts(known, columns).map((line) => palette.dim(line)),
  ];
}

/** Facts side by side on as few lines as hold them: none is cut off unless it alone is too long. */
function packFacts(facts: readonly string[], columns: number): string[] {
  const lines: string[] = [];
  for (const fact of facts) {
    const last = lines.at(-1);
    const longer = last === undefined ? fact : `${last} · ${fact}`;
    if (last !== undefined && displayWidth(longer) <= columns) lines[lines.length - 1] = longer;
    else lines.push(last === undefined ? fact : `  ${fact}`);
  }
  return lines;
}

function controlFact(control: DevState["control"], palette: Palette): string[] {
  if (control === undefined) return [];
  const { state, restarts } = control;
  const times = restarts === 0 ? "" : `, ${restarts} ${restarts === 1 ? "restart" : "restarts"}`;
  switch (state) {
    case "running":
      return [restarts === 0 ? "control up" : palette.yellow(`control up${times}`)];
    case "starting":
      return [palette.red(`control down${times}`)];
    case "silent":
      return [palette.red("control silent")];
  }
}

/** What is wrong with the control process; the gateway serves on by what it was told last. */
function controlLines(state: DevState, { palette, nowMs }: FrameContext): string[] {
  const { control } = state;
  if (control === undefined) return [];
  const { problem = "it ended", sinceMs, pid, report } = control;
  if (control.state === "starting") {
    const age = describeAge(nowMs - sinceMs);
    const why = escapeControls(problem.split("\n")[0] ?? "");
    return [
      palette.red(`Control process down for ${age}: ${why}; it is started again, traffic goes on`),
    ];
  }
  if (control.state === "silent") {
    return [palette.red(`Control process ${pid} does not answer; traffic goes on without changes`)];
  }
  const { problem: lack = null } = report?.telemetry ?? {};
  return lack === null ? [] : [palette.yellow(`Telemetry: ${escapeControls(lack)}`)];
}

function engineFact(engine: NonNullable<DevState["status"]>["engine"], palette: Palette): string {
  if (engine === undefined) return "no engine";
  const { serving, wanted } = engine.threads;
  const fact = `engine ${serving}/${wanted}`;
  return serving < wanted ? palette.red(fact) : fact;
}

/** What stays until somebody does something about it. */
function urgentLines(state: DevState, context: FrameContext, size: ScreenSize): string[] {
  const { palette, workingDirectory } = context;
  const { problems } = state;
  const sentences = problems
    .slice(0, maxProblems)
    .map((problem) => sentenceLines(formatProblem(problem, workingDirectory), size.columns));
  // Requests are to be seen below them.
  const room = Math.max(linesOfSentence, Math.floor(size.rows / 3));
  while (sentences.length > 1 && sentences.flat().length > room) sentences.pop();
  const rest = problems.length - sentences.length;
  const questions = [...state.questions.values()];
  const more = questions.length - maxQuestions;
  return [
    ...auditBanners([...state.gateways.values()], palette),
    ...controlLines(state, context),
    ...sentences.flat().map(palette.red),
    ...(rest > 0 ? [palette.red(`… and ${rest} more problems`)] : []),
    ...(problems.length > 0 ? [`Still serving revision ${state.revision}`] : []),
    ...questions.slice(0, maxQuestions).flatMap((question) => askLines(question, palette)),
    ...(more > 0 ? [palette.yellow(`… and ${more} more calls wait: clrk approvals`)] : []),
  ];
}

function bodyLines(state: DevState, size: ScreenSize, context: FrameContext): string[] {
  if (state.view === "help") return helpLines(context.palette);
  const { selectedAgent } = state;
  if (state.view === "agent" && selectedAgent !== undefined) {
    const facts = agentLines(selectedAgent, context);
    const room = Math.max(0, size.rows - facts.length);
    const own = tailLines(state, { columns: size.columns, rows: room }, context, selectedAgent);
    return [...facts, ...own];
  }
  const agents = overviewLines(state, size, context);
  const room = Math.max(0, size.rows - agents.length);
  return [...agents, ...tailLines(state, { columns: size.columns, rows: room }, context)];
}

function overviewLines(state: DevState, size: ScreenSize, context: FrameContext): string[] {
  const { palette } = context;
  const { total, lastMinute } = state;
  if (total === undefined || lastMinute === undefined || total.requests === 0) {
    return [
      "",
      "No requests yet. Put an agent behind it:",
      palette.bold("  clrk run -- python my_agent.py"),
    ];
  }
  const facts = [
    `${total.requests.toLocaleString("en-US")} ${total.requests === 1 ? "request" : "requests"}`,
    `${lastMinute.requests.toLocaleString("en-US")}/min`,
    paintIf(total.denied > 0, palette.red, `${total.denied.toLocaleString("en-US")} denied`),
    ...(total.audited > 0 ? [palette.red(`${shortCount(total.audited)} would be denied`)] : []),
    ...(total.failed > 0 ? [palette.yellow(`${shortCount(total.failed)} failed`)] : []),
    `${shortCount(total.inputTokens)} → ${shortCount(total.outputTokens)} tok`,
    shortCost(total),
  ];
  const most = Math.max(1, Math.floor(size.rows / 3));
  const agents = state.sorted;
  const selected =
    state.selected === undefined ? -1 : agents.findIndex(({ agent }) => agent === state.selected);
  // The row that is selected is always among those that are seen.
  const from = Math.max(0, Math.min(selected - most + 1, agents.length - most));
  const shown = agents.slice(from, from + most);
  const rest = agents.length - shown.length;
  const rows = shown.map((agent) =>
    agentRow(agent, { width: size.columns, isSelected: agent.agent === state.selected }, context),
  );
  return [
    facts.join(" · "),
    palette.dim(agentHeading(size.columns)),
    ...rows,
    ...(rest > 0 ? [palette.dim(`  … and ${rest} more agents`)] : []),
    "",
  ];
}

const nameCells = 20;

interface Column {
  readonly heading: string;
  readonly cells: number;
  readonly cell: (agent: AgentActivity, context: FrameContext) => string;
  /** Present only on a terminal of so many columns */
  readonly from?: number;
  /** Words begin at the left, numbers end at the right */
  readonly isWord?: true;
}

/** What a person looks for first stays on a terminal of 80 columns. */
const columns: readonly Column[] = [
  { heading: "STATE", cells: 8, isWord: true, cell: (agent, { nowMs }) => stateOf(agent, nowMs) },
  { heading: "REQUESTS", cells: 8, cell: ({ total }) => shortCount(total.requests) },
  { heading: "/MIN", cells: 6, from: 88, cell: (agent) => shortCount(agent.lastMinute.requests) },
  { heading: "DENIED", cells: 6, cell: ({ total }) => shortCount(total.denied) },
  { heading: "IN", cells: 6, from: 96, cell: ({ total }) => shortCount(total.inputTokens) },
  { heading: "OUT", cells: 6, from: 96, cell: ({ total }) => shortCount(total.outputTokens) },
  { heading: "COST", cells: 9, cell: ({ total }) => shortCost(total) },
  { heading: "P50", cells: 7, from: 106, cell: ({ p50Ms }) => duration(p50Ms) },
  { heading: "P95", cells: 7, cell: ({ p95Ms }) => duration(p95Ms) },
  { heading: "LAST", cells: 4, cell: (agent, { nowMs }) => formatAge(nowMs - agent.lastUnixMs) },
];

function columnsFor(width: number): readonly Column[] {
  return columns.filter(({ from = 0 }) => width >= from);
}

function pad(text: string, { cells, isWord }: Column): string {
  return isWord ? text.padEnd(cells) : text.padStart(cells);
}

function agentHeading(width: number): string {
  const headings = columnsFor(width).map((column) => pad(column.heading, column));
  return `  ${"AGENT".padEnd(nameCells)} ${headings.join(" ")}`;
}

interface RowOptions {
  readonly width: number;
  readonly isSelected: boolean;
}

function agentRow(agent: AgentActivity, { width, isSelected }: RowOptions, context: FrameContext) {
  const { palette } = context;
  const name = padEndToWidth(truncateToWidth(agentName(agent), nameCells), nameCells);
  const cells = columnsFor(width).map((column) => {
    const text = pad(column.cell(agent, context), column);
    return paintIf(column.heading === "DENIED" && agent.total.denied > 0, palette.red, text);
  });
  const row = `${isSelected ? "›" : " "} ${name} ${cells.join(" ")}`;
  return isSelected ? palette.bold(row) : row;
}

function duration(ms: number | null): string {
  return ms === null ? "-" : formatDuration(ms);
}

function paintIf(isPainted: boolean, paint: (text: string) => string, text: string): string {
  return isPainted ? paint(text) : text;
}

function tailLines(
  state: DevState,
  { columns, rows }: ScreenSize,
  { palette }: FrameContext,
  agent?: AgentActivity,
): string[] {
  if (rows <= 0) return [];
  const fits = (line: TailLine) => {
    if ("skipped" in line) return agent === undefined && !state.showsDenialsOnly;
    const { decision, agent: own } = line.record;
    const isRefusal = decision.verdict === "deny" || decision.wouldDeny !== undefined;
    if (state.showsDenialsOnly && !isRefusal) return false;
    const name = own === null ? "" : `${own.kind}/${own.namespace}/${own.name}`;
    return agent === undefined || name === agent.agent;
  };
  const shown: string[] = [];
  for (let at = state.tail.length - 1; at >= 0 && shown.length < rows; at--) {
    const line = state.tail[at];
    if (line !== undefined && fits(line)) shown.push(tailLine(line, columns, palette));
  }
  return shown.reverse();
}

function tailLine(line: TailLine, columns: number, palette: Palette): string {
  if ("skipped" in line) {
    return palette.dim(`… ${line.skipped.toLocaleString("en-US")} more, counted and not shown`);
  }
  const { record, microDollars } = line;
  const cost = microDollars === null || microDollars === 0 ? "" : `  ${shortDollars(microDollars)}`;
  return `${formatRunLine(record, { palette, columns: columns - cost.length })}${cost}`;
}

function helpLines(palette: Palette): string[] {
  return [
    "",
    palette.bold("Keys"),
    "  Tab, arrows   select an agent          Enter    what it did: models, hosts, denials",
    "  d             only denials, or all     Escape   back",
    "  c             clear the lines          ?        this, or back",
    "  q, Ctrl-C     stop everything within two seconds",
    "",
    "Counts are of this session. /MIN, P50 and P95 are of the last minute and the",
    "last 128 requests. Of many requests a second some are shown, and all are counted.",
  ];
}

/** A sentence over lines, as far as it is shown. */
function sentenceLines(text: string, columns: number): string[] {
  const lines = wrapToWidth(text, { columns, indent: 2 });
  if (lines.length <= linesOfSentence) return lines;
  return [
    ...lines.slice(0, linesOfSentence - 1),
    `${truncateToWidth(lines[linesOfSentence - 1] ?? "", columns - 2)} …`,
  ];
}

function footLines(
  state: DevState,
  { palette }: FrameContext,
  { rows, columns }: ScreenSize,
): string[] {
  const last = state.notes.slice(-shownNotes);
  const notes = rows < 12 ? [] : last.flatMap((note) => sentenceLines(note, columns));
  const filter = state.showsDenialsOnly ? `${palette.red("only denials")} · ` : "";
  const back = state.view === "overview" ? "Enter detail" : "Escape back";
  const keys = state.isEnding
    ? "Stopping …"
    : `${filter}Tab agent · ${back} · d denials · c clear · ? help · q quit`;
  return [...notes, palette.dim(keys)];
}
