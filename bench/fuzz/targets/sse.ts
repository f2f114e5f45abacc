/** Event streams (WHATWG HTML §9.2): the data of every event as a plain reader of the whole stream finds it. */

import { EventDataReader } from "../../../providers/event-data.ts";
import { EventSplitter } from "../../../providers/sse.ts";
import type { Random } from "../../../extproc/testdata/random.ts";
import type { Finding, FuzzTarget } from "../fuzz-target.ts";
import { cutsOf, firstDifference } from "../input-cuts.ts";

const words = [
  ...["data", "data:", "data: ", "data:x", "event: ping", "id: 1", ": comment", "retry: 5"],
  ...["\n", "\r", "\r\n", "\n\n", "\r\r", "\r\n\r\n", "\ufeff", '{"a":1}', "[DONE]", "dat", "ä"],
];

/** Both readers of events against the standard, read literally. */
export const sseTarget: FuzzTarget = {
  name: "sse",
  promise: "the events of a literal reading of the standard, however cut",
  covers: ["/providers/sse.ts", "/providers/event-data", "/providers/growing-bytes"],
  words,
  seeds: () =>
    [
      "data: a\n\ndata: b\r\n\r\n",
      "\ufeffdata\ndata:x\rdata: y\r\r",
      ":c\nevent:e\ndata:{}\n\n",
    ].map((text) => Buffer.from(text)),
  invent: (random: Random) =>
    Buffer.from(Array.from({ length: random.below(30) }, () => random.pick(words)).join("")),
  open: () => ({ check }),
};

function check(input: Buffer): Finding {
  const wanted = readLiterally(input);
  const texts = JSON.stringify(
    wanted.map((data) => data.toString("utf8")).filter((it) => it !== ""),
  );
  const bytes = JSON.stringify(wanted.map((data) => data.toString("base64")));
  for (const pieces of cutsOf(input)) {
    const found = JSON.stringify(readText(pieces));
    if (found !== texts) return `text in ${pieces.length} pieces: ${firstDifference(found, texts)}`;
    const split = JSON.stringify(readSplit(pieces));
    if (split !== bytes)
      return `bytes in ${pieces.length} pieces: ${firstDifference(split, bytes)}`;
  }
  return undefined;
}

function readText(pieces: readonly Buffer[]): string[] {
  const events: string[] = [];
  const reader = new EventDataReader((data) => events.push(data));
  for (const piece of pieces) {
    const lent = Buffer.from(piece);
    reader.write(lent);
    lent.fill(0x21);
  }
  return events;
}

function readSplit(pieces: readonly Buffer[]): string[] {
  const events: string[] = [];
  let parts: Buffer[] = [];
  const splitter = new EventSplitter({
    onData: (bytes, start, end) => parts.push(Buffer.from(bytes.subarray(start, end))),
    onEvent: () => {
      events.push(Buffer.concat(parts).toString("base64"));
      parts = [];
    },
  });
  for (const piece of pieces) splitter.write(piece);
  return events;
}

/** Data of the events, as bytes: Latin-1 stands for them one to one. An event needs a data field, which may be empty. */
function readLiterally(input: Buffer): Buffer[] {
  const text = input.toString("latin1").replace(/^\u00ef\u00bb\u00bf/, "");
  const lines = text.split(/\r\n|\n|\r/);
  lines.pop();
  const events: Buffer[] = [];
  let data: string[] | undefined;
  for (const line of lines) {
    if (line === "") {
      if (data !== undefined) events.push(Buffer.from(data.join("\n"), "latin1"));
      data = undefined;
      continue;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") data = [...(data ?? []), value];
  }
  return events;
}
