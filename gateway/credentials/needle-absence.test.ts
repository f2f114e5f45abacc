/** What is said to hold no needle holds none, in whatever form; usual texts are said to hold none. */
import t from "tap";
import { NeedleAbsence } from "./needle-absence.ts";
import { NeedleSearch } from "./needle-search.ts";
import { NeedleTrie } from "./needle-trie.ts";
import type { TrieNode } from "./needle-trie.ts";
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

t.test("isSure() is not so of a form in which plus signs stand for blanks", async (t) => {
  const absence = new NeedleAbsence(trieOf(["correct horse battery"]));
  t.equal(absence.isSure("pass=correct+horse+battery&x=1"), false);
  t.equal(absence.isSure("correct, horse, battery"), true);
});

/** Below a limit; the same numbers each time. */
function createRandom(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) >>> 8) % limit;
  };
}

type Random = ReturnType<typeof createRandom>;

function pick<Item>(items: readonly Item[], random: Random): Item {
  const item = items[random(items.length)];
  if (item === undefined) throw new RangeError("Cannot pick: there is no item");
  return item;
}

const alphabets = [
  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
  ..."abcAB019-_.~|ab|a|aB0 |a-b c|%41\\u0#;&|\\\"'/+ %&{}|\u00e9\u00ff\u6a21a|a:b@c/d=|!$()*,<>?[]^`|a\n\r\0\t".split(
    "|",
  ),
];

function draw(longest: number, random: Random): string {
  const [own, other] = [pick(alphabets, random), pick(alphabets, random)];
  const length = 1 + random(longest);
  return Array.from({ length }, () => pick([...(random(5) === 0 ? other : own)], random)).join("");
}

const drawValue: readonly ((random: Random) => string)[] = [
  (random) => `Bearer ${draw(24, random)}`,
  (random) => `Basic ${Buffer.from(`${draw(9, random)}:${draw(14, random)}`).toString("base64")}`,
  (random) => draw(3, random),
  (random) => ` ${draw(12, random)} ${draw(9, random)}`,
  (random) => draw(1, random).repeat(1 + random(20)) + draw(3, random),
  (random) => draw(20, random),
  (random) => draw(20, random),
];

const hexOf = (byte: number) => byte.toString(16).padStart(2, "0");

/** Ways to escape one byte below 128, as a text that is escaped again. */
const escapes: readonly ((byte: number, character: string) => string)[] = [
  (byte) => `%${hexOf(byte)}`,
  (byte) => `%u00${hexOf(byte).toUpperCase()}`,
  (byte) => `\\u00${hexOf(byte)}`,
  (byte) => `\\\\\\x${hexOf(byte)}`,
  (byte) => `\\u{${byte.toString(16)}}`,
  (byte) => `\\${byte.toString(8).padStart(3, "0")}`,
  (byte) => `&#${byte};`,
  (byte) => `&#X0${byte.toString(16)}`,
  (_, character) => ({ "&": "&amp;", "<": "&lt;", '"': "&quot;", "'": "&apos;" })[character] ?? "",
  (_, character) =>
    ({ " ": "+", "\n": "\\n", "/": "\\/", '"': '\\"', "'": "\\'" })[character] ?? "",
];

function escapeOne(character: string, depth: number, random: Random): string {
  const byte = character.charCodeAt(0);
  const text =
    (byte < 0x80 ? pick(escapes, random)(byte, character) : `%${hexOf(byte)}`) || character;
  if (depth === 0) return text;
  const mark = escapeOne(text.slice(0, 1), depth - 1, random);
  return mark + text.slice(1);
}

/** Ways to write a needle, which is a character for each byte. */
const carriers: readonly ((needle: string, random: Random) => string)[] = [
  (needle) => needle,
  (needle) => needle.replace(/[a-z]/g, (letter) => letter.toUpperCase()),
  (needle, random) => {
    const way = pick(escapes, random);
    return needle.replace(/[\0-\x7f]/g, (one) => way(one.charCodeAt(0), one) || one);
  },
  (needle, random) => needle.replace(/[\s\S]/g, (one) => escapeOne(one, random(3), random)),
  (needle, random) => {
    return needle.replace(/[\s\S]/g, (one) =>
      random(3) === 0 ? escapeOne(one, random(2), random) : one,
    );
  },
  (needle, random) => {
    const gap = pick(["\n", "\r\n", "\0", "\\n", "%0d%0a", "&#10;"], random);
    return needle.replace(/[\s\S]/g, (one) => (random(4) === 0 ? one + gap : one));
  },
  (needle) => Buffer.from(needle, "utf16le").toString("latin1"),
  (needle) => Buffer.from(needle, "utf16le").swap16().toString("latin1"),
];

/** A needle in a text between bytes of any value, now and then with one wrong byte in it. */
function drawText(needles: readonly string[], random: Random): string {
  if (random(6) === 0) return `${draw(4, random)} ${draw(4, random)}, ${draw(4, random)}`;
  const around = () => (random(3) === 0 ? "" : String.fromCharCode(random(256)));
  const carried = pick(carriers, random)(pick(needles, random), random);
  const at = random(carried.length + 1);
  const wrong = String.fromCharCode(random(256));
  const broken = random(3) === 0 ? carried.slice(0, at) + wrong + carried.slice(at + 1) : carried;
  return around() + broken + around() + (random(2) === 0 ? pick(needles, random).slice(1) : "");
}

/** A trie as a redactor has it, at times with needles that are made of others. */
function drawTrie(random: Random): { readonly trie: NeedleTrie; readonly needles: string[] } {
  const values = Array.from({ length: 1 + random(3) }, () => pick(drawValue, random)(random));
  const trie = trieOf(values);
  for (let more = random(4); more > 0; more--) {
    const known = Array.from(trie.needles(), (needle) => Buffer.from(needle).toString("latin1"));
    const text = draw(3, random) + pick(["", ...known], random) + pick(["", " ", ...known], random);
    trie.add(Buffer.from(text, "latin1"), random(2) === 0 ? "word" : "anywhere");
  }
  const needles = Array.from(trie.needles(), (needle) => Buffer.from(needle).toString("latin1"));
  return { trie, needles };
}

t.test("isSure() is never so of a text in which something is found", async (t) => {
  const random = createRandom(11);
  let found = 0;
  let sure = 0;
  for (let round = 0; round < 400; round++) {
    const { trie, needles } = drawTrie(random);
    const [search, absence] = [new NeedleSearch(trie), new NeedleAbsence(trie)];
    for (let count = 0; count < 40; count++) {
      const encoding = pick(["latin1", "utf8"] as const, random);
      const text = Buffer.from(drawText(needles, random), "latin1").toString(encoding);
      const isFound = search.find(Buffer.from(text, encoding), "whole") !== undefined;
      const isSure = absence.isSure(text);
      if (isFound) found++;
      if (isSure) sure++;
      if (isFound && isSure) t.fail(`${JSON.stringify(text)} holds a needle, and is said not to`);
    }
  }
  t.ok(found > 6_000 && sure > 500, `${found} found, ${sure} sure`);
});

/** Counts how often it is asked what follows a node. */
class CountingTrie extends NeedleTrie {
  steps = 0;

  override child(node: TrieNode, byte: number): TrieNode {
    this.steps++;
    return super.child(node, byte);
  }
}

function stepsOfAbsence(needles: readonly string[]) {
  const trie = new CountingTrie();
  for (const needle of needles) trie.add(Buffer.from(needle), "anywhere");
  trie.steps = 0;
  const absence = new NeedleAbsence(trie);
  return { steps: trie.steps, absence };
}

t.test("NeedleAbsence() takes few steps for many credentials of one scheme", async (t) => {
  const random = createRandom(3);
  const secret = () => Array.from({ length: 40 }, () => hexOf(random(256))).join("");
  const values = Array.from({ length: 500 }, () => `Bearer ${secret()}`);
  const forms = values.flatMap((value) => secretParts(value).flatMap((part) => renderings(part)));
  const { steps, absence } = stepsOfAbsence(forms.map((form) => form.toString("latin1")));
  t.ok(steps < 250_000, `${steps} steps`);
  t.equal(absence.isSure(prose), true);
});

t.test("NeedleAbsence() takes a bounded number of steps for needles that repeat", async (t) => {
  const needles = Array.from({ length: 40 }, (_, index) => `${"- ".repeat(1_000)}${index}`);
  const { steps, absence } = stepsOfAbsence([...needles, "Bearer 0123456789", "0123456789"]);
  t.ok(steps <= 1_000_000, `${steps} steps`);
  for (const needle of [...needles, "0123456789"]) t.equal(absence.isSure(needle), false);
});

t.test("isSure() takes a character beyond ASCII for as many bytes as it is", async (t) => {
  const trie = new NeedleTrie();
  trie.add(Buffer.from("\u00e9\u00e9"), "anywhere");
  t.equal(new NeedleAbsence(trie).isSure("\u00e9\u00e9"), false);
  t.equal(new NeedleAbsence(trie).isSure("a b c"), true);
});
