/** Capture as an attacker sees it: bounds hold, and no secret comes through by name, value, coding or cut. */
import t from "tap";
import type { CapturedBody } from "../call-facts.ts";
import { SecretValue } from "../secret-value.ts";
import { BodyRedaction } from "../redaction/body-redaction.ts";
import { createValueRedactor } from "../value-redactor.ts";
import type { CapturedHeader, FinishedBody } from "./capture.ts";
import { BodyCapture, captureHeaders, createBodyCapture, finishCapturedBody } from "./capture.ts";

const secret = "injected/secret+value=1";
const key = "sk-aB3dE5fG7hJ9kL1mN2pQ4rS6tU8vW0xY";
const redactor = createValueRedactor([new SecretValue(`Bearer ${secret}`)]);
const redaction = {
  redactHeaders: ["x-customer"],
  redactQuery: ["customer"],
  injected: new Set(["x-injected"]),
  redactor,
};

const bodies = {
  redactor,
  redaction: new BodyRedaction({ jsonPaths: [], shapes: [], patterns: [] }),
  mediaType: "application/json",
};

function capture(name: string, value: string): CapturedHeader | undefined {
  return captureAll([[name, value]])[0];
}

function captureAll(entries: readonly CapturedHeader[]): CapturedHeader[] {
  return JSON.parse(captureHeaders(entries, redaction));
}

function finishBody(body: FinishedBody, finished = bodies): CapturedBody {
  return JSON.parse(finishCapturedBody(body, finished).join(""));
}

function finish(body: string | Buffer, overrides: Partial<FinishedBody> = {}): string {
  const text = Buffer.from(body).toString("latin1");
  const whole = {
    bytes: text.length,
    text,
    isTruncated: false,
    isEnded: true,
    contentEncoding: "",
  };
  const { base64 } = finishBody({ ...whole, ...overrides });
  return Buffer.from(base64, "base64").toString();
}

t.test("BodyCapture keeps the same for every split of a body", async (t) => {
  const body = Buffer.from(Array.from({ length: 10_000 }, (_, index) => index % 251));
  for (const maxBytes of [0, 1, 4_095, 4_097, 9_999, 10_000, 10_001]) {
    for (const size of [1, 7, 4_096, 10_000]) {
      const subject = new BodyCapture(maxBytes);
      for (let at = 0; at < body.length; at += size) subject.add(body.subarray(at, at + size));
      subject.add(Buffer.alloc(0));
      const { bytes, text, isTruncated } = subject.take();
      t.equal(bytes, body.length);
      t.ok(text === body.toString("latin1", 0, maxBytes), `${maxBytes} in chunks of ${size}`);
      t.equal(isTruncated, maxBytes < body.length);
    }
  }
});

t.test("BodyCapture copies, so that a borrowed chunk may change", async (t) => {
  const chunk = Buffer.from("first");
  const subject = new BodyCapture(100);
  subject.add(chunk);
  chunk.fill("x");
  t.equal(subject.take().text, "first");
});

t.test(
  "BodyCapture holds no more memory than its bound, nor anything once it is taken",
  async (t) => {
    const subject = new BodyCapture(5_000);
    for (let round = 0; round < 100; round++) subject.add(Buffer.alloc(999));
    t.equal(subject.take().text.length, 5_000);
    t.same(subject.take(), { bytes: 0, text: "", isTruncated: false });
  },
);

t.test("BodyCapture keeps long pieces beside the heap, which is bounded", async (t) => {
  const piece = Buffer.alloc(900_000, "a");
  const before = process.memoryUsage().heapUsed;
  const open = Array.from({ length: 60 }, () => {
    const subject = new BodyCapture(2_000_000);
    subject.add(piece);
    subject.add(Buffer.from("b"));
    return subject;
  });
  const taken = process.memoryUsage().heapUsed - before;
  t.ok(taken < 8_000_000, `${taken} bytes of heap`);
  t.equal(open[0]?.take().text, `${"a".repeat(900_000)}b`);
});

t.test("BodyCapture counts what was on the wire where chunks were decoded", async (t) => {
  const subject = new BodyCapture(4);
  subject.add(Buffer.from("ab"), 10);
  subject.add(Buffer.from("cdef"), 0);
  subject.add(Buffer.alloc(0), 5);
  t.same(subject.take(), { bytes: 15, text: "abcd", isTruncated: true });
});

t.test("BodyCapture.markTruncated() says that less than all was given", async (t) => {
  const subject = new BodyCapture(4);
  subject.add(Buffer.from("ab"));
  subject.markTruncated();
  t.equal(subject.take().isTruncated, true);
});

t.test("createBodyCapture() makes one only for content types of the plan", async (t) => {
  const plan = { maxBytes: 10, contentTypes: ["application/json"] };
  t.ok(createBodyCapture(plan, "application/json; charset=utf-8"));
  t.equal(createBodyCapture(plan, "image/png"), undefined);
  t.equal(createBodyCapture(plan, undefined), undefined);
});

const headers: ReadonlyArray<{ name: string; header: CapturedHeader; shown: string }> = [
  { name: "harmless", header: ["content-type", "text/plain"], shown: "text/plain" },
  { name: "a credential's", header: ["authorization", "x"], shown: "[redacted]" },
  { name: "in another case", header: ["Authorization", "x"], shown: "[redacted]" },
  { name: "one of the plan", header: ["x-customer", "1"], shown: "[redacted]" },
  { name: "one of the plan in another case", header: ["X-Customer", "1"], shown: "[redacted]" },
  { name: "injected", header: ["x-injected", "1"], shown: "[redacted]" },
  { name: "secret by its name", header: ["x-functions-access-token", "1"], shown: "[redacted]" },
  { name: "no secret but alike", header: ["x-ratelimit-remaining-tokens", "1"], shown: "1" },
  { name: "key-shaped", header: ["x-a", key], shown: "[redacted]" },
  { name: "key-shaped in the middle", header: ["x-a", `k="${key}"`], shown: 'k="[redacted]"' },
  { name: "an echo", header: ["x-echo", `got Bearer ${secret}!`], shown: "got [redacted]!" },
  { name: "an echo of the token alone", header: ["x-echo", `<${secret}>`], shown: "<[redacted]>" },
  {
    name: "an encoded echo",
    header: ["x-echo", Buffer.from(`a:${secret}`).toString("base64url")],
    shown: "YTp[redacted]",
  },
  { name: "a target", header: [":path", "/a?key=1&b=2#c"], shown: "/a?key=[redacted]&b=2" },
  { name: "a target with a key", header: [":path", `/${key}/a`], shown: "/[redacted]/a" },
  {
    name: "a target with an echo",
    header: [":path", `/a?b=${encodeURIComponent(secret)}`],
    shown: "/a?b=[redacted]",
  },
  {
    name: "a target of two slashes",
    header: [":path", "//a@b/?token=1"],
    shown: "//[redacted]@b/?token=[redacted]",
  },
  {
    name: "a redirect",
    header: ["location", "https://u:p@x/?sig=1"],
    shown: "https://[redacted]@x/?sig=[redacted]",
  },
  {
    name: "a referrer",
    header: ["referer", "https://x/?token=1"],
    shown: "https://x/?token=[redacted]",
  },
  {
    name: "a link",
    header: ["link", "<https://x/?access_token=1>; rel=next"],
    shown: "<https://x/?access_token=[redacted]; rel=next",
  },
  { name: "an authority", header: [":authority", "u:p@x"], shown: "[redacted]@x" },
];

for (const { name, header, shown } of headers) {
  t.test(`captureHeaders() gives out no secret when a header is ${name}`, async (t) => {
    t.same(capture(...header), [header[0], shown]);
  });
}

t.test("captureHeaders() redacts a secret in the name of a header", async (t) => {
  t.same(capture(`x-${secret}`, "1"), ["x-[redacted]", "1"]);
});

t.test("captureHeaders() keeps no more than 128 headers of bounded length", async (t) => {
  const entries = Array.from(
    { length: 200 },
    (_, index): CapturedHeader => [`x-${index}${"n".repeat(1_000)}`, "v ".repeat(10_000)],
  );
  const captured = captureAll(entries);
  t.equal(captured.length, 128);
  for (const [name, value] of captured) {
    t.equal(name.length, 257);
    t.equal(value.length, 4_097);
    t.ok(value.endsWith("…"));
  }
});

t.test("captureHeaders() gives JSON of ASCII, whatever is sent", async (t) => {
  const entries: CapturedHeader[] = [["x-a", 'ünï "模型" \u2028\u0007\\ 🙂']];
  t.match(captureHeaders(entries, redaction), /^[\x20-\x7e]+$/);
  t.same(captureAll(entries), entries);
  t.equal(captureHeaders([], redaction), "[]");
});

t.test("captureHeaders() redacts before it shortens", async (t) => {
  for (let before = 4_096 - secret.length; before <= 4_096; before++) {
    const [, value = ""] = capture("x-a", `${" .".repeat(before / 2)}${secret}`) ?? [];
    if (value.includes(secret.slice(0, 8))) t.fail(`${before} characters before`);
  }
});

t.test("finishCapturedBody() replaces injected values and keys, and nothing else", async (t) => {
  const body = JSON.stringify({ echo: `Bearer ${secret}`, key, text: "ünï", ok: true });
  t.equal(finish(body), '{"echo":"[redacted]","key":"[redacted]","text":"ünï","ok":true}');
  const bytes = Buffer.from([0xff, 0xfe, 0x00, 0x80, 0x0a]);
  const text = bytes.toString("latin1");
  const whole = { bytes: 5, text, isTruncated: false, isEnded: true, contentEncoding: "" };
  const binary = { ...bodies, mediaType: "application/octet-stream" };
  t.equal(finishBody(whole, binary).base64, bytes.toString("base64"));
});

t.test("finishCapturedBody() shows no part of a secret that the bound cut through", async (t) => {
  const body = Buffer.from(`{"a":"${secret}","b":"${key}"}`);
  for (let maxBytes = 0; maxBytes <= body.length; maxBytes++) {
    const subject = new BodyCapture(maxBytes);
    subject.add(body);
    const shown = finish("", subject.take());
    if (shown.includes(secret.slice(0, 6)) || shown.includes(key.slice(0, 12))) t.fail(shown);
  }
});

t.test(
  "finishCapturedBody() shows no part of a secret where the stream was over in it",
  async (t) => {
    for (let length = 4; length < secret.length; length++) {
      const body = `{"echo":"${secret.slice(0, length)}`;
      t.equal(finish(body, { isEnded: false }), '{"echo":"[redacted]', `${length}`);
    }
    t.equal(finish('{"echo":"all"}', { isEnded: false }), '{"echo":"all"}');
  },
);

t.test("finishCapturedBody() keeps nothing that it cannot read", async (t) => {
  const body = {
    bytes: 99,
    text: secret,
    isTruncated: false,
    isEnded: true,
    contentEncoding: "BR",
  };
  t.same(finishBody(body), {
    base64: "",
    bytes: 99,
    isTruncated: true,
    contentEncoding: "br",
  });
  t.same(finishBody({ ...body, bytes: 0 }).isTruncated, false);
});

for (const contentEncoding of [secret, key, "x".repeat(65), "gzip\u0000", "ünï"]) {
  t.test(
    `finishCapturedBody() repeats no coding that is none: ${contentEncoding.slice(0, 9)}`,
    async (t) => {
      const body = { bytes: 1, text: "a", isTruncated: false, isEnded: true, contentEncoding };
      t.equal(finishBody(body).contentEncoding, "unknown");
    },
  );
}

t.test("finishCapturedBody() takes identity for no coding", async (t) => {
  t.equal(finish("a", { contentEncoding: " Identity " }), "a");
});
