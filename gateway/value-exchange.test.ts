/** Values are written over in every spelling, at every cut, and nothing else changes, the length least of all. */
import t from "tap";
import { createPlaceholder } from "./placeholder.ts";
import type { ExchangeRule } from "./value-exchange.ts";
import { ValueExchange } from "./value-exchange.ts";

const value = `sk-ant-api03-${"Ab3_dEf-9h".repeat(4)}AA`;
const odd = 'aB3dE6gH9jK2mN5p"\\q8r/S1+uV4xY7z';
const key = Buffer.alloc(32, 3);

function fake(of: string): string {
  const outcome = createPlaceholder(of, { key, name: "default/key/token" });
  if (outcome.kind !== "made") throw new Error(outcome.reason);
  return outcome.text;
}

const toAgent = (secret: string) =>
  new ValueExchange([{ kind: "replace", from: secret, to: fake(secret) }], {
    forms: "all",
    unwritable: "hide",
  });
const toUpstream = (secret: string, more: readonly ExchangeRule[] = []) =>
  new ValueExchange([{ kind: "replace", from: fake(secret), to: secret }, ...more], {
    forms: "text",
    unwritable: "mark",
  });
const hiding = (...secrets: readonly string[]) =>
  new ValueExchange(
    secrets.map((from) => ({ kind: "hide", from })),
    { forms: "all", unwritable: "hide" },
  );

/** The text through the exchange in pieces that end at the cuts. */
function inPieces(exchange: ValueExchange, text: string, cuts: readonly number[]): string {
  const bytes = Buffer.from(text, "latin1");
  const stream = exchange.open();
  const parts: Buffer[] = [];
  let at = 0;
  for (const cut of [...cuts, bytes.length]) {
    // The chunk is only lent.
    const chunk = Buffer.from(bytes.subarray(at, cut));
    parts.push(Buffer.from(stream.write(chunk, cut === bytes.length ? "last" : "more")));
    chunk.fill(0);
    at = cut;
  }
  return Buffer.concat(parts).toString("latin1");
}

function assertEveryCut(
  test: { fail(message: string): unknown; pass(message: string): unknown },
  exchange: ValueExchange,
  { text, wanted }: { readonly text: string; readonly wanted: string },
): void {
  for (let cut = 0; cut <= text.length; cut++) {
    if (inPieces(exchange, text, [cut]) !== wanted) return void test.fail(`cut at ${cut}`);
    const second = Math.min(text.length, cut + 7);
    if (inPieces(exchange, text, [cut, second]) !== wanted)
      return void test.fail(`${cut}, ${second}`);
  }
  const each = Array.from({ length: text.length - 1 }, (_, index) => index + 1);
  if (inPieces(exchange, text, each) !== wanted) return void test.fail("byte by byte");
  test.pass("the same at every cut");
}

const percentAll = (text: string) =>
  Array.from(text, (unit) => `%${unit.charCodeAt(0).toString(16).padStart(2, "0")}`).join("");
const unicodeAll = (text: string) =>
  Array.from(text, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`).join("");
const base64At = (shift: number) => (text: string) =>
  Buffer.from(`${"x".repeat(shift)}${text}`).toString("base64");

const spellings: readonly { readonly name: string; readonly write: (text: string) => string }[] = [
  { name: "raw", write: (text) => text },
  { name: "percent-encoded", write: encodeURIComponent },
  { name: "percent-encoded in whole", write: percentAll },
  { name: "percent-encoded twice", write: (text) => encodeURIComponent(percentAll(text)) },
  { name: "JSON", write: (text) => JSON.stringify(text) },
  { name: "JSON in JSON", write: (text) => JSON.stringify(JSON.stringify(text)) },
  {
    name: "JSON with escaped slashes",
    write: (text) => JSON.stringify(text).replaceAll("/", "\\/"),
  },
  { name: "JSON escaped in whole", write: unicodeAll },
  { name: "hexadecimal", write: (text) => Buffer.from(text).toString("hex") },
  ...[0, 1, 2].map((shift) => ({ name: `Base64 at ${shift}`, write: base64At(shift) })),
  {
    name: "base64url",
    write: (text) => Buffer.from(`ab${text}>>>???`).toString("base64url"),
  },
];

for (const { name, write } of spellings) {
  for (const secret of [value, odd]) {
    t.test(`write() puts the placeholder of "${secret.slice(0, 3)}…" back, ${name}`, async (t) => {
      const text = `data: {"echo":"${write(secret)}"}\n\nand ${write(secret)}.`;
      const passed = toAgent(secret).exchangeText(text).text;
      t.equal(passed.length, text.length);
      t.notOk(passed.includes(write(secret)));
      if (!name.startsWith("Base64") && name !== "base64url") {
        t.equal(
          passed,
          text.replaceAll(write(secret), () => write(fake(secret))),
        );
      }
      assertEveryCut(t, toAgent(secret), { text, wanted: passed });
    });
  }
}

t.test("write() leaves no digit in Base64 that the value alone decides", async (t) => {
  for (const shift of [0, 1, 2]) {
    const text = base64At(shift)(`${value}tail`);
    const passed = Buffer.from(toAgent(value).exchangeText(text).text, "base64").toString("latin1");
    // The first and last character share a digit with what stands beside them.
    t.ok(passed.includes(fake(value).slice(1, -1)), passed);
    const hidden = hiding(value).exchangeText(text).text;
    t.equal(hidden.length, text.length);
    t.notMatch(Buffer.from(hidden, "base64").toString("latin1"), value.slice(4, 12));
  }
});

const textSpellings = spellings.filter(({ name }) => !/base64|hex/i.test(name));

for (const { name, write } of textSpellings) {
  t.test(`write() puts the value in the place of its placeholder, ${name}`, async (t) => {
    for (const secret of [value, odd]) {
      const text = `${write(fake(secret))}&x=${write(fake(secret))}`;
      const wanted = `${write(secret)}&x=${write(secret)}`;
      t.equal(wanted.length, text.length);
      assertEveryCut(t, toUpstream(secret), { text, wanted });
    }
  });
}

t.test("write() tells of a placeholder that it cannot write over, and leaves it", async (t) => {
  const digit = fake(value)[13] ?? "";
  const escaped = fake(value).replace(`-${digit}`, `-&#${digit.charCodeAt(0)};`);
  const result = toUpstream(value).exchangeText(`a ${escaped} b`);
  t.same(result, { text: `a ${escaped} b`, isMarked: true });
});

t.test("write() tells of a mark anywhere but in what is replaced", async (t) => {
  const mark = { kind: "mark", from: "0011223344aa" } as const;
  const exchange = new ValueExchange(
    [{ kind: "replace", from: "key-0011223344aabbccdd", to: "KEY-0011223344aaBBCCDD" }, mark],
    { forms: "all", unwritable: "mark" },
  );
  t.same(exchange.exchangeText("key-0011223344aabbccdd"), {
    text: "KEY-0011223344aaBBCCDD",
    isMarked: false,
  });
  for (const text of ["0011223344AA", "kez-0011223344aabbccdd", base64At(1)("0011223344aa")]) {
    t.equal(exchange.exchangeText(text).isMarked, true, text);
  }
  t.equal(exchange.exchangeText("0011223344a").isMarked, false);
});

t.test("write() hides values with their parts, by as many bytes", async (t) => {
  const basic = `Basic ${Buffer.from("robot:correct-horse").toString("base64")}`;
  const cases = [
    { text: `was ${value}!`, wanted: `was [redacted]${"*".repeat(value.length - 10)}!` },
    {
      text: `pass=correct-horse;`,
      wanted: "pass=correct-horse;".replace("correct-horse", "[redacted]***"),
    },
    { text: `auth: ${basic}`, wanted: `auth: [redacted]${"*".repeat(basic.length - 10)}` },
    {
      text: "a pin is 12345, not 123456 or a12345",
      wanted: "a pin is *****, not 123456 or a12345",
    },
    { text: Buffer.from(value).toString("hex"), wanted: "0".repeat(value.length * 2) },
  ];
  for (const { text, wanted } of cases) {
    const exchange = hiding(value, basic, "12345");
    t.equal(exchange.exchangeText(text).text, wanted);
    assertEveryCut(t, exchange, { text, wanted });
  }
});

t.test("write() joins values that overlap", async (t) => {
  const exchange = hiding("abcdefghij", "ghijklmnop");
  t.equal(exchange.exchangeText("-abcdefghijklmnop-").text, "-[redacted]******-");
  assertEveryCut(t, exchange, { text: "-abcdefghijklmnop-", wanted: "-[redacted]******-" });
});

t.test("write() gives the chunk itself where there is nothing to change", async (t) => {
  const stream = hiding(value).open();
  const chunk = Buffer.from('data: {"text":"100% so & so\\n"}\n\n');
  t.equal(stream.write(chunk, "more"), chunk);
  t.equal(stream.heldBytes, 0);
});

t.test("write() holds no more than what may begin a value", async (t) => {
  const held = [
    { text: "it is", bytes: 1 },
    { text: "it is s", bytes: 1 },
    { text: "it is %", bytes: 1 },
    { text: "it is %7", bytes: 2 },
    { text: "it is \\u007", bytes: 5 },
    { text: 'it is \\"', bytes: 0 },
    { text: `it is ${value.slice(0, 20)}`, bytes: 20 },
    { text: `it is ${value}`, bytes: 0 },
    { text: "it is t", bytes: 0 },
    { text: `data: {"x":"s"}\n\n`, bytes: 0 },
  ];
  for (const { text, bytes } of held) {
    const stream = toUpstream(value, []).open();
    stream.write(Buffer.from(text.replaceAll(value, fake(value))), "more");
    // The placeholder begins with the same vendor's prefix as the value does.
    if (!text.includes(value.slice(0, 20))) t.equal(stream.heldBytes, bytes, text);
    else t.ok(stream.heldBytes <= 20, text);
  }
});

t.test("write() holds little of what only pretends to begin a value", async (t) => {
  const stream = hiding(value).open();
  let most = 0;
  for (let round = 0; round < 2_000; round++) {
    stream.write(Buffer.from(round % 3 === 0 ? "%2525252525" : "\\\\\\\\\\\\"), "more");
    most = Math.max(most, stream.heldBytes);
  }
  t.ok(most < 64 * 1024, `${most}`);
});

t.test("write() agrees with a plain replacement on random texts and cuts", async (t) => {
  let state = 11;
  const below = (limit: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) % limit;
  };
  const secret = "abcabdab1c2d3e4f5a6b7c8d";
  const to = fake(secret);
  const exchange = new ValueExchange([{ kind: "replace", from: secret, to }], {
    forms: "text",
    unwritable: "hide",
  });
  for (let round = 0; round < 3_000; round++) {
    const text = Array.from({ length: 1 + below(12) }, () =>
      below(4) === 0 ? secret : secret.slice(below(6), below(24)),
    ).join("-");
    const cuts = Array.from({ length: below(5) }, () => below(text.length + 1)).sort(
      (a, b) => a - b,
    );
    const found = inPieces(exchange, text, cuts);
    if (found !== text.replaceAll(secret, to)) t.fail(`${text} cut at ${cuts}: ${found}`);
  }
});

t.test("a ValueExchange shows no value when it is printed", async (t) => {
  const exchange = hiding(value);
  t.notMatch(JSON.stringify(exchange), /Ab3/);
  const { inspect } = await import("node:util");
  t.notMatch(inspect([exchange, exchange.open()], { depth: 9, showHidden: true }), /Ab3/);
});
