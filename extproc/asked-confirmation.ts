/** The question whether calls of a request may go on: what is shown of them, and what an answer means for the record. */

import { createHash } from "node:crypto";
import type { McpConfirmed, McpFacts } from "../gateway/call-facts.ts";
import type {
  ConfirmationAnswer,
  ConfirmationQuestion,
  ConfirmedCall,
} from "../gateway/confirmation.ts";
import type { Command, WorkOutcome } from "../gateway/decision.ts";
import type { AskedCall, AskedConfirmation } from "../gateway/mcp-judge.ts";
import { maxShownBytes } from "../gateway/mcp-judge.ts";
import type { EnginePlan } from "../gateway/snapshot.ts";
import type { JsonValue } from "../providers/json-text.ts";
import { isJsonNumber, isJsonObject, parseJsonText, writeJson } from "../providers/json-text.ts";
import type { WordRedactor } from "./word-redactor.ts";

/** Name of the worker that asks. */
export const confirmationWorker = "confirmation";

/** Longest arguments of one call that are shown, in characters: what a person reads before saying yes. */
const maxShown = 4_096;

/** The process denies a question in time; a thread that hears nothing does so this much later, in `ms`. */
const graceMs = 2_000;

/** Time in `ms` that Envoy is to wait for the answer about a body. */
export function envoyWaitMs({ plan }: AskedConfirmation): number {
  return plan.timeoutMs + 2 * graceMs;
}

/** What is asked for, by whom and where. */
export interface AskedRequest {
  readonly transactionId: string;
  readonly caller: string;
  readonly plan: EnginePlan;
  /** `mcp-session-id`; empty where there is none */
  readonly session: string;
  /** Borrowed */
  readonly body: Buffer;
}

/** The work that asks about a request. */
export function askCommand(
  asked: AskedConfirmation,
  { transactionId, caller, plan, session, body }: AskedRequest,
  words: WordRedactor,
): Command {
  const question: ConfirmationQuestion = {
    transactionId,
    caller,
    gateway: plan.gateway,
    route: plan.route,
    server: words.redactOnce(asked.server),
    calls: asked.calls.map((call) => showCall(call, words)),
    bodySha256: createHash("sha256").update(body).digest("hex"),
    plan: asked.plan,
    session,
    requestKeys: asked.calls.flatMap(({ requestKey }) => requestKey ?? []),
  };
  const deadlineMs = asked.plan.timeoutMs + graceMs;
  return { kind: "work", worker: confirmationWorker, input: question, deadlineMs };
}

/** The answer that work ended with; a failure of ours is a denial by nobody. */
export function answerOf(outcome: WorkOutcome): ConfirmationAnswer {
  switch (outcome.kind) {
    case "done":
      return readAnswer(outcome.value);
    case "late":
      return { outcome: "timeout", by: null, reason: "" };
    case "failed":
      return { outcome: "denied", by: null, reason: "nobody could be asked" };
  }
}

/** A clause about a request that was not confirmed, after `MCPRoute default/tools `. */
export function unconfirmedClause(asked: AskedConfirmation, answer: ConfirmationAnswer): string {
  const [first] = asked.calls;
  const tool = JSON.stringify((first?.tool ?? "").slice(0, 128).toWellFormed());
  const head = `has calls of tool ${tool} confirmed, and this one was`;
  const because = answer.reason === "" ? "" : `: ${answer.reason}`;
  switch (answer.outcome) {
    case "timeout":
      return `${head} not within ${asked.plan.timeoutMs / 1_000} s`;
    case "withdrawn":
      return `${head} cancelled before somebody answered`;
    case "full":
      return `${head} not, because too many others wait for it: try again later`;
    default:
      return `${head} denied${because}`;
  }
}

/** Facts with what became of the question. */
export function confirmedFacts(
  facts: McpFacts,
  asked: AskedConfirmation,
  { outcome, by }: ConfirmationAnswer,
): McpFacts {
  const confirmation: McpConfirmed = { outcome: outcome === "full" ? "denied" : outcome, by };
  const positions = new Set(asked.calls.map(({ index }) => index));
  const messages = facts.messages.map((message, index) => ({
    ...message,
    ...(outcome !== "approved" && { outcome: "denied" as const }),
    ...(positions.has(index) && { confirmation }),
  }));
  return { ...facts, messages };
}

function readAnswer(value: unknown): ConfirmationAnswer {
  if (typeof value === "object" && value !== null && "outcome" in value) {
    // Only the process answers, with values of this type.
    return value as ConfirmationAnswer;
  }
  return { outcome: "denied", by: null, reason: "nobody could be asked" };
}

function showCall({ tool, arguments: text }: AskedCall, words: WordRedactor): ConfirmedCall {
  const shownTool = words.redactOnce(tool.slice(0, 256).toWellFormed());
  // Longer ones were not looked through for keys that come twice: of those, what was sent is shown as it was.
  const isLong = Buffer.byteLength(text) > maxShownBytes;
  const parsed = isLong || text === "" ? undefined : parseJsonText(text);
  const whole =
    parsed?.kind === "value"
      ? writeJson(redactValue(parsed.value, words))
      : words.redactOnce(text.slice(0, maxShownBytes));
  const isCut = whole.length > maxShown || isLong;
  return { tool: shownTool, arguments: whole.slice(0, maxShown).toWellFormed(), isCut };
}

/** Texts and keys without credentials; the JSON as a whole would hide the shape of a key in it. */
function redactValue(value: JsonValue, words: WordRedactor): JsonValue {
  if (typeof value === "string") return words.redactOnce(value);
  if (typeof value !== "object" || value === null || isJsonNumber(value)) return value;
  if (!isJsonObject(value)) return value.map((item) => redactValue(item, words));
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      words.redactOnce(key),
      inner === undefined ? inner : redactValue(inner, words),
    ]),
  );
}
