import t from "tap";
import { parse } from "yaml";
import { createFakeContext } from "../testdata/fake-context.ts";

t.test("showVersion() prints a line, JSON or YAML", async (t) => {
  const context = await createFakeContext(t);
  t.equal(await context.clrk("version"), 0);
  t.match(context.stdout(), /^clrk \d+\.\d+\.\d+ \(Envoy 1\.40\.0, Node \d+\.\d+\.\d+\)\n$/);
  t.equal(await context.clrk("version", "-o", "json"), 0);
  t.same(Object.keys(JSON.parse(context.stdout())), ["clrk", "envoy", "node"]);
  t.equal(await context.clrk("version", "-o", "yaml"), 0);
  t.same(Object.keys(parse(context.stdout())), ["clrk", "envoy", "node"]);
});
