/** Hosts and host patterns: what is accepted, one spelling, and what `*` reaches. */
import t from "tap";
import {
  hostPatternToRegex,
  matchHostPattern,
  normaliseHost,
  parseHostPattern,
  readHost,
  readHostPattern,
} from "./host-pattern.ts";

for (const [text, expected] of [
  ["api.openai.com", "api.openai.com"],
  ["API.OpenAI.com.", "api.openai.com"],
  ["localhost", "localhost"],
  ["my_bucket.s3.amazonaws.com", "my_bucket.s3.amazonaws.com"],
  ["xn--bcher-kva.de", "xn--bcher-kva.de"],
  ["1password.com", "1password.com"],
  ["a.1b", "a.1b"],
  ["192.0.2.1", "192.0.2.1"],
  ["[::1]", "::1"],
  ["2001:DB8::1", "2001:db8::1"],
  ["::ffff:192.0.2.1", "192.0.2.1"],
  ["[::ffff:192.0.2.1]", "192.0.2.1"],
  [`${"a".repeat(63)}.com`, `${"a".repeat(63)}.com`],
] as const) {
  t.test(`normaliseHost() writes ${text} as ${expected}`, (t) => {
    t.equal(normaliseHost(text), expected);
    t.end();
  });
}

const refused = [
  ["", "empty name"],
  [".", "empty name"],
  ["a..b", "empty label at position 2"],
  [".a", "empty label at position 0"],
  ["a..", "empty label at position 2"],
  ["-a.com", 'label "-a" begins or ends with "-"'],
  ["a-.com", 'label "a-" begins or ends with "-"'],
  ["a b.com", 'character " " at position 1'],
  ["a@b.com", 'character "@" at position 1'],
  ["a%2e.com", 'character "%" at position 1'],
  ["a\n.com", 'character "\\n" at position 1'],
  ["a\0.com", 'character "\\u0000" at position 1'],
  ["bücher.de", 'not ASCII: write "xn--bcher-kva.de"'],
  ["\u212aelvin.com", 'not ASCII: write "kelvin.com"'],
  ["a。b", 'not ASCII: write "a.b"'],
  ["https://api.x.com/v1", 'a scheme is not part of a host: write "api.x.com"'],
  ["api.x.com/v1", "a path is not part of a host"],
  ["api.x.com:443", 'a port is not part of a host: write "api.x.com"'],
  ["[::1]:443", "malformed IPv6 address"],
  ["[1.2.3.4]", "only an IPv6 address stands in brackets"],
  ["[a.com]", "only an IPv6 address stands in brackets"],
  ["::1%lo", "malformed IPv6 address"],
  ["1.2.3", "ends in a number but is no IPv4 address"],
  ["127.1", "ends in a number but is no IPv4 address"],
  ["2130706433", "ends in a number but is no IPv4 address"],
  ["0x7f000001", "ends in a number but is no IPv4 address"],
  ["a.0x", "ends in a number but is no IPv4 address"],
  ["a.com.1", "ends in a number but is no IPv4 address"],
  ["0177.0.0.1", "ends in a number but is no IPv4 address"],
  ["256.0.0.1", "ends in a number but is no IPv4 address"],
  [`${"a".repeat(64)}.com`, "label longer than 63 characters"],
  [`${"a.".repeat(127)}a`, "longer than 253 characters"],
] as const;

for (const [text, detail] of refused) {
  t.test(`readHost() and readHostPattern() refuse ${JSON.stringify(text).slice(0, 40)}`, (t) => {
    t.strictSame(readHost(text), { kind: "invalid", detail });
    t.strictSame(readHostPattern(text), { kind: "invalid", detail });
    t.equal(normaliseHost(text), undefined);
    t.end();
  });
}

for (const [text, detail] of [
  ["*", '"*" alone is not allowed; name the hosts, or "*.example.com"'],
  ["*.", "empty name"],
  ["*.*.com", '"*" may only be the whole first label, as in "*.example.com"'],
  ["a*.com", '"*" may only be the whole first label, as in "*.example.com"'],
  ["a.*.com", '"*" may only be the whole first label, as in "*.example.com"'],
  ["**.com", '"*" may only be the whole first label, as in "*.example.com"'],
  ["*com", '"*" may only be the whole first label, as in "*.example.com"'],
  ["*.1.2.3.4", '"*." needs a DNS name after it, not an IP address'],
  ["*.::1", '"*." needs a DNS name after it, not an IP address'],
  ["*..com", "empty label at position 0"],
] as const) {
  t.test(`readHostPattern() refuses "${text}"`, (t) => {
    t.strictSame(readHostPattern(text), { kind: "invalid", detail });
    t.end();
  });
}

t.test("readHostPattern() tells names, wildcards and addresses apart, normalised", (t) => {
  t.strictSame(parseHostPattern("API.x.com."), {
    kind: "exact",
    text: "api.x.com",
    host: "api.x.com",
  });
  t.strictSame(parseHostPattern("*.X.com."), {
    kind: "wildcard",
    text: "*.x.com",
    suffix: ".x.com",
  });
  t.strictSame(parseHostPattern("[::0:1]"), { kind: "ip", text: "::1", address: "::1" });
  t.end();
});

t.test("parseHostPattern() throws on what was never validated", (t) => {
  t.throws(
    () => parseHostPattern("a..b"),
    new RangeError('Cannot parse host pattern "a..b": empty label at position 2'),
  );
  t.end();
});

for (const [pattern, host, any, one] of [
  ["api.x.com", "api.x.com", true, true],
  ["api.x.com", "API.X.COM.", true, true],
  ["api.x.com", "xapi.x.com", false, false],
  ["api.x.com", "a.api.x.com", false, false],
  ["api.x.com", "apiyx.com", false, false],
  ["*.x.com", "a.x.com", true, true],
  ["*.x.com", "A.X.com.", true, true],
  ["*.x.com", "a.b.x.com", true, false],
  ["*.x.com", "x.com", false, false],
  ["*.x.com", "ax.com", false, false],
  ["*.x.com", ".x.com", false, false],
  ["*.x.com", "a..x.com", false, false],
  ["*.x.com", "evil.com/.x.com", false, false],
  ["*.x.com", "a.x.com.evil.com", false, false],
  ["*.x.com", "", false, false],
  ["192.0.2.1", "192.0.2.1", true, true],
  ["192.0.2.1", "::ffff:c000:201", true, true],
  ["192.0.2.1", "[::ffff:192.0.2.1]", true, true],
  ["192.0.2.1", "192.0.2.10", false, false],
  ["192.0.2.1", "192.000.002.001", false, false],
  ["::1", "[0:0::1]", true, true],
] as const) {
  t.test(`matchHostPattern() says ${any} and ${one} for ${pattern} and "${host}"`, (t) => {
    const parsed = parseHostPattern(pattern);
    t.equal(matchHostPattern(parsed, host, "any-labels"), any);
    t.equal(matchHostPattern(parsed, host, "one-label"), one);
    t.end();
  });
  t.test(`hostPatternToRegex() agrees for ${pattern} and "${host}"`, (t) => {
    const parsed = parseHostPattern(pattern);
    const normalised = normaliseHost(host) ?? "";
    for (const [reach, expected] of [
      ["any-labels", any],
      ["one-label", one],
    ] as const) {
      t.equal(new RegExp(`^(?:${hostPatternToRegex(parsed, reach)})$`).test(normalised), expected);
    }
    t.end();
  });
}
