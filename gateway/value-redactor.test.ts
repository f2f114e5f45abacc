/** Tests written as an attacker would: every way to carry a known value past the redactor into a record. */
import { inspect } from "node:util";
import t from "tap";
import { SecretValue } from "./secret-value.ts";
import { createValueRedactor } from "./value-redactor.ts";

const secret = 'sk-Ab/c+9=d"e\\f&<g>_x~';

function redactor(...values: string[]) {
  return createValueRedactor(values.map((value) => new SecretValue(value)));
}

const base64 = (text: string) => Buffer.from(text).toString("base64");
const hex = (text: string) => Buffer.from(text).toString("hex");
const percentAll = (text: string) => hex(text).replace(/../g, "%$&");
const json = (text: string) => JSON.stringify(text).slice(1, -1);
const unicode = (text: string) =>
  text.replace(/./g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);

const carriers: ReadonlyArray<{ name: string; carry: (text: string) => string }> = [
  { name: "as it is", carry: (text) => text },
  { name: "by encodeURIComponent", carry: encodeURIComponent },
  { name: "by encodeURI", carry: encodeURI },
  { name: "in lower-case percent-encoding", carry: (text) => percentAll(text) },
  { name: "in upper-case percent-encoding", carry: (text) => percentAll(text).toUpperCase() },
  { name: "percent-encoded twice", carry: (text) => encodeURIComponent(encodeURIComponent(text)) },
  { name: "percent-encoded thrice", carry: (text) => percentAll(text).replaceAll("%", "%2525") },
  {
    name: "as a form field",
    carry: (text) => new URLSearchParams({ a: text }).toString().slice(2),
  },
  { name: "by the form of IIS", carry: (text) => unicode(text).replaceAll("\\", "%") },
  { name: "in JSON", carry: json },
  { name: "in JSON with escaped slashes", carry: (text) => json(text).replaceAll("/", "\\/") },
  { name: "in JSON in JSON", carry: (text) => json(json(text)) },
  { name: "as \\u escapes", carry: unicode },
  {
    name: "as upper-case \\u escapes",
    carry: (text) => unicode(text).replace(/[a-f]/g, (d) => d.toUpperCase()),
  },
  { name: "as nested \\u escapes", carry: (text) => json(json(unicode(text))) },
  { name: "as \\u{} escapes", carry: (text) => unicode(text).replace(/u00(..)/g, "u{$1}") },
  { name: "as \\x escapes", carry: (text) => hex(text).replace(/../g, "\\x$&") },
  {
    name: "as octal escapes",
    carry: (text) =>
      text.replace(/./g, (unit) => `\\${unit.charCodeAt(0).toString(8).padStart(3, "0")}`),
  },
  {
    name: "as \\u escapes of percent-encoding",
    carry: (text) => percentAll(text).replaceAll("%", "\\u0025"),
  },
  {
    name: "in HTML",
    carry: (text) =>
      text
        .replaceAll("&", "&amp;")
        .replaceAll("<", "&lt;")
        .replaceAll(">", "&gt;")
        .replaceAll('"', "&quot;"),
  },
  {
    name: "as decimal references",
    carry: (text) => text.replace(/./g, (unit) => `&#${unit.charCodeAt(0)};`),
  },
  { name: "as hexadecimal references", carry: (text) => hex(text).replace(/../g, "&#x00$&;") },
  { name: "as nested references", carry: (text) => hex(text).replace(/../g, "&amp;#x$&;") },
  { name: "in Base64", carry: base64 },
  { name: "in Base64 for URLs", carry: (text) => Buffer.from(text).toString("base64url") },
  { name: "in percent-encoded Base64", carry: (text) => encodeURIComponent(base64(text)) },
  { name: "in JSON-escaped Base64", carry: (text) => base64(text).replaceAll("/", "\\/") },
  { name: "as user of Basic", carry: (text) => `Basic ${base64(`${text}:`)}` },
  { name: "as password of Basic", carry: (text) => `Basic ${base64(`user:${text}`)}` },
  { name: "as password of a longer user", carry: (text) => `Basic ${base64(`users:${text}`)}` },
  {
    name: "as password of a still longer user",
    carry: (text) => `Basic ${base64(`user-s:${text}`)}`,
  },
  { name: "inside longer Base64", carry: (text) => base64(`{"a":"${text}","b":1}`) },
  {
    name: "in wrapped Base64",
    carry: (text) => base64(text.repeat(3)).replace(/.{20}/g, "$&\r\n"),
  },
  {
    name: "in wrapped Base64 in JSON",
    carry: (text) => json(base64(text).replace(/.{7}/g, "$&\n")),
  },
  { name: "in lower-case hexadecimal", carry: hex },
  { name: "in upper-case hexadecimal", carry: (text) => hex(text).toUpperCase() },
  {
    name: "in mixed hexadecimal",
    carry: (text) => hex(text).replace(/.[a-f]/g, (digits) => digits.toUpperCase()),
  },
  { name: "in lower case", carry: (text) => text.toLowerCase() },
  { name: "in upper case", carry: (text) => text.toUpperCase() },
  { name: "over lines", carry: (text) => text.replace(/.{5}/g, "$&\n") },
];

/** What is left of the secret, if anything can be read back. */
function leak(redacted: string, value: string): string | undefined {
  const readable = [redacted, tolerantPercent(redacted), tolerantUnescape(redacted)];
  const plain = readable.map((text) => text.toLowerCase());
  const rest = Array.from({ length: value.length - 5 }, (_, at) => value.slice(at, at + 6));
  const inBase64 = [0, 1, 2].map((shift) => base64("\0".repeat(shift) + value).slice(4, -4));
  return [...rest, ...inBase64, hex(value)].find((piece) =>
    plain.some((text) => text.includes(piece.toLowerCase())),
  );
}

for (const { name, carry } of carriers) {
  t.test(`redactText() replaces a value that is repeated ${name}`, async (t) => {
    for (const value of [secret, "sk-ant-api03-AbCdEfGhIjKlMnOpQrStUvWx", "AKIA+/==AKIA+/==x"]) {
      for (const [before, after] of [
        ["", ""],
        ["key: ", "."],
        ["x", "y"],
        ['{"a":"', '"}'],
        ["%", "%"],
        ["\\", "\\"],
        ["&", "&"],
      ] as const) {
        const text = `${before}${carry(value)}${after}`;
        const redacted = redactor(value).redactText(text);
        t.match(redacted, "[redacted]", text);
        t.equal(leak(redacted, value), undefined, text);
        // A backslash more before an escape belongs to it.
        const rest = before === "\\" ? "" : before;
        t.ok(redacted.startsWith(rest) && redacted.endsWith(after), `the rest of ${text} stays`);
      }
    }
  });
}

t.test("redactText() replaces a value however each of its characters is escaped", async (t) => {
  const random = seeded(5);
  const single = carriers.filter(({ name }) =>
    /^(?!.*Base64).*(?:percent|\\u|\\x|octal|ences|as it is)/.test(name),
  );
  const subject = redactor(secret.replace("\\", ""));
  for (let round = 0; round < 2_000; round++) {
    const escaped = Array.from(secret.replace("\\", ""), (unit) => {
      return single[random(single.length)]?.carry(unit) ?? unit;
    });
    const text = `a ${escaped.join("")} b`;
    if (subject.redactText(text) !== "a [redacted] b") t.fail(text);
  }
});

t.test("redactLatin1() finds a value at every place between other bytes", async (t) => {
  const random = seeded(6);
  const values = ["0123456789abcdef", "Bearer sk-proj-AAAABBBBCCCC", "ééééé-ééééé", "aaaaaaaaaaab"];
  const subject = redactor(...values);
  for (let round = 0; round < 3_000; round++) {
    const value = values[random(values.length)] ?? "";
    const noise = () => Buffer.from(Array.from({ length: random(40) }, () => random(256)));
    const [before, after] = [noise(), noise()];
    const whole = Buffer.concat([before, Buffer.from(value), after]);
    const redacted = Buffer.from(subject.redactLatin1(whole.toString("latin1")), "latin1");
    if (redacted.includes(value)) t.fail(whole.toString("hex"));
    if (redacted.length < whole.length - value.length)
      t.fail(`too much of ${whole.toString("hex")}`);
  }
});

t.test(
  "redactLatin1() and redactText() give back the same text when nothing is found",
  async (t) => {
    t.equal(redactor(secret).redactLatin1("nothing here \xff"), "nothing here \xff");
    t.equal(redactor(secret).redactText("lone \ud83d"), "lone \ud83d");
    t.equal(redactor().redactText("+%25\\u0041&amp;"), "+%25\\u0041&amp;");
    t.equal(redactor("").redactText("a"), "a");
  },
);

t.test("redactText() finds the token of a value that was sent with its scheme", async (t) => {
  const subject = redactor("Bearer sk-proj-AAAABBBBCCCC");
  t.equal(subject.redactText("key sk-proj-AAAABBBBCCCC."), "key [redacted].");
  t.equal(subject.redactText("got Bearer sk-proj-AAAABBBBCCCC."), "got [redacted].");
});

t.test("redactText() finds user and password of Basic credentials", async (t) => {
  const subject = redactor(`Basic ${base64("apikey-12345:hunter2hunter2")}`);
  t.equal(subject.redactText("hunter2hunter2"), "[redacted]");
  t.equal(subject.redactText("apikey-12345 failed"), "[redacted] failed");
  t.equal(subject.redactText("apikey-12345:hunter2hunter2"), "[redacted]");
});

t.test("redactText() replaces overlapping values whole", async (t) => {
  t.equal(redactor("abcdefgh", "fghijklm").redactText("-abcdefghijklm-"), "-[redacted]-");
  t.equal(redactor("abcdefgh", "abcdefgh1234").redactText("abcdefgh1234"), "[redacted]");
  t.equal(redactor("abcdefgh", "cdefghij1").redactText("abcdefghij1"), "[redacted]");
  t.equal(redactor("aabaabaab").redactText("aabaabaabaab."), "[redacted].");
});

t.test("redactText() replaces a short value only as a word of its own", async (t) => {
  const subject = redactor("s3cret");
  const texts: readonly [text: string, redacted: string][] = [
    ["s3cret", "[redacted]"],
    ['{"p":"s3cret"}', '{"p":"[redacted]"}'],
    ["p=s3cret&q", "p=[redacted]&q"],
    ["a\\ns3cret\\n", "a\\n[redacted]\\n"],
    ["%20s3cret%20", "%20[redacted]%20"],
    ["\\u0020s3cret", "\\u0020[redacted]"],
    ["\\x20s3cret", "\\x20[redacted]"],
    [`x ${base64("s3cret")}`, "x [redacted]"],
    ["%733cret", "[redacted]"],
    ["s3crets as3cret _s3cret és3cret", "s3crets as3cret _s3cret és3cret"],
  ];
  for (const [text, redacted] of texts) t.equal(subject.redactText(text), redacted);
});

t.test("redactText() finds values in UTF-16", async (t) => {
  const little = Buffer.from(`say ${secret}!`, "utf16le");
  const big = Buffer.from(little).swap16();
  for (const bytes of [little, big]) {
    const redacted = redactor(secret).redactLatin1(bytes.toString("latin1")).replaceAll("\0", "");
    t.equal(redacted, "say [redacted]!");
  }
});

t.test(
  "redactLatin1() takes the beginning of a value for one where the text was cut off",
  async (t) => {
    const subject = redactor(secret);
    for (const { name, carry } of carriers) {
      const text = carry(secret);
      // The rest of a line end or of `Basic ` is no part of the value.
      const beginning = subject.redactText(`- ${text}`).indexOf("[redacted]");
      for (let length = beginning + 1; length < text.length; length++) {
        const cut = Buffer.from(`- ${text}`).toString("latin1", 0, length);
        const redacted = subject.redactLatin1(cut, "cut");
        if (leak(redacted, secret) !== undefined) t.fail(`${name}: ${cut} became ${redacted}`);
      }
    }
    t.equal(subject.redactText("- sk-A", "cut"), "- [redacted]");
    t.equal(subject.redactText("- sk-", "cut"), "- sk-");
    t.equal(subject.redactText("- sk-A", "whole"), "- sk-A");
  },
);

t.test("redactText() finds a value that itself looks escaped", async (t) => {
  for (const value of [
    "50%25off&amp;more",
    "a\\u0041\\nb\\\\c",
    "%%%%%%%%%",
    "++++ ++++",
    "%2525252525",
  ]) {
    for (const text of [value, percentAll(value), json(value)]) {
      // Where an escape can be read in two ways, less of its last one may be replaced.
      t.match(redactor(value).redactText(`<${text}>`), /^<\[redacted\][%\d]{0,6}>$/, text);
    }
  }
});

t.test("createValueRedactor() gives a redactor that shows no value", async (t) => {
  const subject = redactor(secret);
  subject.redactText(secret);
  const shown = inspect(subject, { showHidden: true, depth: 9 }) + JSON.stringify(subject);
  t.notMatch(shown, /sk-|115|73/);
});

t.test("redactLatin1() takes time in proportion to the text, whatever it is", async (t) => {
  const subject = redactor("a".repeat(40), `${"ab".repeat(20)}c`, "%".repeat(20), secret);
  for (const unit of [
    "a",
    "ab",
    "%25",
    "%",
    "\\",
    "&#",
    "&amp;",
    "sk-\n",
    "a\0\0\0",
    "\\u006",
    "+",
  ]) {
    const time = (length: number) => {
      const text = Buffer.alloc(length, unit).toString("latin1");
      const start = process.hrtime.bigint();
      subject.redactLatin1(text);
      return Number(process.hrtime.bigint() - start);
    };
    time(1_024);
    const ratio = Math.min(...[1, 2, 3].map(() => time(16_384) / time(2_048)));
    t.ok(ratio < 32, `${JSON.stringify(unit)} grows by ${ratio.toFixed(1)} for 8 times the text`);
  }
});

t.test("with() finds what one that is made at once does, whatever is added when", async (t) => {
  const random = seeded(11);
  const letters = 'aAbB0_-/+.=" \\%&é日';
  const word = (longest: number) =>
    Array.from({ length: 1 + random(longest) }, () => letters[random(letters.length)]).join("");
  let found = 0;
  for (let round = 0; round < 300; round++) {
    const values = Array.from({ length: 2 + random(5) }, () => word(24));
    // One that begins like another, in whatever order they come.
    values.splice(random(values.length), 0, `${values[0]}${word(8)}`);
    const whole = redactor(...values);
    let grown = redactor(...values.slice(0, 1));
    const steps = [grown];
    for (let at = 1; at < values.length; ) {
      const next = values.slice(at, at + 1 + random(3));
      grown = grown.with(next.map((value) => new SecretValue(value)));
      steps.push(grown);
      at += next.length;
    }
    const carried = values.map((value) => carriers[random(carriers.length)]?.carry(value) ?? value);
    const text = carried.map((one) => `${word(6)} ${one} ${word(6)}`).join(" ");
    for (const end of ["whole", "cut"] as const) {
      t.equal(grown.redactText(text, end), whole.redactText(text, end));
      const latin1 = Buffer.from(text).toString("latin1");
      t.equal(grown.redactLatin1(latin1, end), whole.redactLatin1(latin1, end));
    }
    if (whole.redactText(text) !== text) found++;
    // Those before still know theirs.
    const [first = ""] = values;
    if (first.trim().length >= 8) {
      for (const step of steps) t.equal(step.redactText(first), redactor(first).redactText(first));
    }
  }
  t.ok(found > 200, `${found} texts with a value`);
});

function tolerantPercent(text: string): string {
  return text.replace(/%([\da-f]{2})/gi, (_, digits: string) => {
    return String.fromCharCode(Number.parseInt(digits, 16));
  });
}

function tolerantUnescape(text: string): string {
  return text
    .replace(/\\+(?:u00|x)([\da-f]{2})/gi, "%$1")
    .replace(/&#x0*([\da-f]{2});/gi, "%$1")
    .replace(/%([\da-f]{2})/gi, (_, digits: string) => {
      return String.fromCharCode(Number.parseInt(digits, 16));
    });
}

function seeded(seed: number) {
  let state = seed;
  return (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) % below;
  };
}
