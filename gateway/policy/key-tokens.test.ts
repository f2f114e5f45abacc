/** Tokens of the shape of a key in running text: none hides behind what surrounds it, and prose stays as it is. */
import t from "tap";
import { seededRandom } from "../testdata/random.ts";
import { redactKeyTokens } from "./key-tokens.ts";

const random = "aB3dE5fG7hJ9kL1mN2pQ4rS6tU8vW0xY";
const token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl";

const keys: ReadonlyArray<{ name: string; text: string; redacted: string }> = [
  { name: "is all there is", text: `sk-${random}`, redacted: "[redacted]" },
  {
    name: "stands in prose",
    text: `my key is sk-${random}, ok`,
    redacted: "my key is [redacted], ok",
  },
  {
    name: "ends a sentence",
    text: `it is ghp_${random}. Use it`,
    redacted: "it is [redacted] Use it",
  },
  { name: "is a JSON string", text: `{"k":"AIza${random}abc"}`, redacted: '{"k":"[redacted]"}' },
  {
    name: "follows an equals sign",
    text: `OPENAI_API_KEY=sk-${random}`,
    redacted: "OPENAI_API_KEY=[redacted]",
  },
  { name: "follows a dash", text: `a-b-sk-${random}`, redacted: "a-b-[redacted]" },
  {
    name: "is a segment of a URL",
    text: `https://x/hf_${random}`,
    redacted: "https://x/[redacted]",
  },
  {
    name: "is user information",
    text: `https://ghp_${random}@github.com`,
    redacted: "https://[redacted]@github.com",
  },
  { name: "follows a line end in JSON", text: `"a\\nsk-${random}"`, redacted: '"a\\n[redacted]"' },
  {
    name: "follows a \\u escape",
    text: `"a\\u003dsk-${random}"`,
    redacted: '"a\\u003d[redacted]"',
  },
  { name: "follows a \\x escape", text: `'a\\x20sk-${random}'`, redacted: "'a\\x20[redacted]'" },
  { name: "follows percent-encoding", text: `a%3Dsk-${random}&b`, redacted: "a%3D[redacted]&b" },
  { name: "follows a bare backslash", text: `C:\\sk-${random}`, redacted: "C:\\[redacted]" },
  { name: "comes twice", text: `sk-${random} xai-${random}`, redacted: "[redacted] [redacted]" },
  { name: "is a JSON Web Token", text: `token:${token};`, redacted: "token:[redacted];" },
  {
    name: "is a long JSON Web Token",
    text: `eyJ${"a".repeat(5_000)}.${"b".repeat(9_000)}.c d`,
    redacted: "[redacted] d",
  },
  {
    name: "is a bot's in a URL",
    text: `https://t.me/bot123456789:${random}_-a/send`,
    redacted: "https://t.me/[redacted]",
  },
  {
    name: "follows Bearer",
    text: "Authorization: Bearer abcdefghijk1",
    redacted: "Authorization: Bearer [redacted]",
  },
  { name: "follows Basic", text: '"Basic dXNlcjpwYXNzd29yZA=="', redacted: '"Basic [redacted]"' },
];

for (const { name, text, redacted } of keys) {
  t.test(`redactKeyTokens() replaces a key that ${name}`, async (t) => {
    t.equal(redactKeyTokens(text), redacted);
    t.equal(redactKeyTokens(redacted), redacted, "once");
  });
}

const harmless: readonly string[] = [
  "",
  "sk-hynix-announces-new-memory and more",
  "the basic understanding of bearer instruments",
  "gpt-4.1-mini-2025-04-14 claude-3-5-sonnet-20241022",
  "550e8400-e29b-41d4-a716-446655440000",
  "eyJhbGciOiJIUzI1NiJ9",
  `data:image/png;base64,${Buffer.from(random.repeat(99)).toString("base64")}`,
  "ask-ABCDEFGHIJKLMNOPQRSTUV1",
];

for (const text of harmless) {
  t.test(`redactKeyTokens() leaves ${JSON.stringify(text.slice(0, 40))} as it is`, async (t) => {
    t.equal(redactKeyTokens(text), text);
  });
}

t.test(
  "redactKeyTokens() takes the beginning of a key for one where the text was cut off",
  async (t) => {
    for (const key of [`sk-${random}`, `AKIA${random}`, token, `ghp_${random}`]) {
      for (let length = 11; length < key.length; length++) {
        const text = `{"a":"${key.slice(0, length)}`;
        if (redactKeyTokens(text, "cut") !== '{"a":"[redacted]') t.fail(text);
      }
    }
    t.equal(redactKeyTokens("the last word", "cut"), "the last word");
    t.equal(redactKeyTokens("sk-abc", "cut"), "[redacted]");
    t.equal(redactKeyTokens("sk-abc ", "cut"), "sk-abc ");
  },
);

t.test("redactKeyTokens() finds every key in random surroundings", async (t) => {
  let state = 9;
  const below = (limit: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) % limit;
  };
  const pieces = [
    " ",
    '"',
    "\\n",
    "\\u0020",
    "%20",
    "&",
    "=",
    "/",
    "-",
    ".",
    "+",
    ":",
    "(",
    "é",
    "\n",
    "'",
    "\\",
    ";",
  ];
  for (let round = 0; round < 5_000; round++) {
    const noise = () =>
      Array.from({ length: 1 + below(4) }, () => pieces[below(pieces.length)]).join("");
    const text = `word${noise()}sk-${random}${noise()}word`;
    if (redactKeyTokens(text).includes(random.slice(0, 12))) t.fail(text);
  }
});

t.test("redactKeyTokens() takes time in proportion to the text, whatever it is", async (t) => {
  for (const unit of [
    "sk-",
    "eyJ",
    "eyJ-",
    "eyJaaaaaaaa.",
    "a.",
    "bot123456:",
    "a",
    "=",
    "AKIA-",
    "bearer ",
  ]) {
    // Processor time of so many characters, in pieces of a length: others' work on the machine is no part of it.
    const time = (length: number) => {
      const text = unit.repeat(length / unit.length);
      const start = process.cpuUsage();
      for (let done = 0; done < 262_144; done += length) redactKeyTokens(text);
      const { user, system } = process.cpuUsage(start);
      return user + system;
    };
    time(32_768);
    const ratio = 8 * Math.min(...[1, 2, 3].map(() => time(262_144) / time(32_768)));
    t.ok(ratio < 32, `${JSON.stringify(unit)} grows by ${ratio.toFixed(1)} for 8 times the text`);
  }
});

t.test("redactKeyTokens() passes over words, and nothing but words", (t) => {
  const parts = [
    ...["bot123456", ":", "AAbbccddeeffgghhiijjkkllmmnnoopp", "sk-ABCD1234abcd5678efgh"],
    ...["ghp_0123456789abcdefGH", "eyJhbGciOi", "J9.eyJzdWIiOiIx.abc", "Bearer ", "basic "],
    ...[
      "hello",
      "completions/v1",
      " ",
      "\\n",
      "\\u0020",
      "%20",
      '"',
      "x",
      "1",
      "-",
      ".",
      "é",
      "界",
    ],
  ];
  const choose = seededRandom(9);
  const below = (limit: number) => Math.floor(choose() * limit);
  let found = 0;
  const differing = Array.from({ length: 20_000 }, () => {
    const count = 1 + below(9);
    const text = Array.from({ length: count }, () => parts[below(parts.length)]).join("");
    // Of a text that was cut off every run is looked at; its last one is what differs.
    const whole = redactKeyTokens(`${text} .`);
    if (whole !== `${text} .`) found++;
    return whole === redactKeyTokens(`${text} .`, "cut") ? [] : [text];
  });
  t.same(differing.flat(), []);
  t.ok(found > 1_000, `${found} with keys`);
  t.end();
});
