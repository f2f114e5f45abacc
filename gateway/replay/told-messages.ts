/** Requests to MCP servers by what their records tell: the names of what was asked, and never the arguments. */

import type { McpFacts, McpMessageFacts } from "../call-facts.ts";
import { McpJudge } from "../mcp-judge.ts";
import type { McpHead } from "../mcp-judge.ts";
import { RuleJudge } from "../mcp/rule-judge.ts";
import type { MessageVerdict } from "../mcp/rule-judge.ts";
import { mcpServer } from "../mcp/server-match.ts";
import type { DenyReason, EnginePlan, LimitPlan } from "../snapshot.ts";
import type { McpPlan } from "../mcp-plan.ts";
import type { Missing, TextFact } from "./fact.ts";
import { isMissing } from "./fact.ts";

/** A request as its record tells it. */
export interface ToldRequest {
  readonly method: string;
  readonly scheme: string;
  readonly authority: string;
  readonly path: string;
  readonly header: (name: string) => TextFact;
  /** Absent: no message was read */
  readonly mcp: McpFacts | undefined;
}

/** What becomes of it. */
export type ToldOutcome =
  | { readonly kind: "allow"; readonly limits: readonly LimitPlan[] }
  | {
      readonly kind: "deny";
      readonly reason: DenyReason;
      /** A rule is about every message: in audit mode it goes that rule's way */
      readonly isRuled: boolean;
    }
  | { readonly kind: "unknown"; readonly missing: string };

/** Records tell so many messages of a batch, and so much of a name. */
const mostTold = 16;
const longestTold = 256;

const judges = new WeakMap<McpPlan, { readonly head: McpJudge; readonly rules: RuleJudge }>();

/** Judges a request by the plan of its route. */
export function judgeTold(
  plan: EnginePlan & { readonly mcp: McpPlan },
  told: ToldRequest,
): ToldOutcome {
  const { head, rules } = judgesOf(plan);
  const { mcp, method } = told;
  if (method === "POST" && mcp !== undefined) {
    return judgeMessages(rules, mcp.messages, told);
  }
  return judgeHead(head, told);
}

function judgesOf({ mcp, route }: EnginePlan & { readonly mcp: McpPlan }) {
  const known = judges.get(mcp);
  if (known !== undefined) return known;
  const made = { head: new McpJudge(mcp, route), rules: new RuleJudge(mcp) };
  judges.set(mcp, made);
  return made;
}

/** By the head alone, and only as far as no header is asked for that nobody kept. */
function judgeHead(judge: McpJudge, told: ToldRequest): ToldOutcome {
  const asked: Missing[] = [];
  const head: McpHead = {
    method: told.method,
    scheme: told.scheme,
    authority: told.authority,
    target: told.path,
    hasBody: told.method === "POST",
    values: (name) => {
      const value = told.header(name);
      if (isMissing(value)) asked.push(value);
      return typeof value === "string" ? [value] : [];
    },
  };
  const refusal = judge.judgeHead(head);
  const [missing] = asked;
  if (missing !== undefined) return { kind: "unknown", missing: missing.missing };
  if (refusal !== undefined) {
    return { kind: "deny", reason: refusal.reason, isRuled: false };
  }
  if (told.method === "POST") return { kind: "unknown", missing: "messages to the MCP server" };
  return { kind: "allow", limits: [] };
}

function judgeMessages(
  rules: RuleJudge,
  messages: readonly McpMessageFacts[],
  { scheme, authority, path }: ToldRequest,
): ToldOutcome {
  const server = mcpServer(scheme, authority, path);
  if (rules.doubts(server)) return { kind: "deny", reason: "ambiguous-path", isRuled: false };
  const limits: LimitPlan[] = [];
  let missing: string | undefined;
  let denied: MessageVerdict | undefined;
  let isUnconfirmed = false;
  for (const message of messages) {
    if ((message.name ?? "").length >= longestTold)
      missing ??= `whole name of a ${message.subject}`;
    const verdicts = possibleVerdicts(rules, message, server);
    const [only] = verdicts;
    if (verdicts.every(({ kind }) => kind === "deny")) denied ??= only;
    else if (verdicts.length > 1 || only?.kind !== "allow") missing ??= argumentsOf(message);
    else {
      limits.push(...only.limits);
      if (only.confirmation === null) continue;
      if (message.confirmation === undefined) missing ??= confirmationOf(message);
      else isUnconfirmed ||= message.confirmation.outcome !== "approved";
    }
  }
  if (denied !== undefined) {
    return { kind: "deny", reason: "mcp-denied", isRuled: denied.ruleIndex !== null };
  }
  if (messages.length >= mostTold) missing ??= `messages of a batch beyond the first ${mostTold}`;
  if (missing !== undefined) return { kind: "unknown", missing };
  if (isUnconfirmed) return { kind: "deny", reason: "not-confirmed", isRuled: true };
  return { kind: "allow", limits };
}

function possibleVerdicts(
  rules: RuleJudge,
  { method, subject, name }: McpMessageFacts,
  server: Parameters<RuleJudge["judge"]>[1],
): readonly MessageVerdict[] {
  const subjects = subject === null || name === null ? [] : [{ kind: subject, name }];
  const kind = method === "" ? "response" : isNotification(method) ? "notification" : "request";
  return rules.possibleVerdicts({ kind, method, subjects }, server);
}

function isNotification(method: string): boolean {
  return method.startsWith("notifications/");
}

function argumentsOf({ name }: McpMessageFacts): string {
  return `arguments of tool ${name ?? ""}`;
}

function confirmationOf({ name }: McpMessageFacts): string {
  return `whether somebody confirms tool ${name ?? ""}`;
}
