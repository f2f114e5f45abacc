/**
 * What stands in the journal of budgets: what was reserved, and what was used of it in the end. A file names each key
 * once, and entries say names: a key is longer than all else that a call writes. Entries are of one thread, which says
 * by a number which of its reservations it means.
 */

import { EntryReader, longestNumber, textBound } from "./entry-bytes.ts";
import type { EntryWriter } from "./entry-bytes.ts";

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

/** A reservation; all numbers of an entry are whole. */
export interface ReservedEntry {
  readonly kind: "reserved";
  /** Of this thread's life alone */
  readonly id: number;
  readonly counts: readonly CountAmount[];
  readonly call: ReservedCall;
}

/** Its end, in the order of the counts that were reserved; an `untilMs` of 0 is as it was there. */
export interface SettledEntry {
  readonly kind: "settled";
  readonly id: number;
  readonly used: readonly number[];
  readonly untilMs: readonly number[];
  /** It may be taken back */
  readonly isEstimated?: true;
}

/** One entry. */
export type BudgetEntry = ReservedEntry | SettledEntry;

/** Keys are the same for many calls: so many are named at once. */
const mostNames = 4_096;

const NAME = 1;
const RESERVED = 2;
const SETTLED = 3;
const ESTIMATED = 4;

/** Writes reservations of one file after another. */
export class ReservationEncoder {
  readonly #names = new Map<string, KeyName>();
  #next = 0;

  /** Writes the entry, and before it what names its keys where the file does not yet; false when there is no room. */
  encode({ id, counts, call }: ReservedEntry, writer: EntryWriter): boolean {
    const { transaction, tokens, microDollars } = call;
    let bound = 6 * longestNumber + textBound(transaction);
    for (const { key } of counts) bound += 6 * longestNumber + textBound(key);
    if (bound > writer.room) return false;
    if (this.#names.size + counts.length > mostNames) this.#names.clear();
    for (const { key, untilMs } of counts) this.#name(key, untilMs, writer);
    writer.number(RESERVED);
    writer.number(id);
    writer.text(transaction);
    writer.number(tokens);
    writer.number(microDollars === null ? 0 : microDollars + 1);
    writer.number(counts.length);
    for (const { key, amount, expected } of counts) {
      writer.number(this.#names.get(key)?.name ?? 0);
      writer.number(amount);
      writer.number(expected);
    }
    return true;
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

  #name(key: string, untilMs: number, writer: EntryWriter): void {
    if (this.#names.get(key)?.untilMs === untilMs) return;
    const name = this.#next++;
    this.#names.set(key, { name, untilMs });
    writer.number(NAME);
    writer.number(name);
    writer.number(untilMs);
    writer.text(key);
  }
}

/** Writes the end of a reservation; false when there is no room. */
export function encodeSettled(
  { id, used, untilMs, isEstimated }: Omit<SettledEntry, "kind">,
  writer: EntryWriter,
): boolean {
  if ((3 + 2 * used.length) * longestNumber > writer.room) return false;
  writer.number(isEstimated === true ? ESTIMATED : SETTLED);
  writer.number(id);
  writer.number(used.length);
  for (let at = 0; at < used.length; at++) {
    writer.number(used[at] ?? 0);
    writer.number(untilMs[at] ?? 0);
  }
  return true;
}

/** Reads the entries of one file, in their order. */
export class BudgetEntryDecoder {
  readonly #keys: Pick<CountAmount, "key" | "untilMs">[] = [];
  #lost = 0;

  /** Reservations so far whose keys were in a block that is damaged: nobody knows what they count. */
  get lost(): number {
    return this.#lost;
  }

  /** Gives the entries in `bytes[start, end)`, but for those that are `lost`. */
  decode(bytes: Buffer, [start, end]: readonly [number, number], take: TakeEntry): void {
    const reader = new EntryReader(bytes, start, end);
    while (!reader.isOver) {
      const kind = reader.number();
      if (kind === NAME) this.#name(reader);
      else if (kind === RESERVED) this.#reserved(reader, take);
      else if (kind === SETTLED || kind === ESTIMATED) settled(reader, kind, take);
      // What has a checksum was written by us: this is of a version that knows more.
      else return;
    }
  }

  #name(reader: EntryReader): void {
    const name = reader.number();
    const untilMs = reader.number();
    const key = reader.text();
    if (!reader.isCut) this.#keys[name] = { key, untilMs };
  }

  #reserved(reader: EntryReader, take: TakeEntry): void {
    const id = reader.number();
    const transaction = reader.text();
    const tokens = reader.number();
    const cost = reader.number();
    const counts: CountAmount[] = [];
    let isKnown = true;
    for (let left = reader.number(); left > 0 && !reader.isCut; left--) {
      const named = this.#keys[reader.number()];
      const amount = reader.number();
      const expected = reader.number();
      if (named === undefined) isKnown = false;
      else counts.push({ key: named.key, amount, expected, untilMs: named.untilMs });
    }
    if (!isKnown && !reader.isCut) this.#lost++;
    if (reader.isCut || !isKnown) return;
    const call = { transaction, tokens, microDollars: cost === 0 ? null : cost - 1 };
    take({ kind: "reserved", id, counts, call });
  }
}

/** Takes one entry. */
export type TakeEntry = (entry: BudgetEntry) => void;

interface KeyName {
  readonly name: number;
  readonly untilMs: number;
}

function settled(reader: EntryReader, kind: number, take: TakeEntry): void {
  const id = reader.number();
  const used: number[] = [];
  const untilMs: number[] = [];
  for (let left = reader.number(); left > 0 && !reader.isCut; left--) {
    used.push(reader.number());
    untilMs.push(reader.number());
  }
  if (reader.isCut) return;
  if (kind === ESTIMATED) take({ kind: "settled", id, used, untilMs, isEstimated: true });
  else take({ kind: "settled", id, used, untilMs });
}
