/** What sessions of one thread share, for tests: a plan book's own credentials, and clocks and ids that repeat. */
import { createTraceIds } from "../../gateway/trace-context.ts";
import { Observation } from "../observation.ts";
import type { PlanBook } from "../plan-book.ts";
import type { SessionTools } from "../session-tools.ts";
import { createBudgeter } from "./budgeter.ts";
import { createEstimates } from "./estimates.ts";
import { createLimiter } from "./limiter.ts";
import { routingTools } from "./routing-tools.ts";

/** Tools over the book, changed as told. Time begins at 1,000 and passes by 1 ms a look. */
export function sessionTools(book: PlanBook, changes: Partial<SessionTools> = {}): SessionTools {
  let nowMs = 1_000;
  return {
    credential: book.credential,
    limiter: createLimiter().limiter,
    budgeter: createBudgeter().budgeter,
    estimates: createEstimates().estimates,
    redactText: (text) => book.redactor.redactText(text),
    nextId: () => "tx1",
    trace: (traceparent) => createTraceIds(traceparent, (size) => new Uint8Array(size).fill(7)),
    nowMs: () => nowMs++,
    routing: routingTools({ credential: book.credential, signer: book.signer }),
    observe: (plan, request, settler) =>
      new Observation({
        plan,
        request,
        settler,
        redactor: () => book.redactor,
        words: () => book.words,
        sampleOf: () => 0.5,
      }),
    ...changes,
  };
}
