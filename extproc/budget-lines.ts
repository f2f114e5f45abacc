/**
 * The journal of budgets, line by line: what was reserved, and what was used of it in the end. Each line begins with
 * the CRC-32 of the rest, so that one that was cut or damaged is known. A file names each key once, and lines say names:
 * a key is as long as all else that a call writes.
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
  /** Without control characters */
  readonly transaction: string;
  /** What is expected of it */
  readonly tokens: number;
  readonly microDollars: number | null;
}

/** One line. */
export type BudgetLine =
  /** `id` is unique for ever, without control characters */
  | {
      readonly kind: "reserved";
      readonly id: string;
      readonly counts: readonly CountAmount[];
      readonly call: ReservedCall;
    }
  /** In the order of the counts that were reserved; an `untilMs` of 0 is as it was there */
  | {
      readonly kind: "settled";
      readonly id: string;
      readonly used: readonly number[];
      readonly untilMs: readonly number[];
      /** It may be taken back */
      readonly isEstimated?: true;
    };

/** A key is long, and the same for many calls: so many are named at once. */
const mostNames = 4_096;

/** Writes the lines of one file after another. */
export class BudgetLineEncoder {
  readonly #names = new Map<string, KeyName>();
  #next = 0;

  /** The line with its end, and before it lines that name its keys where the file does not yet. */
  encode(line: BudgetLine): string {
    return line.kind === "reserved" ? this.#reserved(line) : withSum(settledText(line));
  }

  /** What was encoded may not be in the file: its keys are named anew. */
  forget(): void {
    this.#names.clear();
  }

  /** Another file begins. */
  beginFile(): void {
    this.#names.clear();
    this.#next = 0;
  }

  #reserved({ id, counts, call }: Extract<BudgetLine, { kind: "reserved" }>): string {
    const { transaction, tokens, microDollars } = call;
    let names = "";
    let text = `r${tab}${id}${tab}${tokens}${tab}${microDollars ?? none}`;
    for (const { key, amount, expected, untilMs } of counts) {
      let name = this.#names.get(key);
      if (name === undefined || name.untilMs !== untilMs) {
        name = this.#name(key, untilMs);
        names += withSum(`k${tab}${name.name}${tab}${untilMs}${tab}${JSON.stringify(key)}`);
      }
      text += `${tab}${name.name}${tab}${amount}${tab}${expected}`;
    }
    return names + withSum(`${text}${tab}${transaction}`);
  }

  #name(key: string, untilMs: number): KeyName {
    if (this.#names.size >= mostNames) this.#names.clear();
    const name = { name: String(this.#next++), untilMs };
    this.#names.set(key, name);
    return name;
  }
}

/** Reads the lines of one file, in their order. */
export class BudgetLineDecoder {
  readonly #keys = new Map<string, Pick<CountAmount, "key" | "untilMs">>();

  /** Reads a line without its end; undefined for what was cut, damaged, never one, or only names a key. */
  decode(line: string): BudgetLine | undefined {
    const text = line.slice(sumLength);
    if (line.slice(0, sumLength) !== `${checksum(text)} `) return undefined;
    // What has the checksum was written by `BudgetLineEncoder`.
    const fields = text.split(tab);
    switch (fields[0]) {
      case "r":
        return this.#reserved(fields);
      case "s":
        return settledOf(fields);
      case "k":
        this.#name(fields);
        return undefined;
      default:
        return undefined;
    }
  }

  #name([, name = "", untilMs, key = ""]: readonly string[]): void {
    this.#keys.set(name, { key: String(JSON.parse(key)), untilMs: Number(untilMs) });
  }

  /** Of a line whose keys were lost nobody knows what it counts. */
  #reserved(fields: readonly string[]): BudgetLine | undefined {
    const [, id = "", tokens, microDollars] = fields;
    const counts: CountAmount[] = [];
    const end = fields.length - 1;
    for (let at = firstCount; at < end; at += fieldsOfCount) {
      const named = this.#keys.get(fields[at] ?? "");
      if (named === undefined) return undefined;
      const { key, untilMs } = named;
      const [amount, expected] = [Number(fields[at + 1]), Number(fields[at + 2])];
      counts.push({ key, amount, expected, untilMs });
    }
    const call = {
      transaction: fields[end] ?? "",
      tokens: Number(tokens),
      microDollars: microDollars === none ? null : Number(microDollars),
    };
    return { kind: "reserved", id, counts, call };
  }
}

interface KeyName {
  readonly name: string;
  readonly untilMs: number;
}

const tab = "\t";
/** Stands for null */
const none = "-";
const estimated = "e";
const sumLength = 9;
const firstCount = 4;
const fieldsOfCount = 3;

function settledText({
  id,
  used,
  untilMs,
  isEstimated,
}: Extract<BudgetLine, { kind: "settled" }>): string {
  let text = `s${tab}${id}${tab}${isEstimated === true ? estimated : none}`;
  for (let at = 0; at < used.length; at++) {
    text += `${tab}${used[at] ?? 0}`;
    const until = untilMs[at] ?? 0;
    if (until > 0) text += `,${until}`;
  }
  return text;
}

function settledOf(fields: readonly string[]): BudgetLine {
  const [, id = "", how] = fields;
  const used: number[] = [];
  const untilMs: number[] = [];
  for (let at = fieldsOfCount; at < fields.length; at++) {
    const field = fields[at] ?? "";
    const comma = field.indexOf(",");
    used.push(Number(comma < 0 ? field : field.slice(0, comma)));
    untilMs.push(comma < 0 ? 0 : Number(field.slice(comma + 1)));
  }
  return { kind: "settled", id, used, untilMs, ...(how === estimated && { isEstimated: true }) };
}

function withSum(text: string): string {
  return `${checksum(text)} ${text}\n`;
}

/** Eight hex digits over the UTF-8 of a text. */
export function checksum(text: string): string {
  const sum = crc32(text);
  return `${hex[sum >>> 24]}${hex[(sum >>> 16) & 0xff]}${hex[(sum >>> 8) & 0xff]}${hex[sum & 0xff]}`;
}

/** Of each byte: three times as fast as to write the sum as a number. */
const hex: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, "0"),
);
