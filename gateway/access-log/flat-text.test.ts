/** Tests that flat texts are the same texts. */
import t from "tap";
import { flatOrNull, flatText } from "./flat-text.ts";

const texts: readonly { readonly name: string; readonly text: string }[] = [
  { name: "an empty text", text: "" },
  { name: "a short text", text: "short" },
  { name: "a text of 13 characters", text: "thirteen-char" },
  { name: "a joined text", text: ["joined text of ", "two parts"].reduce((a, b) => a + b) },
  { name: "a part of a text", text: "a part of a longer text".slice(2, 20) },
  { name: "text that is not ASCII", text: "grüße an die welt, 世界 und 🦊" },
  { name: "control characters", text: "\u0000\u001f and others" },
  { name: "a text that just fits the scratch", text: "x".repeat(1_365) },
  { name: "a text that does not fit the scratch", text: "世".repeat(5_000) },
];

for (const { name, text } of texts) {
  t.test(`flatText() gives ${name} unchanged`, async (t) => {
    t.equal(flatText(text), text);
    t.equal(flatOrNull(text), text);
  });
}

t.test("flatText() gives a lone surrogate as U+FFFD", async (t) => {
  t.equal(flatText("a lone one: \ud800!"), "a lone one: \ufffd!");
});

t.test("flatText() does not mix up texts that follow each other", async (t) => {
  const [long, short] = [flatText("the first, longer text"), flatText("the second text")];
  t.same([long, short], ["the first, longer text", "the second text"]);
});

t.test("flatOrNull() keeps what is absent absent", async (t) => {
  t.equal(flatOrNull(null), null);
});
