import t from "tap";
import type { BudgetEntry, ReservedEntry } from "./budget-entries.ts";
import { BudgetEntryDecoder, encodeSettled, ReservationEncoder } from "./budget-entries.ts";
import { EntryWriter } from "./entry-bytes.ts";

const dayKey = "day tokens a/b 2026-11-28";
const entries: readonly BudgetEntry[] = [
  {
    kind: "reserved",
    id: 5,
    counts: [
      { key: dayKey, amount: 2 ** 53 - 1, expected: 7, untilMs: 1e12 },
      { key: "é \u0000\n\t", amount: 0, expected: 0, untilMs: 1 },
    ],
    call: { transaction: "AbCd1", tokens: 7, microDollars: null },
  },
  {
    kind: "reserved",
    id: 2 ** 40,
    counts: [],
    call: { transaction: "", tokens: 0, microDollars: 0 },
  },
  { kind: "settled", id: 5, used: [7, 0], untilMs: [1e12, 2] },
  { kind: "settled", id: 0, used: [7, 8], untilMs: [0, 1e12], isEstimated: true },
];

function encode(all: readonly BudgetEntry[], encoder = new ReservationEncoder()): Buffer {
  const writer = new EntryWriter(Buffer.alloc(4_096));
  for (const entry of all) {
    const isWritten =
      entry.kind === "reserved" ? encoder.encode(entry, writer) : encodeSettled(entry, writer);
    if (!isWritten) throw new RangeError("No room");
  }
  return Buffer.from(writer.written);
}

function read(bytes: Buffer, decoder = new BudgetEntryDecoder()): BudgetEntry[] {
  const found: BudgetEntry[] = [];
  decoder.decode(bytes, [0, bytes.length], (entry) => found.push(entry));
  return found;
}

t.test("entries are read as they were written, in their order", async (test) => {
  test.strictSame(read(encode(entries)), entries);
});

t.test("of what was cut off only whole entries are read", async (test) => {
  const bytes = encode(entries);
  for (let end = 0; end < bytes.length; end++) {
    const found = read(bytes.subarray(0, end));
    test.ok(found.length < entries.length, `${end} bytes`);
    test.strictSame(found, entries.slice(0, found.length));
  }
});

t.test("entries of a kind that is not known end what is read", async (test) => {
  const [first] = entries;
  const bytes = Buffer.concat([encode(entries.slice(0, 1)), Buffer.of(99), encode(entries)]);
  test.strictSame(read(bytes), [first]);
});

t.test("what has no room is not written, and names nothing", async (test) => {
  const [entry] = entries;
  if (entry?.kind !== "reserved") throw new TypeError("No reservation");
  const encoder = new ReservationEncoder();
  const writer = new EntryWriter(Buffer.alloc(100));
  test.equal(encoder.encode(entry, writer), false);
  test.equal(writer.at, 0);
  test.strictSame(read(encode([entry], encoder)), [entry]);
  const ends = { id: 1, used: Array.from({ length: 9 }, () => 1), untilMs: [] };
  test.equal(encodeSettled(ends, writer), false);
  test.equal(writer.at, 0);
});

const reserved = (id: number, untilMs = 1e12, key = dayKey): ReservedEntry => ({
  kind: "reserved",
  id,
  counts: [{ key, amount: 3, expected: 2, untilMs }],
  call: { transaction: "t", tokens: 2, microDollars: 5 },
});

t.test("a key is written once in a file, and again when it holds longer", async (test) => {
  const encoder = new ReservationEncoder();
  const all = [reserved(1), reserved(2), reserved(3, 2e12), reserved(4, 2e12)];
  const parts = all.map((entry) => encode([entry], encoder));
  test.strictSame(
    parts.map((bytes) => bytes.includes(dayKey)),
    [true, false, true, false],
  );
  test.strictSame(read(Buffer.concat(parts)), all);
});

t.test(
  "a file names all of its keys, and so does what follows a write that failed",
  async (test) => {
    const encoder = new ReservationEncoder();
    const first = encode([reserved(1)], encoder);
    encoder.forget();
    const afterLoss = encode([reserved(2)], encoder);
    test.strictSame(read(afterLoss), [reserved(2)]);
    test.strictSame(read(Buffer.concat([first, afterLoss, encode([reserved(3)], encoder)])), [
      reserved(1),
      reserved(2),
      reserved(3),
    ]);
    encoder.beginFile();
    test.strictSame(read(encode([reserved(4)], encoder)), [reserved(4)]);
  },
);

t.test("of an entry whose key was lost nothing is read, and of the next all", async (test) => {
  const encoder = new ReservationEncoder();
  encode([reserved(1)], encoder);
  const next: BudgetEntry = { kind: "settled", id: 1, used: [1], untilMs: [0] };
  test.strictSame(read(encode([reserved(2), next], encoder)), [next]);
});

t.test("more keys than are remembered are named again", async (test) => {
  const encoder = new ReservationEncoder();
  const decoder = new BudgetEntryDecoder();
  for (let turn = 0; turn < 3; turn++) {
    for (let at = 0; at < 3_000; at++) {
      const entry = reserved(at, 1e12, `key ${at}`);
      const found = read(encode([entry], encoder), decoder);
      if (found.length !== 1 || JSON.stringify(found[0]) !== JSON.stringify(entry)) {
        test.strictSame(found, [entry]);
      }
    }
  }
});
