/** Unit tests of the benchmark's pairs, costs, limits and splits, with the codecs of the built-in providers. */
import t from "tap";
import { providers } from "../../providers/registry.ts";
import { seededRandom } from "../../providers/testdata/seeded-random.ts";
import { UsageError } from "./options.ts";
import { formatCosts, formatLimits, runTranslation } from "./translation.ts";
import { measurePairs } from "./translation-cost.ts";
import type { TranslationCost } from "./translation-cost.ts";
import { findDialects } from "./translation-dialects.ts";
import { trySplits } from "./translation-splits.ts";
import { preparePair } from "./translation-work.ts";

const dialects = findDialects(providers);
const named = (name: string) => {
  const dialect = dialects.find((one) => one.name === name);
  if (dialect === undefined) throw new Error(`no dialect ${name}`);
  return dialect;
};
const source = named("openai-chat");
const served = named("anthropic-messages");

t.test("findDialects() names every codec once", async (t) => {
  const names = dialects.map(({ name }) => name);
  t.equal(new Set(names).size, names.length);
  t.ok(names.includes("openai-chat") && names.includes("anthropic-messages"));
  for (const { api, model, name } of dialects) t.not(api.serves?.(model), false, name);
  t.same(findDialects([]), []);
});

t.test("preparePair() prepares every pair in the sizes that it is named after", async (t) => {
  for (const from of dialects) {
    for (const to of dialects.filter((one) => one !== from)) {
      const name = `${from.name} → ${to.name}`;
      const work = preparePair({ source: from, served: to });
      const request = work.largeRequest();
      t.ok(request > 900_000 && request < 1_300_000, `${name}: ${request} bytes of request`);
      const answer = work.largeAnswer();
      t.ok(answer > 900_000 && answer < 1_300_000, `${name}: ${answer} bytes of answer`);
      const small = work.smallCall();
      t.ok(small > 2_500 && small < 7_000, `${name}: ${small} bytes of a small call`);
      t.ok(work.chunks.length >= 200, `${name}: ${work.chunks.length} pieces`);
      t.ok(work.stream() > 2_000, `${name}: a stream`);
    }
  }
});

t.test("measurePairs() gives the CPU of one call, a request, an answer and a piece", async (t) => {
  const work = { ...preparePair({ source, served }), chunks: [Buffer.alloc(1), Buffer.alloc(1)] };
  let calls = 0;
  let collections = 0;
  const counted = (run: () => number) => () => {
    calls += 1;
    return run();
  };
  const one = () => 1;
  const costs = measurePairs(
    [
      {
        pair: { source, served },
        work: {
          ...work,
          smallCall: counted(one),
          largeRequest: counted(one),
          largeAnswer: counted(one),
          stream: counted(one),
        },
      },
    ],
    // Every call takes 40 µs, by a clock that stands still otherwise.
    {
      rounds: 3,
      leastMs: 1,
      cpuMicros: () => calls * 40,
      collect: () => {
        collections += 1;
      },
    },
  );
  t.equal(collections, 16, "four figures in four rounds");
  const figure = (median: number) => ({ median, spread: [median, median], rounds: 3 });
  t.same(costs, [
    {
      source: "openai-chat",
      served: "anthropic-messages",
      smallCallMicros: figure(40),
      largeRequestMs: figure(0.04),
      largeAnswerMs: figure(0.04),
      chunkMicros: figure(20),
    },
  ]);
  t.ok(calls >= 4 * 4 * 25, "each is called until it took a millisecond, also in the first round");
});

t.test("measurePairs() does not time what writes nothing", async (t) => {
  const work = { ...preparePair({ source, served }), smallCall: () => 0 };
  let now = 0;
  const cpuMicros = () => {
    now += 1_000;
    return now;
  };
  const measure = () =>
    measurePairs([{ pair: { source, served }, work }], { rounds: 1, leastMs: 1, cpuMicros });
  t.throws(measure, new Error("Cannot measure translation: nothing was written"));
});

t.test("trySplits() finds no difference between streams cut anywhere", async (t) => {
  const pairs = dialects.flatMap((from) =>
    dialects
      .filter((to) => to !== from)
      .map((to) => ({
        pair: { source: from, served: to },
        work: preparePair({ source: from, served: to }),
      })),
  );
  const { differences, splits, streams } = trySplits(pairs, {
    random: seededRandom(7),
    splits: 50_000,
  });
  t.same(differences, []);
  t.ok(splits >= 50_000 && streams >= pairs.length, `${splits} splits of ${streams} streams`);
});

t.test("trySplits() finds a difference", async (t) => {
  const work = preparePair({ source, served });
  const careless = {
    ...work,
    translateStream: (chunks: readonly Buffer[]) => Buffer.from(String(chunks.length)),
  };
  const pairs = [{ pair: { source, served }, work: careless }];
  const outcome = trySplits(pairs, { random: seededRandom(1), splits: 1_000_000 });
  t.equal(outcome.differences.length, 10, "it stops there");
  t.match(outcome.differences[0], /^openai-chat served in anthropic-messages: pieces of \d/);
});

const cost: TranslationCost = {
  source: "openai-chat",
  served: "anthropic-messages",
  smallCallMicros: { median: 19.84, spread: [18, 22], rounds: 9 },
  largeRequestMs: { median: 1.5, spread: [1, 2], rounds: 9 },
  largeAnswerMs: { median: 9, spread: [8, 10], rounds: 9 },
  chunkMicros: null,
};

t.test("formatCosts() is a table of 80 columns with a part for each source", async (t) => {
  const text = formatCosts([cost, { ...cost, source: "mistral-chat" }]);
  const lines = text.split("\n");
  t.match(lines[0], /^openai-chat, served in +2 KB µs +1 MB ms +back ms +piece µs$/);
  t.match(lines[1], /^ {2}anthropic-messages +19\.8 +1\.50 +9\.00 +-$/);
  t.match(lines[3], /^mistral-chat, served in/);
  for (const line of lines) t.ok(line.length <= 80, line);
});

t.test("formatLimits() names the worst pair", async (t) => {
  const lines = formatLimits([cost, { ...cost, largeAnswerMs: cost.largeRequestMs }]).split("\n");
  t.equal(
    lines[0],
    "met: a call of 2 KB with its answer at most 40 µs: 2 of 2 pairs, worst 19.8 µs (openai-chat → anthropic-messages)",
  );
  t.match(lines[2], /^MISSED: an answer of 1 MB at most 8 ms: 1 of 2 pairs, worst 9\.00 ms/);
  t.match(lines[3], /nothing measured$/);
});

t.test("runTranslation() refuses arguments before it measures anything", async (t) => {
  await t.rejects(runTranslation(["--source", "latin"]), {
    name: "UsageError",
    message: /^Cannot run source "latin": it is not known: known are /,
  });
  await t.rejects(runTranslation(["--rounds", "x"]), UsageError);
});
