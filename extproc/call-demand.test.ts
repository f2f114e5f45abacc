import t from "tap";
import { mostInputTokens } from "./call-demand.ts";
import { seededRandom } from "./testdata/random.ts";

t.test("mostInputTokens() is never below what a provider counts of the texts", async (test) => {
  const random = seededRandom(5);
  const words = [
    "sea",
    " ",
    "🐟🐟",
    "ünï",
    "\n",
    "{}",
    "0123456789",
    "日本語",
    "\u0000",
    '"',
    "antidisestablishment",
  ];
  for (let left = 500; left > 0; left--) {
    const text = Array.from(
      { length: random.below(200) },
      () => words[random.below(words.length)],
    ).join("");
    const messages = Array.from({ length: 1 + random.below(20) }, () => ({
      role: "user",
      content: text,
    }));
    // No tokenizer has more tokens than bytes, and providers add a few for each message.
    const bytes = messages.reduce((sum, { content }) => sum + Buffer.byteLength(content) + 5, 10);
    test.ok(mostInputTokens(Buffer.from(JSON.stringify({ messages }))) >= bytes);
  }
});
