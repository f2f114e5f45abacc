/** Near misses of names. */
import t from "tap";
import { findSuggestion } from "./suggestion.ts";

const known = ["listeners", "defaultPolicy", "otlp", "dns", "requestTimeout"];

for (const [word, expected] of [
  ["lisenters", "listeners"],
  ["listener", "listeners"],
  ["Listeners", "listeners"],
  ["defualtPolicy", "defaultPolicy"],
  ["default_policy", "defaultPolicy"],
  ["DNS", "dns"],
  ["dnss", "dns"],
  ["oltp", "otlp"],
  ["timeout", undefined],
  ["xyz", undefined],
  ["", undefined],
  ["listeners".repeat(8), undefined],
] as const) {
  t.test(`findSuggestion() gives ${expected} for "${word.slice(0, 20)}"`, (t) => {
    t.equal(findSuggestion(word, known), expected);
    t.end();
  });
}

t.test("findSuggestion() takes the nearest, and the first of equals", (t) => {
  t.equal(findSuggestion("opnai", ["opera", "openai", "open"]), "openai");
  t.equal(findSuggestion("ab", ["ac", "ad"]), "ac");
  t.equal(findSuggestion("a", []), undefined);
  t.end();
});
