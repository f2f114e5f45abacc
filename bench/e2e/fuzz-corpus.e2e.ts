/** Inputs that fuzzing kept for targets with a real Envoy: each of them still holds, and so does every seed. */
import t from "tap";
import { needsEnvoy } from "../../gateway/testdata/envoy-rig.ts";
import { readCorpus } from "../fuzz/corpus.ts";
import { tryInput } from "../fuzz/fuzz-loop.ts";
import { targets } from "../fuzz/targets.ts";

for (const name of ["envoy-configuration", "proxy-protocol"]) {
  t.test(`${name} holds for every input that was kept`, needsEnvoy, async (test) => {
    const target = targets.find((one) => one.name === name);
    if (target === undefined) throw new Error(`There is no target ${name}`);
    const open = await target.open();
    test.teardown(() => open.close?.());
    const inputs = [
      ...readCorpus(name),
      ...target.seeds().map((seed) => ["a seed", seed] as const),
    ];
    for (const [file, input] of inputs) test.equal(await tryInput(open, input), undefined, file);
  });
}
