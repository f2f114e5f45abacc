/**
 * What passes a stream in pieces and keeps part of it: arrays cut into elements, and events of usage taken out. Both do
 * the same however the stream is cut, and lose nothing else.
 */

import { splitArray } from "../../../providers/testdata/split-array.ts";
import { createUsageChunkFilter } from "../../../providers/usage-chunk-filter.ts";
import type { Random } from "../../../extproc/testdata/random.ts";
import type { Finding, FuzzTarget } from "../fuzz-target.ts";
import { differenceByCut } from "../input-cuts.ts";

const usage = 'data: {"choices":[],"usage":{"total_tokens":3}}';
const words = [
  ...[usage, 'data: {"choices":[{"delta":{}}]}', "data: [DONE]", "event: x", "data", "data:"],
  ...["\n", "\r", "\r\n", "\n\n", "[", "]", "{", "}", ",", '"', "\\", '{"a":[1]}'],
];

/** Both filters. */
export const streamFiltersTarget: FuzzTarget = {
  name: "stream-filters",
  promise: "the same however cut; elements are those of JSON.parse; only usage is taken out",
  covers: ["/providers/json-array", "/providers/usage-chunk-filter"],
  words,
  seeds: () =>
    [
      `${usage}\n\ndata: [DONE]\n\n`,
      `data: 1\r\r${usage}\r\r`,
      '[{"a":"]}"},\n{"b":[{}]}]',
      '[[1],{},"x"]',
    ].map((text) => Buffer.from(text)),
  invent: (random: Random) =>
    Buffer.from(Array.from({ length: random.below(24) }, () => random.pick(words)).join("")),
  open: () => ({ check }),
};

function check(input: Buffer): Finding {
  return (
    differenceByCut(input, filter) ??
    differenceByCut(input, (pieces) => JSON.stringify(splitArray(pieces))) ??
    checkKept(input) ??
    checkElements(input)
  );
}

function filter(pieces: readonly Buffer[]): string {
  const one = createUsageChunkFilter();
  // Copies: what passes may lie in the piece, which is used again.
  const passed = pieces.map((piece) => Buffer.from(one.write(piece)));
  return Buffer.concat([...passed, one.end()]).toString("latin1");
}

/** A stream without the word passes as it is; one with it loses whole events at most. */
function checkKept(input: Buffer): Finding {
  const text = input.toString("latin1");
  const passed = filter([Buffer.from(input)]);
  if (!text.includes("usage") && passed !== text) return "bytes of other events are lost";
  if (passed === text) return undefined;
  const lost = text.length - passed.length;
  return lost > 0 && text.includes("choices") ? undefined : "bytes are added";
}

function checkElements(input: Buffer): Finding {
  let document: unknown;
  try {
    document = JSON.parse(input.toString("latin1"));
  } catch {
    // What is no JSON may be cut anywhere.
    return undefined;
  }
  const list = Array.isArray(document) ? document : [];
  const wanted = JSON.stringify(list.filter((one) => typeof one === "object" && one !== null));
  // What stands between elements, a text or number, may be told before an element, and parsers pass it over.
  const found = JSON.stringify(
    splitArray([input]).elements.map((text) => JSON.parse(text) as unknown),
  );
  return found === wanted ? undefined : `elements are ${found}, wanted ${wanted}`;
}
