/** One agent on the screen of `clrk dev`, as lines: what it used, of which models, at which hosts, and what was refused. */
import type { ActivityShare, AgentActivity } from "../../../gateway/activity-report.ts";
import { describeAge } from "../age.ts";
import { escapeControls } from "../colour.ts";
import { formatDuration } from "../run-line.ts";
import { padEndToWidth, truncateToWidth } from "../table.ts";
import { agentName, stateOf } from "./agent-cells.ts";
import type { FrameContext } from "./frame-context.ts";
import { shortCost, shortCount, shortDollars } from "./figures.ts";

/** Rows of each list; the rest is a number. */
const maxShares = 5;
const shareCells = 36;

/** Everything about the agent but its requests. */
export function agentLines(agent: AgentActivity, { palette, nowMs }: FrameContext): string[] {
  const { total, lastMinute, p50Ms, p95Ms, lastUnixMs } = agent;
  const latency =
    p50Ms === null || p95Ms === null
      ? "no latency yet"
      : `p50 ${formatDuration(p50Ms)}, p95 ${formatDuration(p95Ms)}`;
  const state = `${stateOf(agent, nowMs)}, last request ${describeAge(nowMs - lastUnixMs)} ago`;
  const counts = [
    `${total.requests.toLocaleString("en-US")} requests`,
    `${total.denied.toLocaleString("en-US")} denied`,
    ...(total.audited > 0 ? [`${total.audited.toLocaleString("en-US")} would be denied`] : []),
    `${total.failed.toLocaleString("en-US")} failed`,
    `${shortCount(total.inputTokens)} → ${shortCount(total.outputTokens)} tok`,
    shortCost(total),
    latency,
  ];
  const minute = `last minute: ${lastMinute.requests.toLocaleString("en-US")} requests, ${shortCount(
    lastMinute.inputTokens + lastMinute.outputTokens,
  )} tok, ${shortCost(lastMinute)}`;
  return [
    `${palette.bold(`Agent ${agentName(agent)}`)}  ${state}`,
    counts.join(" · "),
    minute,
    ...shareLines("Models", agent.models),
    ...shareLines("Hosts", agent.hosts),
    ...shareLines("Denials", agent.reasons),
    palette.bold("Requests"),
  ];
}

function shareLines(title: string, shares: readonly ActivityShare[]): string[] {
  if (shares.length === 0) return [];
  const rest = shares.length - maxShares;
  return [
    title,
    ...shares.slice(0, maxShares).map((share) => {
      const name = truncateToWidth(escapeControls(share.name || "-"), shareCells);
      const facts = [
        `${shortCount(share.requests)} requests`,
        ...(share.denied > 0 ? [`${shortCount(share.denied)} denied`] : []),
        ...(share.tokens > 0 ? [`${shortCount(share.tokens)} tok`] : []),
        ...(share.microDollars > 0 ? [shortDollars(share.microDollars)] : []),
      ];
      return `  ${padEndToWidth(name, shareCells)}  ${facts.join(", ")}`;
    }),
    ...(rest > 0 ? [`  … and ${rest} more`] : []),
  ];
}
