/** What is said to hold no needle holds none, in whatever form; usual texts are said to hold none. */
import t from "tap";
import { NeedleAbsence } from "./needle-absence.ts";
import { NeedleSearch } from "./needle-search.ts";
import { NeedleTrie } from "./needle-trie.ts";
import { renderings, secretParts } from "./renderings.ts";

function trieOf(values: readonly string[]): NeedleTrie {
  const trie = new NeedleTrie();
  for (const value of values) {
    for (const secret of secretParts(value)) {
      for (const needle of renderings(secret)) {
        trie.add(needle, secret.length < 8 ? "word" : "anywhere");
      }
    }
  }
  return trie;
}

const prose = JSON.stringify({
  model: "gpt-4o-mini",
  messages: [
    { role: "user", content: 'Please answer "briefly",\nin plain words.\n\nThanks! 100 %' },
  ],
});

t.test("isSure() is so of a usual prompt, whatever scheme a credential is sent with", async (t) => {
  t.equal(new NeedleAbsence(trieOf(["Bearer sk-proj-0123456789abcdef"])).isSure(prose), true);
  t.equal(new NeedleAbsence(trieOf(["Basic dXNlcjpwYXNzd29yZC1vZi1vdXJz"])).isSure(prose), true);
  t.equal(new NeedleAbsence(trieOf([])).isSure(prose), true);
});

t.test("isSure() is not so of a text that holds a form of the value", async (t) => {
  const secret = "correct-horse/Battery+8";
  const escaped = Array.from(Buffer.from(secret), (byte) => byte.toString(16).padStart(2, "0"));
  const forms = {
    itself: secret,
    percent: `%${escaped.join("%")}`,
    "percent twice": `%25${escaped.join("%25")}`,
    json: escaped.map((byte) => String.raw`\u00${byte}`).join(""),
    "json in json": escaped.map((byte) => String.raw`\\u00${byte}`).join(""),
    braces: escaped.map((byte) => String.raw`\u{${byte}}`).join(""),
    octal: escaped
      .map((byte) => `\\${Number.parseInt(byte, 16).toString(8).padStart(3, "0")}`)
      .join(""),
    html: escaped.map((byte) => `&#x${byte};`).join(""),
    base64: Buffer.from(secret).toString("base64"),
    hexadecimal: escaped.join(""),
    lines: secret.replace("/", "/\r\n"),
    "utf-16": Buffer.from(secret, "utf16le").toString("latin1"),
  };
  const absence = new NeedleAbsence(trieOf([`Bearer ${secret}`]));
  const search = new NeedleSearch(trieOf([`Bearer ${secret}`]));
  for (const [name, form] of Object.entries(forms)) {
    t.ok(search.find(Buffer.from(form, "latin1"), "whole"), `${name} is found`);
    for (const text of [form, ` ${form} `, `"key":"${form}"`, `(${form})`]) {
      t.equal(absence.isSure(text), false, name);
    }
  }
});

t.test("isSure() is never so of a text in which something is found", async (t) => {
  let state = 11;
  const below = (limit: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) % limit;
  };
  const pieces = [
    "a",
    "B",
    "-",
    " ",
    "%61",
    "\\u0062",
    "&#45;",
    "\n",
    "+",
    "%2520",
    "\u00e9",
    '"',
    "\\",
  ];
  const draw = (length: number) =>
    Array.from({ length: 1 + below(length) }, () => pieces[below(pieces.length)]).join("");
  const letters = ["a", "b", "-", " ", "\u00e9"];
  let found = 0;
  let sure = 0;
  for (let round = 0; round < 20_000; round++) {
    const word = () => Array.from({ length: 1 + below(4) }, () => letters[below(5)]).join("");
    const trie = new NeedleTrie();
    for (let count = below(3); count >= 0; count--) {
      trie.add(Buffer.from(word()), below(2) === 0 ? "anywhere" : "word");
    }
    const text = draw(12);
    const isFound = new NeedleSearch(trie).find(Buffer.from(text), "whole") !== undefined;
    const isSure = new NeedleAbsence(trie).isSure(text);
    if (isFound) found++;
    if (isSure) sure++;
    if (isFound && isSure) t.fail(`${JSON.stringify(text)} holds a needle, and is said not to`);
  }
  t.ok(found > 2_000 && sure > 500, `${found} found, ${sure} sure`);
});

t.test("isSure() takes a character beyond ASCII for as many bytes as it is", async (t) => {
  const trie = new NeedleTrie();
  trie.add(Buffer.from("\u00e9\u00e9"), "anywhere");
  t.equal(new NeedleAbsence(trie).isSure("\u00e9\u00e9"), false);
  t.equal(new NeedleAbsence(trie).isSure("a b c"), true);
});
