/** Tests the shorthands for protobuf's well-known types, the edges of their ranges above all. */
import t from "tap";
import { google } from "./proto/gen/xds.js";
import { boolean, duration, toMilliseconds, uint32, uint64 } from "./protobuf-values.ts";

const durations: ReadonlyArray<{ ms: number; seconds: number; nanos: number }> = [
  { ms: 0, seconds: 0, nanos: 0 },
  { ms: 1, seconds: 0, nanos: 1_000_000 },
  { ms: 999.5, seconds: 0, nanos: 999_500_000 },
  { ms: 1000, seconds: 1, nanos: 0 },
  { ms: 1500, seconds: 1, nanos: 500_000_000 },
  { ms: 86_400_000, seconds: 86_400, nanos: 0 },
  { ms: -1500, seconds: -1, nanos: -500_000_000 },
  { ms: 0.000001, seconds: 0, nanos: 1 },
  { ms: 999.9999999, seconds: 1, nanos: 0 },
  { ms: -999.9999999, seconds: -1, nanos: 0 },
];

for (const { ms, seconds, nanos } of durations) {
  t.test(`duration() splits ${ms} ms`, async (t) => {
    t.same(duration(ms), { seconds, nanos });
  });
}

for (const ms of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
  t.test(`duration() throws for ${ms}`, async (t) => {
    const message = `Cannot make a Duration: ms must be finite: received ${ms}`;
    t.throws(() => duration(ms), { name: "RangeError", message });
  });
}

t.test("toMilliseconds() is the opposite of duration() after a trip over the wire", async (t) => {
  const { Duration } = google.protobuf;
  for (const { ms } of durations.filter((row) => Number.isInteger(row.ms * 2))) {
    t.equal(toMilliseconds(Duration.decode(Duration.encode(duration(ms)).finish())), ms);
  }
});

t.test("toMilliseconds() is undefined for an absent value and 0 for an empty one", async (t) => {
  t.equal(toMilliseconds(undefined), undefined);
  t.equal(toMilliseconds(null), undefined);
  t.equal(toMilliseconds({}), 0);
  t.equal(toMilliseconds({ seconds: null, nanos: 2_000_000 }), 2);
});

for (const value of [0, 1, 0xffffffff]) {
  t.test(`uint32() wraps ${value}`, async (t) => {
    t.same(uint32(value), { value });
  });
}

for (const value of [-1, 0x100000000, 1.5, Number.NaN]) {
  t.test(`uint32() throws for ${value}`, async (t) => {
    const message = `Cannot make a UInt32Value: value must be an integer from 0 to 4294967295: received ${value}`;
    t.throws(() => uint32(value), { name: "RangeError", message });
  });
}

for (const value of [0, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
  t.test(`uint64() wraps ${value}`, async (t) => {
    t.same(uint64(value), { value });
  });
}

for (const value of [-1, 2 ** 53, 0.5, Number.NaN]) {
  t.test(`uint64() throws for ${value}`, async (t) => {
    const message = `Cannot make a UInt64Value: value must be an integer from 0 to 2^53 - 1: received ${value}`;
    t.throws(() => uint64(value), { name: "RangeError", message });
  });
}

t.test("boolean() wraps false, where absent would mean Envoy's default", async (t) => {
  t.same(boolean(false), { value: false });
  t.same(boolean(true), { value: true });
});
