/** Tests the hash against values of the reference implementation; `xds/canary.test.ts` asks Envoy itself. */
import t from "tap";
import { xxHash64 } from "./xx-hash64.ts";

const known = [
  { text: "", seed: 0, hash: 0xef46db3751d8e999n },
  { text: "a", seed: 0, hash: 0xd24ec4f1a98c6e5bn },
  { text: "abc", seed: 0, hash: 0x44bc2cf5ad770999n },
  { text: "The quick brown fox jumps over the lazy dog", seed: 0, hash: 0x0b242d361fda71bcn },
];

for (const { text, seed, hash } of known) {
  t.test(`xxHash64() of "${text}" is that of the reference`, async (t) => {
    t.equal(xxHash64(text, seed), hash);
  });
}

t.test("xxHash64() differs by its seed, and by every byte of texts of all lengths", async (t) => {
  const seen = new Set<bigint>();
  for (let length = 0; length < 100; length++) {
    for (const seed of [0, 1]) seen.add(xxHash64("x".repeat(length), seed));
  }
  t.equal(seen.size, 200);
});
