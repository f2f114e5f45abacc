/** Server names that are accepted, and the exact sentence for each that is not. */
import t from "tap";
import { parseServerName, quoteName } from "./san.ts";

const label63 = "a".repeat(63);
const name253 = `${label63}.${label63}.${label63}.${"b".repeat(61)}`;

t.test("parseServerName() accepts host names in canonical form", (t) => {
  const cases = [
    { name: "plain", sent: "api.openai.com", want: "api.openai.com" },
    { name: "any case", sent: "API.OpenAI.com", want: "api.openai.com" },
    { name: "one trailing dot", sent: "api.openai.com.", want: "api.openai.com" },
    { name: "single label", sent: "localhost", want: "localhost" },
    { name: "A-label", sent: "xn--mnchen-3ya.de", want: "xn--mnchen-3ya.de" },
    { name: "underscore", sent: "my_bucket.s3.amazonaws.com", want: "my_bucket.s3.amazonaws.com" },
    { name: "several hyphens", sent: "r3---sn-4g5e.example", want: "r3---sn-4g5e.example" },
    { name: "digits before the last label", sent: "1.2.3.4.nip.io", want: "1.2.3.4.nip.io" },
    { name: "last label starts with a digit", sent: "a.4b", want: "a.4b" },
    { name: "253 characters", sent: name253, want: name253 },
    { name: "253 characters and a dot", sent: `${name253}.`, want: name253 },
  ];
  for (const { name, sent, want } of cases) {
    t.same(parseServerName(sent), { kind: "name", name: want }, name);
  }
  t.end();
});

t.test("parseServerName() refuses with the reason", (t) => {
  const characters = "wanted letters, digits, hyphens or underscores";
  const numeric = "ends in a number, so it is an IP literal, and RFC 6066 forbids those in SNI";
  const literal = "IP literal, and RFC 6066 forbids those in SNI";
  const cases = [
    { sent: "", fault: '"": empty name' },
    { sent: ".", fault: '".": empty name' },
    { sent: "a..b", fault: '"a..b": empty label at position 2' },
    { sent: ".a", fault: '".a": empty label at position 1' },
    { sent: "a..", fault: '"a..": empty label at position 2' },
    { sent: "*.openai.com", fault: '"*.openai.com": wildcard label at position 1' },
    { sent: "a.*", fault: '"a.*": wildcard label at position 2' },
    {
      sent: "a\0.b",
      fault: `"a\\x00.b": label at position 1 has character "\\x00", ${characters}`,
    },
    { sent: "a b.c", fault: `"a b.c": label at position 1 has character " ", ${characters}` },
    { sent: "a/b", fault: `"a/b": label at position 1 has character "/", ${characters}` },
    { sent: 'a."', fault: `"a.\\"": label at position 2 has character "\\"", ${characters}` },
    {
      sent: "münchen.de",
      fault: `"m\\xfcnchen.de": label at position 1 has character "\\xfc", ${characters}`,
    },
    {
      sent: "\u212Aelvin.example",
      fault: `"\\u{212a}elvin.example": label at position 1 has character "\\u{212a}", ${characters}`,
    },
    {
      sent: "😀.example",
      fault: `"\\u{1f600}.example": label at position 1 has character "\\u{1f600}", ${characters}`,
    },
    {
      sent: "a\u202Eb",
      fault: `"a\\u{202e}b": label at position 1 has character "\\u{202e}", ${characters}`,
    },
    { sent: "-a.b", fault: '"-a.b": label at position 1 starts or ends with a hyphen' },
    { sent: "a.b-", fault: '"a.b-": label at position 2 starts or ends with a hyphen' },
    { sent: "-", fault: '"-": label at position 1 starts or ends with a hyphen' },
    { sent: "127.0.0.1", fault: `"127.0.0.1": ${numeric}` },
    { sent: "127.1", fault: `"127.1": ${numeric}` },
    { sent: "2130706433", fault: `"2130706433": ${numeric}` },
    { sent: "0x7f.0X1", fault: `"0x7f.0X1": ${numeric}` },
    { sent: "10.0.0.1.", fault: `"10.0.0.1.": ${numeric}` },
    { sent: "::1", fault: `"::1": ${literal}` },
    { sent: "[::1]", fault: `"[::1]": ${literal}` },
    { sent: "example.com:443", fault: `"example.com:443": ${literal}` },
  ];
  for (const { sent, fault } of cases) {
    t.same(
      parseServerName(sent),
      { kind: "refused", message: `Cannot mint leaf for ${fault}` },
      fault,
    );
  }
  t.end();
});

t.test("parseServerName() refuses what is too long and quotes only its start", (t) => {
  t.same(parseServerName(`${"a".repeat(64)}.com`), {
    kind: "refused",
    message: `Cannot mint leaf for "${"a".repeat(64)}…" (68 characters): label at position 1 has 64 characters, wanted at most 63`,
  });
  t.same(parseServerName(`${name253}b`), {
    kind: "refused",
    message: `Cannot mint leaf for "${label63}.…" (254 characters): length is 254, wanted at most 253`,
  });
  const huge = parseServerName("\0".repeat(65_536));
  t.ok(huge.kind === "refused" && huge.message.length < 400, "message stays short");
  t.end();
});

t.test("parseServerName() gives only safe names, for random input", (t) => {
  const alphabet = "aZ0-_.*\0 \u212A\u00e9:";
  let seed = 1;
  for (let round = 0; round < 5000; round++) {
    let sent = "";
    for (let at = 0; at < round % 12; at++) {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      sent += alphabet[seed % alphabet.length] ?? "";
    }
    const parsed = parseServerName(sent);
    if (parsed.kind === "refused") {
      if (!/^Cannot mint leaf for [ -~…]+$/.test(parsed.message)) t.fail(parsed.message);
    } else {
      if (!/^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?$/.test(parsed.name)) t.fail(parsed.name);
      t.same(parseServerName(parsed.name), parsed, "canonical names stay as they are");
    }
  }
  t.end();
});

t.test("quoteName() escapes what is not printable ASCII and cuts what is long", (t) => {
  t.equal(quoteName('a"\\b\n'), '"a\\"\\\\b\\x0a"');
  t.equal(quoteName("\ud800"), '"\\u{d800}"');
  t.equal(quoteName("x".repeat(64)), `"${"x".repeat(64)}"`);
  t.equal(quoteName("x".repeat(65)), `"${"x".repeat(64)}…" (65 characters)`);
  t.end();
});
