/** Percent-encoding against the platform's own, with what RFC 3986 wants beyond it. */
import t from "tap";
import {
  byteOfDigits,
  encodeComponent,
  encodePath,
  normalizeComponent,
  normalizePath,
} from "./uri-encoding.ts";

/** encodeURIComponent() leaves five characters that RFC 3986 reserves. */
function strictly(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

t.test("encodeComponent() escapes every byte but unreserved characters", async (t) => {
  for (let point = 0; point < 0x1_1000; point++) {
    if (point >= 0xd800 && point <= 0xdfff) continue;
    const text = String.fromCodePoint(point);
    if (encodeComponent(text) !== strictly(text)) t.fail(`U+${point.toString(16)}`);
  }
  t.equal(encodeComponent("a/b %é😀z"), "a%2Fb%20%25%C3%A9%F0%9F%98%80z");
  t.equal(encodeComponent(""), "");
});

t.test("encodePath() keeps slashes alone", async (t) => {
  t.equal(encodePath("/a b/%2F/:"), "/a%20b/%252F/%3A");
});

t.test("encodeComponent() writes half a surrogate pair as U+FFFD", async (t) => {
  for (const text of ["\ud83d", "\udc00", "a\ud83db", "\udc00\ud83d"]) {
    t.equal(encodeComponent(text), strictly(text.toWellFormed()));
    t.equal(normalizeComponent(text), strictly(text.toWellFormed()));
  }
});

const normal: ReadonlyArray<{ name: string; text: string; component: string; path: string }> = [
  { name: "plain", text: "abc-._~019", component: "abc-._~019", path: "abc-._~019" },
  { name: "lower-case digits", text: "%2f%c3%a9", component: "%2F%C3%A9", path: "%2F%C3%A9" },
  { name: "needless escapes", text: "%41%7e%2D", component: "A~-", path: "A~-" },
  { name: "a bare slash", text: "a/b", component: "a%2Fb", path: "a/b" },
  { name: "a plus", text: "a+b", component: "a%2Bb", path: "a%2Bb" },
  { name: "no escapes", text: "%", component: "%25", path: "%25" },
  { name: "broken escapes", text: "%4%zz%", component: "%254%25zz%25", path: "%254%25zz%25" },
  { name: "bytes that are no UTF-8", text: "%ff", component: "%FF", path: "%FF" },
  { name: "an escape of an escape", text: "%2541", component: "%2541", path: "%2541" },
  {
    name: "letters beyond ASCII for digits",
    text: "%１１",
    component: "%25%EF%BC%91%EF%BC%91",
    path: "%25%EF%BC%91%EF%BC%91",
  },
];

for (const { name, text, component, path } of normal) {
  t.test(`normalizeComponent() and normalizePath() write ${name} in one way`, async (t) => {
    t.equal(normalizeComponent(text), component);
    t.equal(normalizePath(text), path);
    t.equal(normalizeComponent(component), component, "is final");
    t.equal(normalizePath(path), path, "is final");
  });
}

t.test("byteOfDigits() takes hexadecimal digits alone", async (t) => {
  const read = (text: string) => byteOfDigits(text.charCodeAt(0), text.charCodeAt(1));
  t.same(["00", "7f", "Ff", "aA"].map(read), [0, 127, 255, 170]);
  t.same(["0", "", "g0", "0g", " 0", "0x", "１0"].map(read), [-1, -1, -1, -1, -1, -1, -1]);
});
