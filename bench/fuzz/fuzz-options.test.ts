/** Tests of the command line. */
import t from "tap";
import { parseFuzzOptions } from "./fuzz-options.ts";

t.test("parseFuzzOptions() has a default for everything", async (t) => {
  t.strictSame(parseFuzzOptions([]), {
    minutes: 10,
    targets: [],
    seed: 1,
    json: undefined,
    replay: undefined,
    isCorpusFixed: false,
  });
});

t.test("parseFuzzOptions() reads all options", async (t) => {
  const words = "--minutes 0.5 --target sse --target hpack --seed 7 --json x.json --fixed-corpus";
  t.match(parseFuzzOptions(words.split(" ")), {
    minutes: 0.5,
    targets: ["sse", "hpack"],
    seed: 7,
    json: "x.json",
    isCorpusFixed: true,
  });
});

const wrong = [
  { words: ["--minutes", "0"], message: /minutes "0": wanted a number/ },
  { words: ["--seed", "x"], message: /seed "x": wanted a number/ },
  { words: ["--replay", "x.bin"], message: /name its target/ },
  { words: ["--unknown"], message: /unknown/i },
];
for (const { words, message } of wrong) {
  t.test(`parseFuzzOptions() refuses ${words.join(" ")}`, async (t) => {
    t.throws(() => parseFuzzOptions(words), { message });
  });
}
