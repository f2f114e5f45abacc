/** What an SDK handed out against what it should have: clauses about the first difference. */
import { isDeepStrictEqual } from "node:util";
import type { SdkReport, SdkTurn } from "../clients/sdk-task.ts";
import type { SdkClient } from "./sdk-clients.ts";

/** One answer as it should be. */
export interface Expected {
  readonly text?: string | RegExp;
  /** The text is this as JSON */
  readonly json?: unknown;
  /** None when absent */
  readonly calls?: readonly { readonly name: string; readonly arguments: unknown }[];
  readonly finish: SdkTurn["finish"];
  /** Came in more than one piece */
  readonly streamed?: true;
  /** `shown`: as text; `some`: as text or in the count of tokens, where the SDK counts it */
  readonly reasoning?: "shown" | "some";
}

/** What an SDK should raise. */
export interface Raised {
  readonly client: SdkClient;
  readonly statuses: readonly number[];
  readonly message: RegExp;
  readonly retryAfter?: string;
}

/** Class names of errors by dialect family and status. */
const classes: Readonly<Record<string, Readonly<Record<number, RegExp>>>> = {
  openai: {
    400: /^BadRequestError$/,
    429: /^RateLimitError$/,
    500: /^InternalServerError$/,
    503: /^InternalServerError$/,
  },
  anthropic: {
    400: /^BadRequestError$/,
    429: /^RateLimitError$/,
    500: /^InternalServerError$/,
    503: /^(?:OverloadedError|ServiceUnavailableError|InternalServerError)$/,
  },
  gemini: { 400: /^ApiError$/, 429: /^ApiError$/, 500: /^ApiError$/, 503: /^ApiError$/ },
  bedrock: {
    400: /^ValidationException$/,
    429: /^ThrottlingException$/,
    500: /^InternalServerException$/,
    503: /^ServiceUnavailableException$/,
  },
};

const shownCharacters = 400;

/** Compares a report with one expectation for each turn; an answer that failed is told by what was raised. */
export function checkTurns(report: SdkReport, expected: readonly Expected[]): string | undefined {
  if (report.kind === "failed") {
    const { name, status, message } = report.error;
    return `raised ${name}${status === undefined ? "" : ` (${status})`}: ${shorten(message)}`;
  }
  const [problem] = report.problems;
  if (problem !== undefined) return `the SDK's object is not whole: ${problem}`;
  if (report.turns.length !== expected.length) return `had ${report.turns.length} turns`;
  for (const [index, wanted] of expected.entries()) {
    const turn = report.turns[index];
    const difference = turn === undefined ? "no turn" : differ(turn, wanted);
    if (difference !== undefined) return `turn ${index + 1}: ${difference}`;
  }
  return undefined;
}

/** Compares what was raised. */
export function checkRaised(report: SdkReport, wanted: Raised): string | undefined {
  if (report.kind === "answered") return "an error passed for an answer";
  const { name, status, message, retryAfter } = report.error;
  const { client, statuses } = wanted;
  const [family = ""] = client.dialect.replace(/^azure/, "openai").split("-");
  const pattern = classes[family]?.[statuses[0] ?? 0];
  if (pattern?.test(name) !== true) return `raised ${name}: ${shorten(message)}`;
  if (status !== undefined && !statuses.includes(status)) return `raised with status ${status}`;
  if (!wanted.message.test(message)) return `the message is "${shorten(message)}"`;
  if (wanted.retryAfter === undefined || !client.showsRetryAfter) return undefined;
  return retryAfter === wanted.retryAfter ? undefined : `retry-after is ${retryAfter}`;
}

function differ(turn: SdkTurn, wanted: Expected): string | undefined {
  return (
    differInText(turn, wanted) ??
    differInCalls(turn, wanted.calls ?? []) ??
    differInReasoning(turn, wanted.reasoning) ??
    differInFrame(turn, wanted)
  );
}

function differInText({ text }: SdkTurn, { text: wanted, json }: Expected): string | undefined {
  if (json !== undefined) {
    const isSame = isDeepStrictEqual(tryParse(text), json);
    return isSame ? undefined : `the JSON is ${shorten(text)}`;
  }
  const isRight = wanted instanceof RegExp ? wanted.test(text) : text === wanted;
  return isRight ? undefined : `the text is "${shorten(text)}"`;
}

function differInCalls(
  { calls }: SdkTurn,
  wanted: NonNullable<Expected["calls"]>,
): string | undefined {
  const plain = calls.map(({ name, arguments: value }) => ({ name, arguments: value }));
  if (!isDeepStrictEqual(plain, wanted)) return `calls ${shorten(JSON.stringify(plain))}`;
  const ids = calls.map(({ id }) => id).filter((id) => id !== "");
  return new Set(ids).size === ids.length ? undefined : "calls share an id";
}

function differInReasoning(
  { reasoning, usage }: SdkTurn,
  wanted: Expected["reasoning"],
): string | undefined {
  if (wanted === undefined || /^Thinking about/.test(reasoning)) return undefined;
  if (wanted === "shown" || reasoning !== "") return `the reasoning is "${shorten(reasoning)}"`;
  return usage.reasoning === 0 ? "no reasoning is counted" : undefined;
}

function differInFrame({ finish, parts, usage }: SdkTurn, wanted: Expected): string | undefined {
  if (finish !== wanted.finish) return `it ended by "${finish}"`;
  if (wanted.streamed && parts < 2) return "it came in one piece";
  const { input = 0, output = 0 } = usage;
  return input > 0 && output > 0 ? undefined : `usage is ${input} in, ${output} out`;
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // no JSON text decodes to undefined
  }
}

function shorten(text: string): string {
  const line = text.replaceAll(/\s+/g, " ");
  return line.length > shownCharacters ? `${line.slice(0, shownCharacters)}…` : line;
}
