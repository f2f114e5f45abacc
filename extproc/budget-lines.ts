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
  /** Unix `ms` until which the count holds at least */
  readonly untilMs: number;
}

/** One line. */
export type BudgetLine =
  /** `id` is unique for ever */
  | { readonly kind: "reserved"; readonly id: string; readonly counts: readonly CountAmount[] }
  /** In the order of the counts that were reserved */
  | {
      readonly kind: "settled";
      readonly id: string;
      readonly used: readonly number[];
      readonly untilMs: readonly number[];
    };

/** The line with its end. */
export function encodeBudgetLine(line: BudgetLine): string {
  const text =
    line.kind === "reserved"
      ? JSON.stringify({ r: line.id, c: writtenCounts(line.counts) })
      : JSON.stringify({ s: line.id, u: line.used, t: line.untilMs });
  return `${checksum(text)} ${text}\n`;
}

function writtenCounts(counts: readonly CountAmount[]): WrittenCount[] {
  const written: WrittenCount[] = [];
  for (const { key, amount, untilMs } of counts) written.push([key, amount, untilMs]);
  return written;
}

/** Reads a line without its end; undefined for what was cut, damaged or never one. */
export function tryDecodeBudgetLine(line: string): BudgetLine | undefined {
  const text = line.slice(9);
  if (line.slice(0, 9) !== `${checksum(text)} `) return undefined;
  // What has the checksum was written by `encodeBudgetLine`.
  const found = JSON.parse(text) as WrittenLine;
  if ("s" in found) return { kind: "settled", id: found.s, used: found.u, untilMs: found.t };
  const counts = found.c.map(([key, amount, untilMs]) => ({ key, amount, untilMs }));
  return { kind: "reserved", id: found.r, counts };
}

type WrittenCount = readonly [key: string, amount: number, untilMs: number];

type WrittenLine =
  | { readonly r: string; readonly c: readonly WrittenCount[] }
  | { readonly s: string; readonly u: readonly number[]; readonly t: readonly number[] };

/** Eight hex digits over the UTF-8 of a text. */
export function checksum(text: string): string {
  const sum = crc32(text);
  return `${hex[sum >>> 24]}${hex[(sum >>> 16) & 0xff]}${hex[(sum >>> 8) & 0xff]}${hex[sum & 0xff]}`;
}

/** Of each byte: three times as fast as to write the sum as a number. */
const hex: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, "0"),
);
