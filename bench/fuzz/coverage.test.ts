/** Tests of coverage within this process. */
import t from "tap";
import { Coverage } from "./coverage.ts";
import { targets } from "./testdata/planted-bugs.ts";

t.test("Coverage sees what ran for the first time, and only once", async (t) => {
  const coverage = new Coverage(["/fuzz/testdata/planted-bugs"]);
  t.teardown(() => coverage.close());
  const open = await targets.find(({ name }) => name === "deep")?.open();
  const reach = (text: string) => {
    coverage.take();
    void open?.check(Buffer.from(text));
    return coverage.take();
  };
  const first = reach("----");
  t.ok(coverage.isNew(first));
  coverage.add(first);
  const { size } = coverage;
  t.ok(size > 0);
  t.notOk(coverage.isNew(reach("++++")));
  const deeper = reach("b---");
  t.ok(coverage.isNew(deeper));
  coverage.add(deeper);
  t.ok(coverage.size > size);
  coverage.forget();
  t.equal(coverage.size, 0);
});

t.test("Coverage leaves other files out", async (t) => {
  const coverage = new Coverage(["/no/such/file"]);
  t.teardown(() => coverage.close());
  await targets[0]?.open();
  t.equal(coverage.take().size, 0);
});
