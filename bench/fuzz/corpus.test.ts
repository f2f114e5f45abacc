/** Tests of inputs that are kept: every one of them still holds, and files come and go as they should. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { corpusName, maxCorpusBytes, readCorpus, writeCorpus } from "./corpus.ts";
import { tryInput } from "./fuzz-loop.ts";
import { targets } from "./targets.ts";

/** They start an Envoy each: `bench/e2e/fuzz-corpus.e2e.ts` replays theirs. */
const withEnvoy = new Set(["envoy-configuration", "proxy-protocol"]);

for (const target of targets) {
  if (withEnvoy.has(target.name)) continue;
  t.test(`${target.name}: ${target.promise}`, async (t) => {
    const open = await target.open();
    const kept = readCorpus(target.name);
    t.ok(kept.size > 0, "inputs are kept");
    for (const [name, input] of kept) {
      t.ok(input.length <= maxCorpusBytes, `${name} is small`);
      t.equal(await tryInput(open, input), undefined, name);
    }
    for (const seed of target.seeds()) t.equal(await tryInput(open, seed), undefined, "a seed");
    await open.close?.();
  });
}

t.test("writeCorpus() keeps what people put there and replaces what a run did", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "clrk-corpus-"));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const [one, other] = [Buffer.from("one"), Buffer.from("other")];
  writeCorpus("x", [one], directory);
  writeFileSync(join(directory, "x", "a-bug.bin"), "bug");
  writeCorpus("x", [other], directory);
  t.same([...readCorpus("x", directory).keys()].sort(), [corpusName(other), "a-bug.bin"].sort());
});

t.test("readCorpus() has nothing where there is no folder", async (t) => {
  t.equal(readCorpus("no-such-target").size, 0);
});
