/** The tree of needles: the longest path wins nothing it was not given. */
import { inspect } from "node:util";
import t from "tap";
import { NEEDLE_KIND, NeedleTrie } from "./needle-trie.ts";

function trie(...needles: readonly string[]): NeedleTrie {
  const subject = new NeedleTrie();
  for (const needle of needles) subject.add(Buffer.from(needle), "anywhere");
  return subject;
}

function kindOf(subject: NeedleTrie, text: string): number {
  let node = 0;
  for (const byte of Buffer.from(text)) {
    node = subject.child(node, byte);
    if (node === 0) return NEEDLE_KIND.none;
  }
  return subject.kind(node);
}

t.test("NeedleTrie knows every needle and nothing else", async (t) => {
  const needles = ["a", "abc", "abd", "xyz", "\u00ff"];
  const subject = trie(...needles);
  for (const needle of needles) t.equal(kindOf(subject, needle), NEEDLE_KIND.anywhere, needle);
  for (const text of ["", "ab", "xy", "xyzz", "b"])
    t.equal(kindOf(subject, text), NEEDLE_KIND.none);
});

t.test("NeedleTrie.following() lists how needles go on", async (t) => {
  const subject = trie("ab", "ac", "b");
  t.same(String.fromCharCode(...subject.following(0)), "ABab");
  t.same(String.fromCharCode(...subject.following(subject.child(0, 0x61))), "BCbc");
  t.same(subject.following(subject.child(0, 0x62)), []);
});

t.test("NeedleTrie takes letters in any case for the same", async (t) => {
  const subject = trie("aBc@[`{\u00c0");
  t.equal(kindOf(subject, "AbC@[`{\u00c0"), NEEDLE_KIND.anywhere);
  for (const text of ["abc`[`{\u00c0", "abc@{`{\u00c0", "abc@[`{\u00e0"]) {
    t.equal(kindOf(subject, text), NEEDLE_KIND.none, text);
  }
});

t.test("NeedleTrie.needles() gives each needle once, letters in lower case", async (t) => {
  const needles = ["aBc", "ab", "xyz\u00ff", "ABC", "b"];
  const given = Array.from(trie(...needles).needles(), (bytes) => Buffer.from(bytes).toString());
  t.same(given.sort(), ["ab", "abc", "b", "xyz\u00ff"]);
  t.same([...trie().needles()], []);
});

t.test("NeedleTrie.longest is the length of the longest needle", async (t) => {
  t.equal(trie().longest, 0);
  t.equal(trie("abc", "a").longest, 3);
});

t.test("NeedleTrie.add() lets anywhere win over word", async (t) => {
  const subject = new NeedleTrie();
  subject.add(Buffer.from("a"), "word");
  t.equal(kindOf(subject, "a"), NEEDLE_KIND.word);
  subject.add(Buffer.from("a"), "anywhere");
  subject.add(Buffer.from("a"), "word");
  t.equal(kindOf(subject, "a"), NEEDLE_KIND.anywhere);
});

t.test("NeedleTrie.add() throws when the needle is empty", async (t) => {
  t.throws(() => trie(""), new RangeError("Cannot add needle: it is empty, want a byte"));
});

t.test("NeedleTrie keeps millions of bytes without the heap, which is bounded", async (t) => {
  const needle = Buffer.alloc(1_000_000, "abcdefg");
  const subject = new NeedleTrie();
  const before = process.memoryUsage().heapUsed;
  subject.add(needle, "anywhere", 7);
  const taken = process.memoryUsage().heapUsed - before;
  t.ok(taken < 8_000_000, `${taken} bytes of heap`);
  const [given] = subject.needles();
  t.ok(given && needle.equals(given));
  let node = 0;
  for (const byte of needle) node = subject.child(node, byte);
  t.equal(subject.mark(node), 7);
});

t.test("NeedleTrie shows no needle when it is printed", async (t) => {
  const subject = trie("sk-secret");
  t.notMatch(inspect(subject, { showHidden: true }) + JSON.stringify(subject), /sk-secret|115/);
});

t.test("NeedleTrie gives back the mark of a needle, and whether longer ones go on", async (t) => {
  const subject = new NeedleTrie();
  subject.add(Buffer.from("ab"), "anywhere", 3);
  subject.add(Buffer.from("abc"), "word", 4);
  subject.add(Buffer.from("AB"), "anywhere", 5);
  const node = subject.child(subject.child(0, 0x61), 0x62);
  t.equal(subject.mark(node), 3, "the first stays");
  t.equal(subject.goesOn(node), true);
  const last = subject.child(node, 0x63);
  t.equal(subject.mark(last), 4);
  t.equal(subject.goesOn(last), false);
  t.equal(subject.mark(0), 0);
});
