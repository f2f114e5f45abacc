/** Patterns of addresses and hosts against the readers that they stand for. */
import t from "tap";
import { addressPattern, hostAddressPattern } from "./address-patterns.ts";
import { readAddress } from "./cidr.ts";
import { dnsNameFormat, hostFormat, hostPatternFormat } from "./match-formats.ts";
import type { StringFormat } from "./schema.ts";
import { fitsFormat } from "./testdata/constraint-check.ts";

const rounds = 20_000;

/** A generator with a seed, so that a failure can be looked at again. */
function randomSource(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function inventText(random: (below: number) => number, parts: readonly string[]): string {
  return Array.from({ length: 1 + random(10) }, () => parts[random(parts.length)]).join("");
}

t.test("addressPattern accepts exactly what readAddress() reads", (t) => {
  const pattern = new RegExp(`^${addressPattern}$`, "u");
  const random = randomSource(1);
  const parts = [":", "::", "0", "ff", "1.2.3.4", ".", "255", "256", "abcd", "12345", "01", ":1"];
  let read = 0;
  for (let round = 0; round < rounds; round++) {
    const text = inventText(random, parts);
    const isRead = readAddress(text).kind === "valid";
    if (isRead) read++;
    if (pattern.test(text) !== isRead) t.fail(`${text}: read ${isRead}`);
  }
  t.ok(read > 200, `${read} were addresses`);
  t.end();
});

function compare(t: { fail(message: string): unknown }, format: StringFormat): void {
  const random = randomSource(2);
  const parts = ["a", "A-b", "-", "_", ".", "1", "0x1f", "10.0.0.1", "[", "]", "::1", "*.", "ä"];
  parts.push("b".repeat(63), ".c", "x.y");
  for (let round = 0; round < rounds; round++) {
    const text = inventText(random, parts);
    const isRead = format.read(text).kind === "valid";
    if (fitsFormat(format, text) !== isRead) t.fail(`${text}: read ${isRead}`);
  }
}

for (const format of [hostFormat, dnsNameFormat, hostPatternFormat]) {
  t.test(`${format.name}: its constraint says what it reads`, (t) => {
    compare(t, format);
    t.end();
  });
}

t.test("hostAddressPattern takes brackets around IPv6 alone", (t) => {
  const pattern = new RegExp(`^${hostAddressPattern}$`, "u");
  t.strictSame(
    ["[::1]", "::1", "1.2.3.4", "1.2.3.4.", "[1.2.3.4]", "[::1"].map((text) => pattern.test(text)),
    [true, true, true, true, false, false],
  );
  t.end();
});
