/** Tests that targets can tell right from wrong, as far as one planted mistake shows it, and that each is complete. */
import t from "tap";
import { seededRandom } from "../../extproc/testdata/random.ts";
import { corpusName } from "./corpus.ts";
import { targets } from "./targets.ts";

t.test(
  "targets have names of their own, seeds, and inputs that follow from the seed",
  async (t) => {
    t.equal(new Set(targets.map(({ name }) => name)).size, targets.length);
    for (const target of targets) {
      t.match(target.name, /^[a-z\d]+(?:-[a-z\d]+)*$/);
      t.ok(target.seeds().length > 0, target.name);
      const make = () => corpusName(target.invent(seededRandom(9)));
      t.equal(make(), make(), target.name);
    }
  },
);
