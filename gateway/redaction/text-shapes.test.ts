/** Personal data by its form: what is found, and what is left although it looks alike. */
import t from "tap";
import type { TextShape } from "../../crds/logging-policy.ts";
import { textShapes } from "../../crds/logging-policy.ts";
import type { Span } from "./spans.ts";
import { mergeSpans } from "./spans.ts";
import { findShapes } from "./text-shapes.ts";

function find(text: string, shape: TextShape, end: "whole" | "cut" = "whole"): string[] {
  const found: Span[] = [];
  findShapes(text, [shape], { end, found });
  return mergeSpans(found).map((span) => text.slice(span.start, span.end));
}

const finds: readonly (readonly [shape: TextShape, text: string, ...found: string[]])[] = [
  ["Email", "mail alice.b+c@mail.example.com, now", "alice.b+c@mail.example.com"],
  ["Email", '"a@b.de","c_d@e-f.org"', "a@b.de", "c_d@e-f.org"],
  ["Email", "j\u00c3\u00bcrgen@stra\u00c3\u009fe.de", "j\u00c3\u00bcrgen@stra\u00c3\u009fe.de"],
  ["Email", "<mailto:x@example.co.uk>", "x@example.co.uk"],
  ["PhoneNumber", "call +49 (0)30 123456-78!", "+49 (0)30 123456-78"],
  ["PhoneNumber", "+4915112345678 0049 151 2345678", "+4915112345678", "0049 151 2345678"],
  ["PhoneNumber", "(555) 123-4567 or 555-123-4567", "(555) 123-4567", "555-123-4567"],
  ["PaymentCard", "card 4111 1111 1111 1111 123 exp", "4111 1111 1111 1111"],
  ["PaymentCard", "378282246310005,5555-5555-5555-4444", "378282246310005", "5555-5555-5555-4444"],
  ["IBAN", "to DE89 3704 0044 0532 0130 00 today", "DE89 3704 0044 0532 0130 00"],
  ["IBAN", "gb29nwbk60161331926819.", "gb29nwbk60161331926819"],
  ["IPAddress", "from 192.0.2.7:443, [2001:db8::7]:80", "192.0.2.7", "2001:db8::7"],
  ["IPAddress", "::1 and ::ffff:10.0.0.1.", "::1", "::ffff:10.0.0.1"],
  ["USSocialSecurityNumber", "ssn 078-05-1120 or 219 09 9999", "078-05-1120", "219 09 9999"],
];

for (const [shape, text, ...found] of finds) {
  t.test(`findShapes() finds ${shape} in ${text}`, async (t) => t.same(find(text, shape), found));
}

const leaves: readonly (readonly [shape: TextShape, text: string])[] = [
  ["Email", "a @ b, @decorator, x@localhost, git@"],
  ["PhoneNumber", "1+12345 2026-11-28 123-4567 1234567890123 abc+4915112345678"],
  ["PaymentCard", "4111 1111 1111 1112 and 1764367200000 and 41111111111111111111111"],
  ["IBAN", "DE88 3704 0044 0532 0130 00 and AB12 cd"],
  ["IPAddress", "1.2.3 256.1.1.1 12:30:45 v1.2.3.4 std::x 1.2.3.4.5"],
  ["USSocialSecurityNumber", "000-12-3456 666-12-3456 900-12-3456 078-00-1120 1078-05-1120"],
];

for (const [shape, text] of leaves) {
  t.test(`findShapes() leaves ${text}`, async (t) => t.same(find(text, shape), []));
}

const samples: Readonly<Record<TextShape, readonly string[]>> = {
  Email: ["alice.smith@mail.example.com"],
  PhoneNumber: ["+49 151 2345 6789", "(555) 123-4567"],
  PaymentCard: ["4111 1111 1111 1111", "378282246310005"],
  IBAN: ["DE89 3704 0044 0532 0130 00", "GB29NWBK60161331926819"],
  IPAddress: ["192.168.100.200", "2001:db8:1:2:3:4:5:6"],
  USSocialSecurityNumber: ["078-05-1120"],
};

/** So much of a sample tells nothing yet. */
const harmless: Readonly<Record<TextShape, RegExp>> = {
  Email: /^[^@]*$/,
  PhoneNumber: /^[+(]*(?:\d[ ()-]*){0,2}$/,
  PaymentCard: /^(?:\d ?){0,2}$/,
  IBAN: /^.{0,3}$/,
  IPAddress: /^[0-9a-f]*$/,
  USSocialSecurityNumber: /^\d{0,2}$/,
};

for (const shape of textShapes) {
  t.test(`findShapes() finds a ${shape} that is cut off anywhere`, async (t) => {
    for (const sample of samples[shape]) {
      for (let length = 1; length <= sample.length; length++) {
        const part = sample.slice(0, length);
        const found = find(`it is ${part}`, shape, "cut").join("");
        if (harmless[shape].test(part)) continue;
        t.equal(found.trim(), part.trim(), part);
      }
    }
  });
}

t.test("findShapes() takes linear time", async (t) => {
  for (const text of [
    "@",
    "a@",
    "1",
    "1-",
    "DE89",
    "DE89 ",
    ":",
    "f:",
    "1.",
    "+1 ",
    "(555) ",
    "aaaa.",
    "\\",
  ]) {
    const long = text.repeat(Math.ceil(262_144 / text.length));
    const started = process.cpuUsage();
    for (const end of ["whole", "cut"] as const) findShapes(long, textShapes, { end, found: [] });
    const { user, system } = process.cpuUsage(started);
    t.ok(user + system < 1_000_000, `${JSON.stringify(text)} took ${(user + system) / 1_000} ms`);
  }
});
