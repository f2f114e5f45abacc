/** The DER writer against encodings known from the standards. */
import { Buffer } from "node:buffer";
import { hash } from "node:crypto";
import t from "tap";
import {
  encodeBitString,
  encodeElement,
  encodeExplicit,
  encodeImplicit,
  encodeOctetString,
  encodeOid,
  encodeSequence,
  encodeSet,
  encodeTime,
  encodeTrue,
  encodeUnsignedInteger,
  encodeUtf8String,
} from "./der.ts";

function hex(element: Buffer): string {
  return element.toString("hex");
}

t.test("encodeElement() uses the shortest length form", (t) => {
  const cases = [
    { length: 0, head: "0400" },
    { length: 127, head: "047f" },
    { length: 128, head: "048180" },
    { length: 255, head: "0481ff" },
    { length: 256, head: "04820100" },
    { length: 65_535, head: "0482ffff" },
    { length: 65_536, head: "0483010000" },
    { length: 16_777_215, head: "0483ffffff" },
    { length: 16_777_216, head: "048401000000" },
  ];
  for (const { length, head } of cases) {
    const element = encodeElement(0x04, Buffer.alloc(length));
    t.equal(hex(element.subarray(0, head.length / 2)), head, `length ${length}`);
    t.equal(element.length, head.length / 2 + length);
  }
  t.end();
});

t.test("encodeElement() copies its parts one after another", (t) => {
  t.equal(
    hex(encodeElement(0x04, Uint8Array.of(1), Uint8Array.of(), Uint8Array.of(2, 3))),
    "0403010203",
  );
  t.end();
});

t.test("constructed types wrap encoded elements", (t) => {
  t.equal(hex(encodeSequence()), "3000");
  t.equal(hex(encodeSequence(encodeTrue(), encodeTrue())), "30060101ff0101ff");
  t.equal(hex(encodeSet(encodeTrue())), "31030101ff");
  t.equal(hex(encodeExplicit(3, encodeTrue())), "a3030101ff");
  t.equal(hex(encodeImplicit(2, Buffer.from("a"))), "820161");
  t.equal(hex(encodeOctetString(encodeTrue())), "04030101ff");
  t.end();
});

t.test("encodeUnsignedInteger() is minimal and never negative", (t) => {
  const cases = [
    { name: "nothing is zero", bytes: [], want: "020100" },
    { name: "zero", bytes: [0], want: "020100" },
    { name: "leading zeros go", bytes: [0, 0, 5], want: "020105" },
    { name: "sign octet", bytes: [0x80], want: "02020080" },
    { name: "needed zero stays single", bytes: [0, 0x80], want: "02020080" },
    { name: "no sign octet below 0x80", bytes: [0x7f, 0xff], want: "02027fff" },
  ];
  for (const { name, bytes, want } of cases) {
    t.equal(hex(encodeUnsignedInteger(Uint8Array.from(bytes))), want, name);
  }
  t.end();
});

t.test("encodeBitString() puts the number of unused bits first", (t) => {
  t.equal(hex(encodeBitString(Uint8Array.of(0x06), 1)), "03020106");
  t.equal(hex(encodeBitString(Uint8Array.of(0xaa))), "030200aa");
  for (const unusedBits of [-1, 8, 1.5, Number.NaN]) {
    t.throws(
      () => encodeBitString(Uint8Array.of(0), unusedBits),
      new RangeError(`Cannot encode BIT STRING: unused bits are ${unusedBits}, wanted 0 to 7`),
    );
  }
  t.end();
});

t.test("encodeUtf8String() writes UTF-8", (t) => {
  t.equal(hex(encodeUtf8String("aé")), "0c0361c3a9");
  t.end();
});

t.test("encodeOid() writes known identifiers", (t) => {
  const cases = [
    { oid: "1.2.840.10045.4.3.2", want: "06082a8648ce3d040302" },
    { oid: "2.5.29.17", want: "0603551d11" },
    { oid: "1.3.6.1.5.5.7.3.1", want: "06082b06010505070301" },
    { oid: "2.999.3", want: "0603883703" },
    { oid: "0.9.2342.19200300.100.1.25", want: "060a0992268993f22c640119" },
    { oid: "2.16.840.1.113730.1.13", want: "0609608648018 6f842010d".replace(" ", "") },
  ];
  for (const { oid, want } of cases) t.equal(hex(encodeOid(oid)), want, oid);
  t.end();
});

t.test("encodeOid() rejects what is not an identifier", (t) => {
  for (const oid of [
    "",
    "1",
    "3.1",
    "1.2.",
    ".1.2",
    "1..2",
    "1.02",
    "1.-2",
    "a.b",
    "1.2 ",
    "1,2",
    `1.${"9".repeat(20)}`,
  ]) {
    t.throws(
      () => encodeOid(oid),
      new TypeError(`Cannot encode OID "${oid}": wanted dotted decimal like "2.5.29.17"`),
      oid,
    );
  }
  t.throws(
    () => encodeOid("1.40"),
    new TypeError('Cannot encode OID "1.40": second arc is 40, wanted 0 to 39'),
  );
  t.end();
});

t.test("encodeTime() changes from UTCTime to GeneralizedTime in 2050", (t) => {
  const cases = [
    { at: "1950-01-01T00:00:00.000Z", want: "170d3530303130313030303030305a" },
    { at: "2026-11-24T02:41:07.999Z", want: "170d3236313132343032343130375a" },
    { at: "2049-12-31T23:59:59.999Z", want: "170d3439313233313233353935395a" },
    { at: "2050-01-01T00:00:00.000Z", want: "180f32303530303130313030303030305a" },
    { at: "9999-12-31T23:59:59.000Z", want: "180f39393939313233313233353935395a" },
  ];
  for (const { at, want } of cases) t.equal(hex(encodeTime(Date.parse(at))), want, at);
  t.end();
});

t.test("encodeTime() rejects years that X.509 cannot hold", (t) => {
  const cases = [
    { ms: Date.UTC(1949, 11, 31), year: 1949 },
    { ms: Date.UTC(10_000, 0, 1), year: 10_000 },
    { ms: Number.NaN, year: Number.NaN },
  ];
  for (const { ms, year } of cases) {
    t.throws(
      () => encodeTime(ms),
      new RangeError(`Cannot encode time ${ms}: year is ${year}, wanted 1950 to 9999`),
    );
  }
  t.end();
});

t.test("context tags reject numbers that need more than one octet", (t) => {
  for (const number of [-1, 31, 0.5]) {
    const error = new RangeError(`Cannot encode context tag ${number}: wanted 0 to 30`);
    t.throws(() => encodeExplicit(number), error);
    t.throws(() => encodeImplicit(number, Uint8Array.of()), error);
  }
  t.end();
});

t.test("encodeElement() gives the same bytes for every way to cut the contents", (t) => {
  const contents = Buffer.from(hash("sha512", "contents"), "hex");
  const whole = hex(encodeElement(0x30, contents));
  for (let cut = 0; cut <= contents.length; cut++) {
    const parts = [contents.subarray(0, cut), contents.subarray(cut)];
    if (hex(encodeElement(0x30, ...parts)) !== whole) t.fail(`cut at ${cut}`);
  }
  t.pass("all cuts agree");
  t.end();
});
