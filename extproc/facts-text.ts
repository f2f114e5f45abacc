/**
 * Facts as one text a batch, the way they go from a thread to the process: a structured clone names every field of every
 * object again, and costs three times as much as writing and reading these lines.
 */

import type { CallFacts } from "../gateway/call-facts.ts";

type Rest = readonly [
  model: CallFacts["model"],
  capture: CallFacts["capture"],
  denial: CallFacts["denial"],
  target: CallFacts["target"],
];

const separator = " ";
const lineEnd = "\n";
/** Stands for the first id where there is no trace. */
const noTrace = "-";

/** A line for each: ids and count, then what only some have as JSON, which holds no line end. */
export function encodeFacts(batch: readonly CallFacts[]): string {
  let text = "";
  for (const facts of batch) text += encodeLine(facts);
  return text;
}

/** What `encodeFacts()` wrote, in its order. Throws a SyntaxError for anything else. */
export function decodeFacts(text: string): CallFacts[] {
  const batch: CallFacts[] = [];
  let start = 0;
  for (;;) {
    const end = text.indexOf(lineEnd, start);
    if (end < 0) break;
    batch.push(decodeLine(text, start, end));
    start = end + 1;
  }
  return batch;
}

function encodeLine(facts: CallFacts): string {
  const { id, trace, responseChunks, model, capture, denial, target } = facts;
  const ids =
    trace === null
      ? `${id} ${noTrace}  `
      : `${id} ${trace.traceId} ${trace.spanId} ${trace.parentSpanId}`;
  const isPlain = model === null && capture === null && denial === null && target === null;
  if (isPlain) return `${ids} ${responseChunks}\n`;
  return `${ids} ${responseChunks} ${JSON.stringify([model, capture, denial, target])}\n`;
}

function decodeLine(text: string, start: number, end: number): CallFacts {
  const idEnd = fieldEnd(text, start, end);
  const traceEnd = fieldEnd(text, idEnd + 1, end);
  const spanEnd = fieldEnd(text, traceEnd + 1, end);
  const parentEnd = fieldEnd(text, spanEnd + 1, end);
  const countEnd = fieldEnd(text, parentEnd + 1, end);
  const traceId = text.slice(idEnd + 1, traceEnd);
  const rest: Rest =
    countEnd < end ? JSON.parse(text.slice(countEnd + 1, end)) : [null, null, null, null];
  return {
    id: text.slice(start, idEnd),
    trace:
      traceId === noTrace
        ? null
        : {
            traceId,
            spanId: text.slice(traceEnd + 1, spanEnd),
            parentSpanId: text.slice(spanEnd + 1, parentEnd),
          },
    model: rest[0],
    capture: rest[1],
    denial: rest[2],
    target: rest[3],
    responseChunks: Number(text.slice(parentEnd + 1, countEnd)),
  };
}

function fieldEnd(text: string, from: number, end: number): number {
  const at = text.indexOf(separator, from);
  return at < 0 || at > end ? end : at;
}
