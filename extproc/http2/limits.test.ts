/** Tests of limits that can be, and that cannot. */
import t from "tap";
import { createLimits } from "./limits.ts";

t.test("createLimits() changes what is given and nothing else", async (t) => {
  const limits = createLimits({ maxPings: 5 });
  t.strictSame(limits, { ...createLimits(), maxPings: 5 });
});

const rejected = [
  { name: "a fraction", limits: { maxPings: 1.5 }, found: "maxPings: 1.5, wanted 0" },
  { name: "NaN", limits: { stallMs: Number.NaN }, found: "stallMs: NaN, wanted 0" },
  { name: "a negative one", limits: { maxSettings: -1 }, found: "maxSettings: -1, wanted 0" },
  {
    name: "a window below that of the protocol",
    limits: { streamWindowBytes: 65_534 },
    found: "streamWindowBytes: 65534, wanted 65535",
  },
  {
    name: "a window of 2^31",
    limits: { connectionWindowBytes: 2 ** 31 },
    found: "connectionWindowBytes: 2147483648, wanted 65535",
  },
];

for (const { name, limits, found } of rejected) {
  t.test(`createLimits() refuses ${name}`, async (t) => {
    const message = `Cannot use limit ${found} to 2147483647`;
    t.throws(() => createLimits(limits), new RangeError(message));
  });
}
