import t from "tap";
import type { BudgetLine } from "./budget-lines.ts";
import { BudgetLineDecoder, BudgetLineEncoder } from "./budget-lines.ts";

const dayKey = "day tokens a/b 2026-11-28";
const lines: readonly BudgetLine[] = [
  {
    kind: "reserved",
    id: "1-2-3-4.5",
    counts: [
      { key: dayKey, amount: 2 ** 53 - 1, expected: 7, untilMs: 1e12 },
      { key: "é \u0000\n\t", amount: 0, expected: 0, untilMs: 1 },
    ],
    call: { transaction: "AbCd1", tokens: 7, microDollars: null },
  },
  { kind: "settled", id: "1-2-3-4.5", used: [7, 0], untilMs: [1e12, 2] },
  { kind: "settled", id: "1", used: [7, 8], untilMs: [0, 1e12], isEstimated: true },
];

/** What a reader finds in a text, line by line. */
function read(text: string, decoder = new BudgetLineDecoder()): BudgetLine[] {
  return text.split("\n").flatMap((line) => decoder.decode(line) ?? []);
}

for (const [at, line] of lines.entries()) {
  t.test(`line ${at}, which was ${line.kind}, is read as it was written`, async (test) => {
    test.strictSame(read(new BudgetLineEncoder().encode(line)), [line]);
  });

  t.test(
    `of line ${at}, which was ${line.kind}, no cut and no damage is taken for one`,
    async (test) => {
      const text = new BudgetLineEncoder().encode(line).slice(0, -1);
      for (let at = 0; at < text.length; at++) {
        const other = text[at] === "1" ? "2" : "1";
        for (const bad of [text.slice(0, at), text.slice(0, at) + other + text.slice(at + 1)]) {
          test.strictSame(read(bad), []);
        }
      }
    },
  );
}

const reserved = (id: string, untilMs = 1e12, key = dayKey): BudgetLine => ({
  kind: "reserved",
  id,
  counts: [{ key, amount: 3, expected: 2, untilMs }],
  call: { transaction: "t", tokens: 2, microDollars: 5 },
});

t.test("a key is written once in a file, and again when it holds longer", async (test) => {
  const encoder = new BudgetLineEncoder();
  const all = [reserved("1"), reserved("2"), reserved("3", 2e12), reserved("4", 2e12)];
  const texts = all.map((line) => encoder.encode(line));
  test.strictSame(
    texts.map((text) => text.split(dayKey).length - 1),
    [1, 0, 1, 0],
  );
  test.strictSame(read(texts.join("")), all);
});

t.test(
  "a file names all of its keys, and so does what follows a write that failed",
  async (test) => {
    const encoder = new BudgetLineEncoder();
    const first = encoder.encode(reserved("1"));
    encoder.forget();
    const afterLoss = encoder.encode(reserved("2"));
    test.strictSame(read(afterLoss), [reserved("2")]);
    test.strictSame(read(first + afterLoss + encoder.encode(reserved("3"))), [
      reserved("1"),
      reserved("2"),
      reserved("3"),
    ]);
    encoder.beginFile();
    test.strictSame(read(encoder.encode(reserved("4"))), [reserved("4")]);
  },
);

t.test("of a line whose key was lost nothing is read", async (test) => {
  const encoder = new BudgetLineEncoder();
  encoder.encode(reserved("1"));
  test.strictSame(read(encoder.encode(reserved("2"))), []);
});

t.test("more keys than are remembered are named again", async (test) => {
  const encoder = new BudgetLineEncoder();
  const decoder = new BudgetLineDecoder();
  for (let turn = 0; turn < 3; turn++) {
    for (let at = 0; at < 3_000; at++) {
      const line = reserved(`${turn}.${at}`, 1e12, `key ${at}`);
      const found = read(encoder.encode(line), decoder);
      if (found.length !== 1 || JSON.stringify(found[0]) !== JSON.stringify(line)) {
        test.strictSame(found, [line]);
      }
    }
  }
});
