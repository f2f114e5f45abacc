/** Parts that needles cover: joined, in order, and the same as a plain search finds. */
import t from "tap";
import { NeedleSearch } from "./needle-search.ts";
import { NeedleTrie } from "./needle-trie.ts";

function search(needles: readonly string[], words: readonly string[] = []): NeedleSearch {
  const trie = new NeedleTrie();
  for (const needle of needles) trie.add(Buffer.from(needle), "anywhere");
  for (const word of words) trie.add(Buffer.from(word), "word");
  return new NeedleSearch(trie);
}

/** The text with every covered part in brackets. */
function mark(subject: NeedleSearch, text: string, end: "whole" | "cut" = "whole"): string {
  const bytes = Buffer.from(text, "latin1");
  const spans = subject.find(bytes, end);
  let marked = "";
  let at = 0;
  for (const [index, start] of (spans?.starts ?? []).entries()) {
    const stop = spans?.ends[index] ?? 0;
    marked += `${bytes.toString("latin1", at, start)}[${bytes.toString("latin1", start, stop)}]`;
    at = stop;
  }
  return marked + bytes.toString("latin1", at);
}

t.test("find() joins needles that overlap or touch", async (t) => {
  const subject = search(["abcd", "cdef", "gh", "abcdefghij"]);
  t.equal(mark(subject, "-abcdef-"), "-[abcdef]-");
  t.equal(mark(subject, "abcdefgh-gh"), "[abcdefgh]-[gh]");
  t.equal(mark(subject, "abcdefghij"), "[abcdefghij]");
  t.equal(mark(subject, "abcabcd"), "abc[abcd]");
});

t.test("find() agrees with a plain search on random texts", async (t) => {
  let state = 8;
  const below = (limit: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) % limit;
  };
  const word = (length: number) =>
    Array.from({ length: 1 + below(length) }, () => "abc"[below(3)]).join("");
  for (let round = 0; round < 5_000; round++) {
    const needles = Array.from({ length: 1 + below(4) }, () => word(5));
    const text = word(30);
    const covered = new Uint8Array(text.length);
    for (const needle of needles) {
      for (let at = text.indexOf(needle); at >= 0; at = text.indexOf(needle, at + 1)) {
        covered.fill(1, at, at + needle.length);
      }
    }
    const wanted = Array.from(text, (unit, at) => (covered[at] === 1 ? "#" : unit)).join("");
    const found = mark(search(needles), text).replace(/\[(.*?)\]/g, (_, part: string) =>
      "#".repeat(part.length),
    );
    if (found !== wanted) t.fail(`${needles} in ${text}: ${found}`);
  }
});

t.test("find() finds words only on their own", async (t) => {
  const subject = search([], ["abc"]);
  t.equal(mark(subject, "abc xabc abcx abc-abc \\nabc"), "[abc] xabc abcx [abc]-[abc] \\n[abc]");
});

t.test(
  "find() steps over few line ends and zeros, and leaves those after the needle",
  async (t) => {
    const subject = search(["abcd"]);
    t.equal(mark(subject, "ab\r\ncd\r\n"), "[ab\r\ncd]\r\n");
    t.equal(mark(subject, "a\0b\0c\0d\0"), "[a\0b\0c\0d]\0");
    t.equal(mark(subject, "ab\\r\\ncd\\n"), "[ab\\r\\ncd]\\n");
    t.equal(mark(subject, "ab\n\n\n\n\ncd"), "ab\n\n\n\n\ncd");
    t.equal(mark(subject, "\nabcd"), "\n[abcd]");
  },
);

t.test("find() takes four characters at a cut end for a needle", async (t) => {
  const subject = search(["abcdefgh"]);
  t.equal(mark(subject, "-abcd", "cut"), "-[abcd]");
  t.equal(mark(subject, "-abcd%6", "cut"), "-[abcd%6]");
  t.equal(mark(subject, "-abc", "cut"), "-abc");
  t.equal(mark(subject, "-abcd", "whole"), "-abcd");
  t.equal(mark(subject, "-abcd.", "cut"), "-abcd.");
});

t.test("find() finds nothing in nothing, and nothing without needles", async (t) => {
  t.equal(search(["a"]).find(Buffer.alloc(0), "cut"), undefined);
  t.equal(search([]).find(Buffer.from("a%25+\\n&amp;"), "cut"), undefined);
});

function marked(): NeedleSearch {
  const trie = new NeedleTrie();
  trie.add(Buffer.from("abcd"), "anywhere", 1);
  trie.add(Buffer.from("cdxy"), "anywhere", 2);
  trie.add(Buffer.from("pin"), "word", 3);
  return new NeedleSearch(trie);
}

t.test("findNext() gives one needle after the other, with its mark", async (t) => {
  const subject = marked();
  const text = Buffer.from("-abcd-CDXY-abcdxy-");
  const first = subject.findNext(text, 0, "whole");
  t.same(first, { start: 1, end: 5, mark: 1, isOpen: false });
  t.same(subject.findNext(text, 5, "whole"), { start: 6, end: 10, mark: 2, isOpen: false });
  const joined = { start: 11, end: 17, mark: 0, isOpen: false };
  t.same(subject.findNext(text, 10, "whole"), joined, "two that overlap");
  t.equal(subject.findNext(text, 17, "whole"), undefined);
});

t.test("findNext() says what the rest of a text decides", async (t) => {
  const subject = marked();
  const open = (text: string) => subject.findNext(Buffer.from(text, "latin1"), 0, "follows");
  for (const [text, start] of [
    ["-a", 1],
    ["-abc", 1],
    ["-abcd", 1],
    ["a pin", 2],
    ["x%6", 1],
    ["x\\", 1],
    ["x\\u00", 1],
    ["x&#9", 1],
  ] as const) {
    const isWhole = text === "-abcd";
    const wanted = { start, isOpen: true };
    // Its end may begin the other needle.
    if (isWhole) t.match(open(text), wanted, text);
    else t.match(open(text), { ...wanted, end: text.length, mark: 0 }, text);
  }
  for (const text of ["-x", "ab-", "a pin.", "100% so", "x+", 'x\\"}']) {
    t.notMatch(open(text), { isOpen: true }, text);
  }
  t.same(open("a pin."), { start: 2, end: 5, mark: 3, isOpen: false });
  t.equal(subject.findNext(Buffer.from("-abc"), 0, "whole"), undefined);
});
