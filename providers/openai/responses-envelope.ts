/** The answer around its items (https://platform.openai.com/docs/api-reference/responses/object), as JSON text. */

import type { ChatRequest, FinishReason, ModelError, Usage } from "../ir.ts";
import type { JsonObject } from "../json-text.ts";
import { writeJson } from "../json-text.ts";
import { encodeEcho } from "./responses-echo.ts";
import { encodeFailure } from "./responses-failures.ts";
import type { AnswerIds } from "./responses-ids.ts";
import { encodeUsage } from "./responses-usage.ts";

/** What an answer has from its beginning to its end. */
export interface Envelope {
  /** JSON text before its state */
  readonly head: string;
  /** JSON text after its usage */
  readonly echo: string;
}

/** How an answer stands. */
export interface Outcome {
  readonly status: "in_progress" | "completed" | "incomplete" | "failed";
  readonly error: JsonObject | null;
  /** `incomplete_details.reason`; null where the answer is not incomplete */
  readonly incomplete: string | null;
}

/** The state of an answer that has begun. */
export const begun: Outcome = { status: "in_progress", error: null, incomplete: null };

const completed: Outcome = { status: "completed", error: null, incomplete: null };
const tooLong: Outcome = { status: "incomplete", error: null, incomplete: "max_output_tokens" };
const filtered: Outcome = { status: "incomplete", error: null, incomplete: "content_filter" };
const failed: Outcome = {
  status: "failed",
  error: { code: "server_error", message: "The model failed to answer" },
  incomplete: null,
};

const outcomes: Readonly<Record<FinishReason, Outcome>> = {
  stop: completed,
  "stop-text": completed,
  length: tooLong,
  "tool-calls": completed,
  "content-filter": filtered,
  // Without words of its own a refusal would look like an empty answer.
  refusal: filtered,
  paused: tooLong,
  error: failed,
};

/** What is known of an answer when it begins. */
export function createEnvelope(
  request: ChatRequest,
  {
    ids,
    model,
    created,
  }: { readonly ids: AnswerIds; readonly model: string; readonly created: number | null },
): Envelope {
  const id = writeJson(ids.response);
  const name = writeJson(model === "" ? request.model : model);
  const head = `{"id":${id},"object":"response","created_at":${created ?? 0},"model":${name}`;
  return { head, echo: encodeEcho(request) };
}

/** The JSON text of an answer; `output` is that of its items, with commas. */
export function writeEnvelope(
  { head, echo }: Envelope,
  { status, error, incomplete }: Outcome,
  { output, usage }: { readonly output: string; readonly usage: Usage | null },
): string {
  const details = incomplete === null ? "null" : `{"reason":"${incomplete}"}`;
  const state = `"status":"${status}","error":${writeJson(error)},"incomplete_details":${details}`;
  const hasUsage = usage !== null || status === "completed" || status === "incomplete";
  const counts = hasUsage ? writeJson(encodeUsage(usage)) : "null";
  return `${head},${state},"output":[${output}],"usage":${counts},${echo}}`;
}

/** How an answer ended: a refusal in words is an answer like any other. */
export function outcomeOf(finish: FinishReason, hasRefusal: boolean): Outcome {
  return finish === "refusal" && hasRefusal ? completed : outcomes[finish];
}

/** How an answer ended that failed. */
export function outcomeOfFailure(error: ModelError): Outcome {
  return { status: "failed", error: encodeFailure(error), incomplete: null };
}
