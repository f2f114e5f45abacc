/** The answer of an agent that does not stream: held until it is over, so that what failed is told as a failure. */
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { finished } from "node:stream/promises";
import type { Clock } from "../../gateway/clock.ts";
import { StatusError } from "../apiserver/status-error.ts";
import { toCallerHeaders } from "./call-headers.ts";
import type { CallAnswer, CallEnd } from "./dispatcher.ts";
import type { Keeping, KeptBytes, KeptContent } from "./kept-bytes.ts";

/** Most bytes of an answer that is held. */
export const maxHeldBytes = 32 * 1024 * 1024;

/** A caller has so long to take an answer, in `ms`, and a second more for each of these bytes. */
const takeMs = 30_000;
const takeBytesPerSecond = 64 * 1024;

/** Whose answer it is, and what holds it. */
export interface HeldAnswerOptions {
  readonly id: string;
  readonly kept: KeptBytes;
  /** Who called */
  readonly owner: string;
  readonly clock: Clock;
}

/**
 * Sends an answer when all of it is there; resolves when it is sent, or its caller is gone or too slow. Throws a StatusError, with
 * nothing sent, where the answer broke off, came too late or cannot be held.
 */
export async function sendWhole(
  answer: CallAnswer,
  response: ServerResponse,
  { id, kept, owner, clock }: HeldAnswerOptions,
): Promise<void> {
  const content = kept.open(maxHeldBytes, owner);
  try {
    await hold(answer, content);
    const { statusCode = 502, headers } = answer.response;
    const { bytes } = content;
    // A length would say something about a body where none may be (RFC 9110 §8.6).
    const isBodiless = statusCode === 204 || statusCode === 304;
    response.writeHead(statusCode, {
      ...toCallerHeaders(headers, id),
      ...(!isBodiless && { "content-length": bytes }),
    });
    // What is left stays in memory until the caller has taken it, which must not be for ever.
    const withinMs = takeMs + (1_000 * bytes) / takeBytesPerSecond;
    const timer = clock.setTimeout(() => response.destroy(), withinMs);
    const gone = new AbortController();
    // One that went away is no error.
    const over = finished(response)
      .catch(() => {})
      .finally(() => gone.abort());
    if (!isBodiless) await sendPieces(content, response, gone.signal);
    response.end();
    await over;
    clock.clearTimeout(timer);
  } finally {
    content.release();
  }
}

/** Gives each piece back as soon as the system has it; resolves after the last, or when the caller is gone. */
async function sendPieces(
  content: KeptContent,
  response: ServerResponse,
  gone: AbortSignal,
): Promise<void> {
  for (let piece = content.next(); piece !== undefined; piece = content.next()) {
    const { length } = piece;
    const hasRoom = response.write(piece, () => content.taken(length));
    if (!hasRoom) await once(response, "drain", { signal: gone }).catch(() => {});
    if (gone.aborted) return;
  }
}

async function hold({ response, ended, giveUp }: CallAnswer, content: KeptContent): Promise<void> {
  let keeping: Keeping = "kept";
  try {
    for await (const chunk of response) {
      keeping = content.add(chunk);
      if (keeping === "kept") continue;
      giveUp();
      break;
    }
  } catch {
    // How it ended is told by `ended`.
  }
  const end = await ended;
  // What is too large by its last piece may be complete all the same.
  if (keeping !== "kept") throw unheld(keeping);
  if (end !== "complete") throw failureOf(end);
}

function failureOf(end: Exclude<CallEnd, "complete">): StatusError {
  switch (end) {
    case "timeout":
      return failure(504, "Timeout", "it was not over within its timeout");
    case "closing":
      return failure(503, "ServiceUnavailable", "the control process ended before it was over");
    default:
      return failure(502, "WorkerUnreachable", "the worker broke off");
  }
}

function unheld(keeping: Exclude<Keeping, "kept">): StatusError {
  return keeping === "full"
    ? failure(503, "AnswersTooLarge", `too many answers wait for their end; ${hint}`)
    : failure(502, "AnswerTooLarge", `it has more than ${maxHeldBytes} bytes; ${hint}`);
}

const hint = "set spec.streaming.enabled of its TaskAgent to pass it on while it is written";

function failure(code: number, reason: string, detail: string): StatusError {
  const message = `Cannot give the answer of the agent, which was run: ${detail}`;
  return new StatusError({ code, reason, message });
}
