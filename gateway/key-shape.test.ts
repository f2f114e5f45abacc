/** Tests of key recognition: keys of every known form are seen, words and ids are not, and time stays linear. */
import t from "tap";
import { isHighEntropy, isKeyShaped } from "./key-shape.ts";

// Written in parts so that secret scanners do not take the tests for leaks.
const random = "aB3dE5fG7hJ9kL1mN2pQ4rS6tU8vW0xY";
const keys: ReadonlyArray<{ name: string; text: string }> = [
  { name: "OpenAI", text: `sk-${random}` },
  { name: "OpenAI project", text: `sk-proj-${random}_${random}` },
  { name: "Anthropic", text: `sk-ant-api03-${random}-${random}` },
  { name: "Google", text: `AIza${random}abc` },
  { name: "AWS", text: `AKIA${"IOSFODNN7EXAMPLE"}` },
  { name: "AWS session", text: `ASIA${"IOSFODNN7EXAMPLE"}` },
  { name: "GitHub", text: `ghp_${random}` },
  { name: "GitHub fine-grained", text: `github_pat_${random}` },
  { name: "GitLab", text: `glpat-${random.slice(0, 20)}` },
  { name: "Slack", text: `xoxb-${"123456789012-abcdefGHIJ"}` },
  { name: "Stripe", text: `sk_live_${random}` },
  { name: "Hugging Face", text: `hf_${random}` },
  { name: "Groq", text: `gsk_${random}` },
  { name: "Google OAuth", text: `ya29.${random}` },
  { name: "JSON Web Token", text: "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl" },
  { name: "unsigned JSON Web Token", text: "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0." },
  { name: "Telegram bot", text: `bot123456789:${random}_-a` },
  { name: "bearer", text: "Bearer abcdefghijklmnop" },
  { name: "basic", text: "basic dXNlcjpwYXNzd29yZA==" },
  { name: "surrounded by spaces", text: `  sk-${random}  ` },
  { name: "followed by text", text: `sk-${random} and more` },
];
for (const { name, text } of keys) {
  t.test(`isKeyShaped() sees a key when it is ${name}`, async (t) => {
    t.equal(isKeyShaped(text), true);
  });
}

const harmless: readonly string[] = [
  "",
  "sk-",
  "sk-short",
  "sk-hynix-announces-new-memory",
  "AIza",
  "AKIA",
  "token economics explained",
  "basic income in europe",
  "eyJ",
  "eyJhbGciOiJIUzI1NiJ9",
  "eyJ not a token. at all.",
  "bot12:short",
  "robot123456:abc",
  "chat/completions",
  "gpt-4.1-mini-2025-04-14",
  "550e8400-e29b-41d4-a716-446655440000",
  "asst_abc123",
  "constructor",
];
for (const text of harmless) {
  t.test(`isKeyShaped() sees none when the text is ${JSON.stringify(text)}`, async (t) => {
    t.equal(isKeyShaped(text), false);
  });
}

const randoms: ReadonlyArray<{ name: string; text: string; random: boolean }> = [
  { name: "base64url", text: random, random: true },
  { name: "padded base64", text: "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQ+/8=", random: true },
  { name: "32 hex digits", text: "0123456789abcdef0123456789abcdef", random: true },
  {
    name: "a SHA-256 in upper case",
    text: "9F86D081884C7D659A2FEAA0C55AD015A3BF4F1B2B0B822CD15D6C15B0F00A08",
    random: true,
  },
  { name: "base 36", text: "k3j5h2g8f9d0s1a4q6w7e8r9t0y1u2i3o4p5", random: true },
  { name: "31 hex digits", text: "0123456789abcdef0123456789abcde", random: false },
  { name: "a UUID", text: "550e8400-e29b-41d4-a716-446655440000", random: false },
  { name: "digits only", text: "12345678901234567890123456789012345", random: false },
  { name: "letters only", text: "abcdefabcdefabcdefabcdefabcdefabcdef", random: false },
  { name: "words", text: "the-quick-brown-fox-jumps-over-the-lazy-dog", random: false },
  { name: "a title", text: "The-Quick-Brown-Fox-Jumps-Over-2-Dogs-In-1-Day", random: false },
  { name: "a sentence", text: "Give me 3 reasons Why 2 and 2 Are 4, please", random: false },
  { name: "a time", text: "2026-01-01T00:00:00.000000000Z-2026-01-02", random: false },
  { name: "not ASCII", text: "ÄÖÜäöüßaB3dE5fG7hJ9kL1mN2pQ4rS6tU8v", random: false },
  { name: "empty", text: "", random: false },
];
for (const { name, text, random: expected } of randoms) {
  t.test(`isHighEntropy() says ${expected} when the text is ${name}`, async (t) => {
    t.equal(isHighEntropy(text), expected);
  });
}

t.test("isKeyShaped() and isHighEntropy() take linear time on long text", async (t) => {
  const million = 1_000_000;
  const hostile = [
    "a".repeat(million),
    "eyJ".repeat(million / 3),
    ".".repeat(million),
    `sk-${"-".repeat(million)}`,
  ];
  const start = process.hrtime.bigint();
  for (const text of hostile) {
    isKeyShaped(text);
    isHighEntropy(text);
  }
  t.ok(process.hrtime.bigint() - start < 2_000_000_000n);
});
