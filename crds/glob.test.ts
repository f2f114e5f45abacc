/** Globs: what is accepted, what they match, and that Envoy's expression means the same. */
import t from "tap";
import { globToRegex, matchGlob, readGlob } from "./glob.ts";

for (const [glob, text, expected] of [
  ["a", "a", true],
  ["a", "A", false],
  ["a", "ab", false],
  ["a", "", false],
  ["*", "", true],
  ["*", "any/thing\n", true],
  ["**", "x/y", true],
  ["?", "", false],
  ["?", "a", true],
  ["?", "/", true],
  ["?", "\n", true],
  ["?", "é", true],
  ["?", "😀", true],
  ["??", "😀", false],
  ["a?c", "abc", true],
  ["a?c", "ac", false],
  ["/v1/*", "/v1/", true],
  ["/v1/*", "/v1/a/b", true],
  ["/v1/*", "/v1", false],
  ["/v1/*", "/v10/a", false],
  ["/v1/*/files", "/v1/a/b/files", true],
  ["/v1/*/files", "/v1/files", false],
  ["*.json", "a.json", true],
  ["*.json", "ajson", false],
  ["claude-opus-*", "claude-opus-4-5", true],
  ["claude-opus-*", "claude-haiku", false],
  ["*a*b*c", "xxaxxbxxc", true],
  ["*a*b*c", "xxaxxcxxb", false],
  ["*aab", "aaab", true],
  ["*?b", "ab", true],
  ["*?b", "b", false],
  ["?*", "", false],
  ["a+(b)$^|.", "a+(b)$^|.", true],
  ["a+(b)$^|.", "aab$^|x", false],
  ["*é*", "caféx", true],
  ["*😀?", "x😀y", true],
] as const) {
  t.test(`matchGlob() says ${expected} for ${glob} and ${JSON.stringify(text)}`, (t) => {
    t.equal(matchGlob(glob, text), expected);
    t.equal(matchAsEnvoy(glob, text), expected);
    t.end();
  });
}

for (const [glob, detail] of [
  ["", "empty"],
  ["a[b]", 'character "[" at position 1; only "*" and "?" are special here'],
  ["a]", 'character "]" at position 1; only "*" and "?" are special here'],
  ["{a,b}", 'character "{" at position 0; only "*" and "?" are special here'],
  ["a}", 'character "}" at position 1; only "*" and "?" are special here'],
  ["a\\*", 'character "\\" at position 1; only "*" and "?" are special here'],
  ["a\nb", "control character at position 1"],
  ["a\0", "control character at position 1"],
  ["x".repeat(257), "longer than 256 characters"],
] as const) {
  t.test(`readGlob() refuses ${JSON.stringify(glob).slice(0, 30)}`, (t) => {
    t.strictSame(readGlob(glob), { kind: "invalid", detail });
    t.end();
  });
}

t.test("readGlob() keeps what it accepts", (t) => {
  t.strictSame(readGlob("/v1/**?"), { kind: "valid", value: "/v1/**?" });
  t.equal(readGlob("x".repeat(256)).kind, "valid");
  t.end();
});

t.test("globToRegex() writes RE2", (t) => {
  t.equal(globToRegex("/v1/*.json"), "/v1/(?s:.*)\\.json");
  t.equal(globToRegex("a**b"), "a(?s:.*)b");
  t.equal(globToRegex("?"), "(?:[\\x00-\\x7f]|[\\xc0-\\xff][\\x80-\\xbf]*)");
  t.end();
});

t.test("matchGlob() and globToRegex() agree on random globs and texts", (t) => {
  let seed = 7;
  const pick = (letters: string, length: number): string => {
    let text = "";
    for (let index = 0; index < length; index++) {
      seed = (seed * 48_271) % 2_147_483_647;
      text += letters[seed % letters.length];
    }
    return text;
  };
  for (let round = 0; round < 3000; round++) {
    const glob = pick("ab*?", 1 + (round % 7));
    const text = pick("abé", round % 9);
    if (matchGlob(glob, text) !== matchAsEnvoy(glob, text)) t.fail(`${glob} and ${text}`);
  }
  t.end();
});

t.test("matchGlob() is quick for globs with many stars", (t) => {
  const start = performance.now();
  t.notOk(matchGlob(`${"*a".repeat(120)}*b`, "a".repeat(20_000)));
  t.ok(performance.now() - start < 1000);
  t.end();
});

/** RE2 in Latin-1 mode sees UTF-8 bytes, one character each. */
function matchAsEnvoy(glob: string, text: string): boolean {
  const bytes = (value: string): string => Buffer.from(value).toString("latin1");
  return new RegExp(`^(?:${bytes(globToRegex(glob))})$`).test(bytes(text));
}
