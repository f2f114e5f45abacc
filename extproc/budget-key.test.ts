import t from "tap";
import { encodeBudgetKey, tryDecodeBudgetKey } from "./budget-key.ts";

const keys = [
  { name: "AIProviderRoute/default/openai/0", scope: "day", unit: "tokens", counted: "2026-11-28" },
  { name: "default/team", scope: "execution", unit: "usd", counted: "TaskAgent/a/b\u0000id 1%" },
  { name: "a b/\u00e9", scope: "execution", unit: "tokens", counted: "" },
] as const;

for (const key of keys) {
  t.test(`the key of ${JSON.stringify(key.counted)} is read as it was written`, async (test) => {
    const text = encodeBudgetKey(key);
    test.equal(text.split(" ").length, 4);
    test.strictSame(tryDecodeBudgetKey(text), key);
  });
}

t.test("callers may prove what is no text", async (test) => {
  const text = encodeBudgetKey({ ...keys[0], counted: "\ud800" });
  test.equal(tryDecodeBudgetKey(text)?.counted, "\ufffd");
});

t.test("what is no key is none", async (test) => {
  for (const text of [
    "",
    "day",
    "day tokens a",
    "week tokens a b",
    "day gold a b",
    "day tokens a b c",
  ]) {
    test.equal(tryDecodeBudgetKey(text), undefined, text);
  }
});
