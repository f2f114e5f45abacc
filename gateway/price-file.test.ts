import { writeFile } from "node:fs/promises";
import path from "node:path";
import t from "tap";
import { readPriceFile } from "./price-file.ts";
import { temporaryDirectory } from "./testdata/processes.ts";

const directory = await temporaryDirectory(t);

async function read(value: unknown) {
  const file = path.join(directory, "prices.json");
  await writeFile(file, typeof value === "string" ? value : JSON.stringify(value));
  return readPriceFile(file);
}

const least = { provider: "openai", models: ["gpt-*"], input: "2.50", output: "10" };

t.test("readPriceFile() gives entries in micro-dollars for a million tokens", async (test) => {
  test.same(await read([least, { ...least, cachedInput: "0.1", cacheWrite: "0" }]), [
    { provider: "openai", models: ["gpt-*"], price: { input: 2_500_000, output: 10_000_000 } },
    {
      provider: "openai",
      models: ["gpt-*"],
      price: { input: 2_500_000, output: 10_000_000, cachedInput: 100_000, cacheWrite: 0 },
    },
  ]);
  test.match(await read([{ ...least, provider: "Claude" }]), [{ provider: "anthropic" }]);
  test.same(await readPriceFile(path.join(directory, "none.json")), []);
});

const wrong: readonly (readonly [unknown, RegExp])[] = [
  ["{", /it is not JSON/],
  [{}, /it is not a list/],
  [[1], /it is not an object/],
  [[{ ...least, provider: 1 }], /it names no provider/],
  [[{ ...least, provider: "opneai" }], /nobody knows provider "opneai"/],
  [[{ ...least, models: [] }], /models is not a list of names/],
  [[{ ...least, models: [1] }], /models is not a list of names/],
  [[least, { ...least, input: 2.5 }], /entry 1 of .*input is not a text such as "2.50"/],
  [[{ ...least, output: "-1" }], /output is not a text/],
  [[{ ...least, cacheWrite: "x" }], /cacheWrite is not a text/],
  [[{ ...least, outputs: "1" }], /nobody knows "outputs"/],
];

for (const [value, message] of wrong) {
  t.test(`readPriceFile() refuses ${JSON.stringify(value)}`, async (test) => {
    await test.rejects(read(value), { code: "CLRK_PRECONDITION_FAILED", message });
  });
}

t.test("readPriceFile() refuses what is no file", async (test) => {
  await test.rejects(readPriceFile(directory), /it cannot be read/);
});
