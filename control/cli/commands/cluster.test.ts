/** `clrk install` and `clrk upgrade`, which are not in this version. */
import t from "tap";
import { createFakeContext } from "../testdata/fake-context.ts";

t.test("install() says that there is no installer, and what there is", async (t) => {
  const context = await createFakeContext(t);
  for (const words of [[], ["--namespace", "clrk", "--yes"], ["-o", "yaml"]]) {
    t.equal(await context.clrk("install", ...words), 1);
    t.match(context.stderr(), /^clrk: Cannot install on Kubernetes: .*\nServe .*clrk dev -f DIR\n/);
    t.equal(context.stdout(), "");
  }
});

t.test("upgrade() says how it is done on one machine", async (t) => {
  const context = await createFakeContext(t);
  t.equal(await context.clrk("upgrade", "--force"), 1);
  t.match(
    context.stderr(),
    /^clrk: Cannot upgrade on Kubernetes: .*\nOn this machine: clrk stop, /,
  );
});
