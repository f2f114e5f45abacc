/**
 * What the screen of `clrk dev` knows, and what its keys change: events and reports in, nothing out. Invariant: all of it
 * is bounded, and counts are those of the gateway, never sums of what was shown.
 */
import type {
  ActivityCounts,
  ActivityLine,
  ActivityReport,
  AgentActivity,
} from "../../../gateway/activity-report.ts";
import type { OpenConfirmation } from "../../../gateway/confirmation.ts";
import type {
  ControlEvent,
  GatewayProcessStatus,
  GatewayStatus,
  SourceProblem,
} from "../../../gateway/control-api.ts";
import type { KeptState } from "../kept-control.ts";
import { keyOf } from "../running-gateways.ts";
import type { ScreenKey } from "./screen-view.ts";

/** Lines that are kept to be shown again: of an agent, or denials alone. */
const keptLines = 500;
const keptNotes = 50;

/** One line of the tail: a transaction, or how many were left out. */
export type TailLine = ActivityLine | { readonly skipped: number };

/** The state; fields are read by whoever draws. */
export class DevState {
  readonly gateways = new Map<string, GatewayStatus>();
  readonly questions = new Map<string, OpenConfirmation>();
  readonly agents = new Map<string, AgentActivity>();
  /** Told by lines that would be printed without a screen, newest last; safe for a terminal */
  notes: readonly string[] = [];
  tail: readonly TailLine[] = [];
  problems: readonly SourceProblem[] = [];
  status: GatewayProcessStatus | undefined;
  control: KeptState | undefined;
  total: ActivityCounts | undefined;
  lastMinute: ActivityCounts | undefined;
  /** When the newest revision went live, Unix `ms` */
  liveSinceMs: number | undefined;
  revision = 0;
  view: "overview" | "agent" | "help" = "overview";
  showsDenialsOnly = false;
  /** Name of the agent that is selected; undefined: none yet */
  selected: string | undefined;
  isEnding = false;
  /** Revision that had been compiled when the problems were found */
  #problemsSince = 0;

  /** Takes what the process said of itself. */
  onStatus(status: GatewayProcessStatus): void {
    this.status = status;
    this.problems = status.problems;
    this.gateways.clear();
    for (const gateway of status.gateways) this.gateways.set(keyOf(gateway), gateway);
    this.revision = Math.max(this.revision, ...status.gateways.map((it) => it.liveRevision));
  }

  /** Takes how the control process is. */
  onControl(control: KeptState): void {
    this.control = control;
  }

  /** Takes an event at a time in Unix `ms`. */
  onEvent(event: ControlEvent, nowMs: number): void {
    switch (event.kind) {
      case "revision":
        this.revision = event.revision;
        this.liveSinceMs = nowMs;
        // One that was compiled before the mistake may become live after it.
        if (event.revision > this.#problemsSince) this.problems = [];
        return;
      case "problems":
        this.problems = event.problems;
        this.#problemsSince = event.revision;
        return;
      case "gateway":
        this.gateways.set(keyOf(event.gateway), event.gateway);
        return;
      case "confirmation":
        this.questions.set(event.question.id, event.question);
        return;
      case "confirmation-ended":
        this.questions.delete(event.id);
        return;
      case "warning":
      case "record":
      case "stopping":
        return;
    }
  }

  /** Takes a report. */
  onReport({ total, lastMinute, agents, lines, skipped }: ActivityReport): void {
    this.total = total;
    this.lastMinute = lastMinute;
    for (const agent of agents) this.agents.set(agent.agent, agent);
    if (lines.length === 0 && skipped === 0) return;
    const gap = skipped > 0 ? [{ skipped }] : [];
    this.tail = [...this.tail, ...gap, ...lines].slice(-keptLines);
  }

  /** Takes a line that would be printed without a screen. */
  note(line: string): void {
    this.notes = [...this.notes, line].slice(-keptNotes);
  }

  /** Agents by when they were active last, but within a minute by how much: rows must not change places all the time. */
  get sorted(): readonly AgentActivity[] {
    return [...this.agents.values()].sort(
      (one, two) =>
        two.lastMinute.requests - one.lastMinute.requests ||
        two.lastUnixMs - one.lastUnixMs ||
        (one.agent < two.agent ? -1 : 1),
    );
  }

  /** The agent that is selected, the first where none is. */
  get selectedAgent(): AgentActivity | undefined {
    const known = this.selected === undefined ? undefined : this.agents.get(this.selected);
    return known ?? this.sorted[0];
  }

  /** Does what a key asks for; `quit` is for whoever runs the session. */
  onKey(key: ScreenKey): "quit" | undefined {
    switch (key) {
      case "q":
      case "ctrl-c":
        this.isEnding = true;
        return "quit";
      case "tab":
      case "down":
      case "right":
        this.#select(1);
        return undefined;
      case "shift-tab":
      case "up":
      case "left":
        this.#select(-1);
        return undefined;
      case "enter":
        if (this.selectedAgent !== undefined) this.view = "agent";
        return undefined;
      case "escape":
      case "backspace":
        this.view = "overview";
        return undefined;
      case "?":
      case "h":
        this.view = this.view === "help" ? "overview" : "help";
        return undefined;
      case "d":
        this.showsDenialsOnly = !this.showsDenialsOnly;
        return undefined;
      case "c":
        this.tail = [];
        this.notes = [];
        return undefined;
      default:
        return undefined;
    }
  }

  #select(by: number): void {
    const names = this.sorted.map(({ agent }) => agent);
    if (names.length === 0) return;
    if (this.selected === undefined) {
      this.selected = names[by > 0 ? 0 : names.length - 1];
      return;
    }
    const at = names.indexOf(this.selected);
    this.selected = names[(at + by + names.length) % names.length];
  }
}
