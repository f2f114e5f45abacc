import t from "tap";
import { OutputSwitch } from "./output-switch.ts";
import { createFakeContext } from "./testdata/fake-context.ts";

t.test("OutputSwitch leads whole lines elsewhere, and loses nothing", async (t) => {
  const context = await createFakeContext(t);
  const output = new OutputSwitch(context);
  const { stdout, stderr } = output.context.process;
  stdout.write("before\n");
  const taken: string[] = [];
  output.divert((line) => taken.push(line));
  stdout.write("one\ntw");
  stdout.write("o\n\n");
  stderr.write("three\nrest");
  t.strictSame(taken, ["one", "two", "three"]);
  output.restore();
  output.restore();
  stdout.write("after\n");
  t.equal(context.stdout(), "before\nafter\n");
  t.equal(context.stderr(), "rest\n");
});
