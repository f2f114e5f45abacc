/**
 * The journal of budgets, line by line: what was reserved, and what was used of it in the end. Each line begins with
 * the CRC-32 of the rest, so that one that was cut or damaged is known.
 */

import { crc32 } from "node:zlib";

/** An amount of one count. */
export interface CountAmount {
  readonly key: string;
  /** Tokens or micro-dollars, by the key */
  readonly amount: number;
  /** What is charged of it where nobody settles it */
  readonly expected: number;
  /** Unix `ms` until which the count holds at least */
  readonly untilMs: number;
}

/** A call that has a reservation, for its record where nobody settles it. */
export interface ReservedCall {
  readonly transaction: string;
  /** What is expected of it */
  readonly tokens: number;
  readonly microDollars: number | null;
}

/** One line. */
export type BudgetLine =
  /** `id` is unique for ever */
  | {
      readonly kind: "reserved";
      readonly id: string;
      readonly counts: readonly CountAmount[];
      readonly call: ReservedCall;
    }
  /** In the order of the counts that were reserved */
  | {
      readonly kind: "settled";
      readonly id: string;
      readonly used: readonly number[];
      readonly untilMs: readonly number[];
      /** It may be taken back */
      readonly isEstimated?: true;
    };

/** The line with its end. */
export function encodeBudgetLine(line: BudgetLine): string {
  const text =
    line.kind === "reserved"
      ? JSON.stringify({
          r: line.id,
          c: writtenCounts(line.counts),
          x: writtenCall(line.call),
        } satisfies WrittenReserved)
      : JSON.stringify(writtenSettled(line));
  return `${checksum(text)} ${text}\n`;
}

function writtenCounts(counts: readonly CountAmount[]): WrittenCount[] {
  const written: WrittenCount[] = [];
  for (const { key, amount, untilMs, expected } of counts) {
    written.push([key, amount, untilMs, expected]);
  }
  return written;
}

function writtenCall({ transaction, tokens, microDollars }: ReservedCall): WrittenCall {
  return [transaction, tokens, microDollars];
}

function writtenSettled({
  id,
  used,
  untilMs,
  isEstimated,
}: Extract<BudgetLine, { kind: "settled" }>): WrittenSettled {
  if (isEstimated === true) return { s: id, u: used, t: untilMs, e: 1 };
  return { s: id, u: used, t: untilMs };
}

/** Reads a line without its end; undefined for what was cut, damaged or never one. */
export function tryDecodeBudgetLine(line: string): BudgetLine | undefined {
  const text = line.slice(9);
  if (line.slice(0, 9) !== `${checksum(text)} `) return undefined;
  // What has the checksum was written by `encodeBudgetLine`.
  const found = JSON.parse(text) as WrittenLine;
  if ("s" in found) {
    const { s: id, u: used, t: untilMs, e } = found;
    return { kind: "settled", id, used, untilMs, ...(e === 1 && { isEstimated: true }) };
  }
  const counts = found.c.map(([key, amount, untilMs, expected]) => ({
    ...{ key, amount, untilMs, expected },
  }));
  const [transaction, tokens, microDollars] = found.x;
  return { kind: "reserved", id: found.r, counts, call: { transaction, tokens, microDollars } };
}

type WrittenCount = readonly [key: string, amount: number, untilMs: number, expected: number];

type WrittenCall = readonly [transaction: string, tokens: number, microDollars: number | null];

interface WrittenReserved {
  readonly r: string;
  readonly c: readonly WrittenCount[];
  readonly x: WrittenCall;
}

interface WrittenSettled {
  readonly s: string;
  readonly u: readonly number[];
  readonly t: readonly number[];
  /** 1 for an estimate */
  readonly e?: number;
}

type WrittenLine = WrittenReserved | WrittenSettled;

/** Eight hex digits over the UTF-8 of a text. */
export function checksum(text: string): string {
  const sum = crc32(text);
  return `${hex[sum >>> 24]}${hex[(sum >>> 16) & 0xff]}${hex[(sum >>> 8) & 0xff]}${hex[sum & 0xff]}`;
}

/** Of each byte: three times as fast as to write the sum as a number. */
const hex: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, "0"),
);
