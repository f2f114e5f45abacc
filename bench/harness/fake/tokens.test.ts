import t from "tap";
import { countTokens, toTokens } from "./tokens.ts";

t.test("toTokens() loses nothing, whatever the text", async (test) => {
  const texts = [
    "",
    "Hello, world!",
    "  two  spaces\n\ttab",
    "ünïcödé 日本語 😀",
    "12345 and 6.5e-7",
    "\ud800 lone",
  ];
  for (const text of texts) test.equal(toTokens(text).join(""), text);
});

t.test("countTokens() is near one a word for plain English", async (test) => {
  test.equal(countTokens(""), 0);
  test.same(toTokens("The quick brown fox jumps."), [
    "The",
    " quick",
    " brown",
    " fox",
    " jumps",
    ".",
  ]);
  test.same(toTokens("12345"), ["123", "45"]);
});
