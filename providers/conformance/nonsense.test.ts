import t from "tap";
import { parseJson, writeJson } from "../json-text.ts";
import { nonsenseBodies, secretWord, strangeDocuments } from "./nonsense.ts";

t.test("nonsenseBodies() are JSON and none, with and without the word", async (t) => {
  const bodies = [...nonsenseBodies().values()];
  const kinds = new Set(bodies.map((body) => parseJson(body).kind));
  t.same([...kinds].sort(), ["malformed", "value"]);
  t.ok(bodies.filter((body) => body.includes(secretWord)).length >= 4);
});

t.test("strangeDocuments() replaces each value by each strange one", async (t) => {
  const document = { a: [1, { b: "x" }], c: null };
  const found = [...strangeDocuments(document)];
  const places = [...new Set(found.map(({ at }) => at))];
  t.same(places, ["", "a", "a.0", "a.1", "a.1.b", "c"]);
  t.equal(found.length, places.length * 9);
  t.ok(found.some(({ value }) => writeJson(value) === '{"a":[1,{"b":7}],"c":null}'));
  t.ok(found.some(({ value }) => writeJson(value) === '{"a":[[[]],{"b":"x"}],"c":null}'));
  t.same(document, { a: [1, { b: "x" }], c: null });
});
