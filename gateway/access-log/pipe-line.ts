/**
 * Lines of the access log pipe as records. A line is read whole or not at all: one with another number of fields, an
 * unknown listener or a number that is none is refused. Most transactions are like one before, but for their measures:
 * what follows from the rest of the line, and from the target, is looked up by its text. No text with a secret is kept.
 */

import type { RuleFactsIndex } from "../rule-facts.ts";
import { fieldSeparator, lineFields } from "../xds.ts";
import type { LineFact } from "../xds.ts";
import type { ReadRecord } from "./engine-line.ts";
import { EngineLine } from "./engine-line.ts";
import type { EntryContext } from "./entry-context.ts";
import { sortedFlags } from "./entry-values.ts";
import type { FlatTarget, HttpFacts, HttpMeasures, HttpOutline } from "./http-transaction.ts";
import { completeRecord, flatTarget, isEngineTransaction, outlineOf } from "./http-transaction.ts";
import type { Line } from "./line-cutter.ts";
import { RecentCache } from "./recent-cache.ts";
import type { RecordJsonParts } from "./record-json.ts";
import { recordJson, recordJsonParts, targetJson } from "./record-json.ts";
import type { RecordStamps } from "./record-stamps.ts";
import { processStamps } from "./record-stamps.ts";

type Context = Omit<EntryContext, "listener">;

const separator = fieldSeparator.charCodeAt(0);
const digitZero = 0x30;

/** Decimal digits of a time of this century in `ns`. */
const startDigits = 19;
const startMsDigits = 13;

/** Targets of more than this hold ids, which do not come again. */
const maxTargetLength = 128;

/** What follows from the facts, under the rules of then. */
interface KnownFacts {
  readonly outline: HttpOutline;
  readonly json: RecordJsonParts;
  readonly ruleFacts: RuleFactsIndex;
}

interface KnownTarget extends FlatTarget {
  readonly json: string;
}

interface LineMeasures extends HttpMeasures {
  readonly target: KnownTarget;
}

/** Reads the lines of one gateway. */
export class PipeLineReader {
  readonly #stamps: RecordStamps;
  readonly #facts = new RecentCache<KnownFacts>();
  readonly #targets = new RecentCache<KnownTarget>({ maxTextLength: maxTargetLength });
  /** Position in the line that is being read */
  #at = 0;

  constructor(stamps: RecordStamps = processStamps) {
    this.#stamps = stamps;
  }

  /**
   * The record of a line with its JSON, or what becomes one when the engine's facts are there; undefined when it is not
   * a line of ours.
   */
  read(line: Line, context: Context): ReadRecord | EngineLine | undefined {
    const measures = this.#measures(line);
    if (measures === undefined) return undefined;
    const known = this.#findFacts(line.bytes.toString("utf8", this.#at, line.end), context);
    if (known === undefined) return undefined;
    const { revision } = context;
    const { outline, json } = known;
    const stamps = this.#stamps;
    if (measures.engineId !== "") {
      return new EngineLine({ outline, measures, revision, stamps, json });
    }
    const record = completeRecord(outline, measures, { revision, stamps, facts: undefined });
    const target = isEngineTransaction(outline, measures)
      ? targetJson(record.request)
      : measures.target.json;
    return { record, json: recordJson(record, json, target) };
  }

  #measures({ bytes: line, start, end }: Line): LineMeasures | undefined {
    this.#at = start;
    const startUnixMs = this.#startMs(line);
    const startUnixNs = line.toString("latin1", start, start + startDigits);
    const responseEnd = this.#number(line);
    const duration = this.#number(line);
    const requestEnd = this.#number(line);
    const sent = this.#number(line);
    const firstByte = this.#number(line);
    const requestBytes = this.#number(line);
    const status = this.#number(line);
    const responseBytes = this.#number(line);
    const times = startUnixMs + responseEnd + duration + requestEnd + sent + firstByte;
    if (Number.isNaN(times + requestBytes + status + responseBytes)) return undefined;
    const engineId = this.#text(line, end);
    const traceparent = this.#text(line, end);
    const target = this.#text(line, end);
    if (engineId === undefined || traceparent === undefined || target === undefined) {
      return undefined;
    }
    return {
      startUnixNs,
      startUnixMs,
      durationMs: sinceStart(responseEnd) ?? Math.max(duration, 0),
      requestMs: sinceStart(requestEnd),
      sentMs: sinceStart(sent),
      firstByteMs: sinceStart(firstByte),
      requestBytes: Math.max(requestBytes, 0),
      status: Math.max(status, 0),
      responseBytes: Math.max(responseBytes, 0),
      traceparent,
      target: this.#targets.get(target) ?? this.#redactTarget(target),
      engineId,
    };
  }

  /** The start in whole `ms`; NaN when it does not have the digits of a time in `ns`, which no number holds exactly. */
  #startMs(line: Buffer): number {
    const start = this.#at;
    let ms = 0;
    for (let at = start; at < start + startMsDigits; at++) ms = ms * 10 + digitAt(line, at);
    const isTime = this.#number(line) > 0 && this.#at - start === startDigits + 1;
    return isTime ? ms : Number.NaN;
  }

  /** The decimal number that ends at the next separator, -1 for an absent one, NaN for anything else. */
  #number(line: Buffer): number {
    let at = this.#at;
    let value = 0;
    for (;;) {
      const digit = digitAt(line, at);
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
      at++;
    }
    if (line[at] !== separator) return Number.NaN;
    const isAbsent = at === this.#at;
    this.#at = at + 1;
    return isAbsent ? -1 : value;
  }

  /** The text up to the next separator; undefined where there is none before `end`. */
  #text(line: Buffer, end: number): string | undefined {
    const start = this.#at;
    // The usual case of most texts here; a search costs ten times as much.
    if (line[start] === separator) {
      this.#at = start + 1;
      return "";
    }
    const mark = line.indexOf(separator, start);
    if (mark < 0 || mark >= end) return undefined;
    this.#at = mark + 1;
    return line.toString("utf8", start, mark);
  }

  #redactTarget(target: string): KnownTarget {
    const { path, query } = flatTarget(target);
    const known = { path, query, json: targetJson({ path, query }) };
    // What was redacted must not stay in memory; a query that holds nothing of the kind may be one of an API's version.
    const shown = query === "" ? path : `${path}?${query}`;
    if (shown === target) this.#targets.set(target, known);
    return known;
  }

  #findFacts(text: string, context: Context): KnownFacts | undefined {
    const found = this.#facts.get(text);
    return found?.ruleFacts === context.ruleFacts ? found : this.#workOut(text, context);
  }

  #workOut(text: string, context: Context): KnownFacts | undefined {
    const facts = tryParseFacts(text);
    if (facts === undefined) return undefined;
    const outline = outlineOf(facts, context);
    const known = { outline, json: recordJsonParts(outline), ruleFacts: context.ruleFacts };
    // An agent that is not known may be the next time; user information holds passwords.
    if (outline.agent !== null && !facts.authority.includes("@")) this.#facts.set(text, known);
    return known;
  }
}

/** Out of 0 to 9 for anything else. */
function digitAt(line: Buffer, at: number): number {
  return (line[at] ?? 0) - digitZero;
}

function tryParseFacts(text: string): HttpFacts | undefined {
  const fields = text.split(fieldSeparator);
  if (fields.length !== lineFields.facts.length) return undefined;
  const field = (name: LineFact) => fields[lineFields.facts.indexOf(name)] ?? "";
  const listener = field("listener");
  const scheme = field("scheme");
  if (listener !== "explicit" && listener !== "transparent") return undefined;
  if (scheme !== "http" && scheme !== "https") return undefined;
  const agreedHost = field("agreedHost");
  const flags = field("flags");
  return {
    listener,
    scheme,
    clientAddress: socketAddress(field("client")),
    protocol: field("protocol"),
    method: field("method"),
    authority: field("authority"),
    userAgent: field("userAgent"),
    // Set to that on a connection that was dialled without a name
    agreedHost: agreedHost === "-" ? "" : agreedHost,
    dialledPort: Number(field("port")) || 0,
    // Printed for no flags, whatever the format says of absent values
    flags: flags === "-" ? [] : sortedFlags(flags.split(",")),
    details: field("details"),
    upstreamAddress: socketAddress(field("upstream") || field("upstreamHost")),
    cluster: field("cluster"),
    route: field("route"),
    caller: field("caller"),
    ...(field("side") !== "" && { side: field("side") }),
  };
}

/** Connections inside Envoy have addresses that say nothing. */
function socketAddress(text: string): string {
  return text.startsWith("envoy://") ? "" : text;
}

/** `ns` as `ms` with fraction, computed as for a Duration message: both logs give the same number. */
function sinceStart(ns: number): number | null {
  if (ns < 0) return null;
  const rest = ns % 1e9;
  return ((ns - rest) / 1e9) * 1_000 + rest / 1e6;
}
