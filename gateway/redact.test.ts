/** Tests of redaction: no secret leaves by name, shape or nesting, and nothing else changes. */
import t from "tap";
import {
  isRedactedHeader,
  isSecretName,
  redactAuthority,
  redactHeader,
  redactPath,
  redactQuery,
  redactTarget,
  redactUrl,
} from "./redact.ts";

const random = "aB3dE5fG7hJ9kL1mN2pQ4rS6tU8vW0xY";

const queries: ReadonlyArray<{ name: string; query: string; redacted: string }> = [
  { name: "is empty", query: "", redacted: "" },
  { name: "is harmless", query: "model=gpt-4&limit=10", redacted: "model=gpt-4&limit=10" },
  { name: "has a key", query: "alt=sse&key=abc", redacted: "alt=sse&key=[redacted]" },
  { name: "has an api_key", query: "api_key=x&b=1", redacted: "api_key=[redacted]&b=1" },
  { name: "has another case", query: "API-Key=x", redacted: "API-Key=[redacted]" },
  { name: "escapes the name", query: "%61pi%5Fkey=x", redacted: "%61pi%5Fkey=[redacted]" },
  {
    name: "escapes the name badly",
    query: "%zz%6bey%=1&k%65y=x",
    redacted: "%zz%6bey%=1&k%65y=[redacted]",
  },
  {
    name: "has escapes that are not UTF-8",
    query: "%ff&%6bey=x",
    redacted: "%ff&%6bey=[redacted]",
  },
  { name: "hides the name behind bad UTF-8", query: "%ffkey=x", redacted: "%ffkey=[redacted]" },
  {
    name: "separates by semicolon",
    query: "a=1;token=x;b=2",
    redacted: "a=1;token=[redacted];b=2",
  },
  {
    name: "names a member",
    query: "auth[password]=x&user.token=y",
    redacted: "auth[password]=[redacted]&user.token=[redacted]",
  },
  {
    name: "is signed for S3",
    query:
      "X-Amz-Algorithm=AWS4&X-Amz-Credential=A%2F1&X-Amz-Date=20260101&X-Amz-Signature=ab&X-Amz-Security-Token=t",
    redacted:
      "X-Amz-Algorithm=AWS4&X-Amz-Credential=[redacted]&X-Amz-Date=20260101&X-Amz-Signature=[redacted]&X-Amz-Security-Token=[redacted]",
  },
  {
    name: "is an Azure SAS",
    query: "sv=2022&sr=b&sig=abc%3D",
    redacted: "sv=2022&sr=b&sig=[redacted]",
  },
  {
    name: "returns from OAuth",
    query: "code=4/0A&state=open",
    redacted: "code=[redacted]&state=open",
  },
  {
    name: "has a client secret",
    query: "client_id=a&client_secret=b",
    redacted: "client_id=a&client_secret=[redacted]",
  },
  {
    name: "repeats a parameter",
    query: "token=a&token=b",
    redacted: "token=[redacted]&token=[redacted]",
  },
  { name: "leaves a secret empty", query: "token=&key", redacted: "token=&key" },
  { name: "has a value with equals signs", query: "token=a=b=c", redacted: "token=[redacted]" },
  { name: "has a key-shaped value", query: `q=sk-${random}`, redacted: "q=[redacted]" },
  { name: "has an escaped key-shaped value", query: `q=%73k-${random}`, redacted: "q=[redacted]" },
  { name: "has a random value", query: `cursor=${random}`, redacted: "cursor=[redacted]" },
  { name: "has a key and no name", query: `sk-${random}`, redacted: "[redacted]" },
  { name: "has a key as a name", query: `sk-${random}=1`, redacted: "[redacted]=1" },
  {
    name: "nests a URL with a token",
    query: "next=https%3A%2F%2Fx%2F%3Ftoken%3Da",
    redacted: "next=[redacted]",
  },
  {
    name: "nests a URL with a fragment token",
    query: "next=https%3A%2F%2Fx%2F%23access_token%3Da",
    redacted: "next=[redacted]",
  },
  { name: "nests a URL with a password", query: "url=https://u:p@x/", redacted: "url=[redacted]" },
  {
    name: "nests twice",
    query: `u=${encodeURIComponent(`https://a/?v=${encodeURIComponent("https://b/?key=s")}`)}`,
    redacted: "u=[redacted]",
  },
  {
    name: "nests a harmless URL",
    query: "next=https%3A%2F%2Fx%2F%3Fa%3D1",
    redacted: "next=https%3A%2F%2Fx%2F%3Fa%3D1",
  },
  {
    name: "nests an address in a path",
    query: "u=https://x/@scope/name",
    redacted: "u=https://x/@scope/name",
  },
  { name: "has only separators", query: "&&;;&", redacted: "&&;;&" },
  {
    name: "has a name of the prototype",
    query: "constructor=1&__proto__=2",
    redacted: "constructor=1&__proto__=2",
  },
  {
    name: "counts tokens",
    query: "max_tokens=5&keyboard=qwerty",
    redacted: "max_tokens=5&keyboard=qwerty",
  },
];
for (const { name, query, redacted } of queries) {
  t.test(`redactQuery() hides secrets and keeps the rest when the query ${name}`, async (t) => {
    t.equal(redactQuery(query), redacted);
  });
}

t.test("redactQuery() is idempotent on all its results", async (t) => {
  for (const { redacted } of queries) t.equal(redactQuery(redacted), redacted);
});

const targets: ReadonlyArray<{ name: string; target: string; path: string; query: string }> = [
  { name: "plain", target: "/v1/chat", path: "/v1/chat", query: "" },
  {
    name: "with a query",
    target: "/v1/m:generate?key=x&alt=sse",
    path: "/v1/m:generate",
    query: "key=[redacted]&alt=sse",
  },
  { name: "with two question marks", target: "/a?b=c?token=d", path: "/a", query: "b=[redacted]" },
  { name: "with a fragment", target: "/a?b=1#access_token=x", path: "/a", query: "b=1" },
  { name: "with a question mark in the fragment", target: "/a#x?token=y", path: "/a", query: "" },
  { name: "the asterisk form", target: "*", path: "*", query: "" },
  { name: "empty", target: "", path: "", query: "" },
];
for (const { name, target, path, query } of targets) {
  t.test(`redactTarget() splits the target when it is ${name}`, async (t) => {
    t.strictSame(redactTarget(target), { path, query });
  });
}

const paths: ReadonlyArray<{ name: string; path: string; redacted: string }> = [
  { name: "short", path: "/v1/messages", redacted: "/v1/messages" },
  {
    name: "with ids",
    path: "/v1/threads/thread_abcDEF123456/runs",
    redacted: "/v1/threads/thread_abcDEF123456/runs",
  },
  {
    name: "with a digest",
    path: "/v2/a/blobs/sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    redacted: "/v2/a/blobs/sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
  },
  { name: "with a key", path: `/hook/sk-${random}/x`, redacted: "/hook/[redacted]/x" },
  { name: "with an escaped key", path: `/hook/%73k-${random}`, redacted: "/hook/[redacted]" },
  {
    name: "of a Telegram bot",
    path: `/bot123456789:${random}abc/sendMessage`,
    redacted: "/[redacted]/sendMessage",
  },
  {
    name: "with a JSON Web Token",
    path: "/t/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
    redacted: "/t/[redacted]",
  },
];
for (const { name, path, redacted } of paths) {
  t.test(`redactPath() replaces key-shaped segments only when the path is ${name}`, async (t) => {
    t.equal(redactPath(path), redacted);
  });
}

const urls: ReadonlyArray<{ name: string; url: string; redacted: string }> = [
  {
    name: "plain",
    url: "https://api.openai.com/v1/models",
    redacted: "https://api.openai.com/v1/models",
  },
  { name: "with a port", url: "http://x:8080/?a=1", redacted: "http://x:8080/?a=1" },
  { name: "with a password", url: "https://user:pa%40ss@x/p", redacted: "https://[redacted]@x/p" },
  { name: "with two at signs", url: "https://u@v:p@x/p", redacted: "https://[redacted]@x/p" },
  {
    name: "with an at sign in the path",
    url: "https://x/@scope/p",
    redacted: "https://x/@scope/p",
  },
  {
    name: "with a token and a fragment",
    url: "https://x/?token=a#b",
    redacted: "https://x/?token=[redacted]",
  },
  { name: "without a path", url: "https://x?key=a", redacted: "https://x?key=[redacted]" },
  { name: "without a scheme", url: "//u:p@x/y", redacted: "//[redacted]@x/y" },
  {
    name: "only a path with a URL in its query",
    url: "/login?next=http://u:p@h/",
    redacted: "/login?next=[redacted]",
  },
  { name: "only an authority", url: "u:p@x:443", redacted: "[redacted]@x:443" },
  { name: "no URL", url: "not a url", redacted: "not a url" },
  { name: "empty", url: "", redacted: "" },
  {
    name: "malformed",
    url: "https://%/%%%?%=%&key=%",
    redacted: "https://%/%%%?%=%&key=[redacted]",
  },
];
for (const { name, url, redacted } of urls) {
  t.test(`redactUrl() hides user information and secrets when the text is ${name}`, async (t) => {
    t.equal(redactUrl(url), redacted);
  });
}

t.test("redactAuthority() replaces user information", async (t) => {
  t.equal(redactAuthority("api.openai.com:443"), "api.openai.com:443");
  t.equal(redactAuthority("u:p@x:443"), "[redacted]@x:443");
  t.equal(redactAuthority("@x"), "[redacted]@x");
});

t.test("isSecretName() gives up on names that are no names", async (t) => {
  t.equal(isSecretName("x".repeat(10_000)), false);
  t.equal(isSecretName(`${"-".repeat(100)}token`), true);
  t.equal(isSecretName(""), false);
});

t.test("isRedactedHeader() knows the list and what was injected, in any case", async (t) => {
  t.equal(isRedactedHeader("Authorization"), true);
  t.equal(isRedactedHeader("X-Goog-Api-Key"), true);
  t.equal(isRedactedHeader("accept"), false);
  t.equal(isRedactedHeader("constructor"), false);
  t.equal(isRedactedHeader("X-Custom", new Set(["x-custom"])), true);
});

t.test("redactHeader() keeps harmless values and hides keys in any header", async (t) => {
  t.equal(redactHeader("accept", "text/html"), "text/html");
  t.equal(redactHeader("cookie", "a=1"), "[redacted]");
  t.equal(redactHeader("x-anything", `sk-${random}`), "[redacted]");
  t.equal(redactHeader("x-anything", "Bearer abcdefghijkl"), "[redacted]");
});

// xorshift32: a seeded generator, so that a failure can be repeated
function randomText(seed: number): string {
  const alphabet = "ab=&;?#%/:@.+-_kKeEyY0159~ \u00e9\ud83d\n";
  let state = seed;
  let text = "";
  for (let index = 0; index < 60; index++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    text += alphabet[(state >>> 0) % alphabet.length];
  }
  return text;
}

t.test("redactUrl() only removes the fragment when random text holds no secret", async (t) => {
  let unchanged = 0;
  for (let seed = 1; seed <= 3_000; seed++) {
    const text = randomText(seed);
    const { path, query } = redactTarget(text);
    if (path.includes("?") || path.includes("#") || query.includes("#")) t.fail(text);
    const url = redactUrl(text);
    if (url.includes("[redacted]")) continue;
    unchanged++;
    const kept = text.split("#")[0] ?? "";
    if (url !== kept && `${url}?` !== kept) t.fail(text);
  }
  t.ok(unchanged > 100);
});

t.test("redactQuery() never shows the value of a key however it is surrounded", async (t) => {
  for (let seed = 1; seed <= 1_000; seed++) {
    const before = randomText(seed);
    const redacted = redactQuery(`${before}&api_key=hunter2-s3cret&${randomText(seed + 7_000)}`);
    if (redacted.includes("hunter2-s3cret")) t.fail(before);
  }
});

t.test("redactUrl() takes linear time on hostile text", async (t) => {
  const hostile = [
    "&".repeat(200_000),
    "%".repeat(200_000),
    "%25".repeat(70_000),
    "a=".repeat(100_000),
    "?://@".repeat(40_000),
    "/".repeat(200_000),
  ];
  const start = process.hrtime.bigint();
  for (const text of hostile) {
    redactUrl(text);
    redactUrl(`https://x/?u=${encodeURIComponent(text)}`);
  }
  t.ok(process.hrtime.bigint() - start < 3_000_000_000n);
});
