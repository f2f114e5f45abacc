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
  const text = JSON.stringify(written(line));
  return `${checksum(text)} ${text}\n`;
}

function written(line: BudgetLine): WrittenLine {
  if (line.kind === "settled") {
    const { id, used, untilMs, isEstimated } = line;
    return { s: id, u: used, t: untilMs, ...(isEstimated && { e: 1 }) };
  }
  const { transaction, tokens, microDollars } = line.call;
  return {
    r: line.id,
    c: line.counts.map(({ key, amount, untilMs, expected }) => [key, amount, untilMs, expected]),
    x: [transaction, tokens, microDollars],
  };
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

type WrittenLine =
  | {
      readonly r: string;
      readonly c: readonly (readonly [string, number, number, number])[];
      readonly x: readonly [string, number, number | null];
    }
  | {
      readonly s: string;
      readonly u: readonly number[];
      readonly t: readonly number[];
      readonly e?: number;
    };

/** Eight hex digits over the UTF-8 of a text. */
export function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, "0");
}
