import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { createFakeContext } from "../testdata/fake-context.ts";

t.test("doctor() prints every check and ends with 0 when nothing essential is wrong", async (t) => {
  const context = await createFakeContext(t, { env: { PATH: "" } });
  t.equal(await context.clrk("doctor"), 0);
  t.match(context.stdout(), /^✔ node {8}Node /);
  t.match(context.stdout(), "\n✔ envoy       Envoy 1.40.0 (PATH: /opt/envoy)\n");
  t.match(context.stdout(), /\n\nNothing essential is wrong\n$/);
});

t.test("doctor() ends with 1 when something is, and says what to do first", async (t) => {
  const context = await createFakeContext(t, {
    env: { PATH: "" },
    findEnvoy: async () => ({ kind: "unavailable", message: "Cannot find Envoy 1.40:\nway" }),
  });
  t.equal(await context.clrk("doctor"), 1);
  t.match(context.stdout(), /\n✘ envoy .*\n {14}→ way\n/);
  t.match(context.stdout(), /\n\nPut right what is marked ✘ first\n$/);
});

t.test("doctor() prints JSON of a stable form, and counts leftovers before they go", async (t) => {
  const context = await createFakeContext(t, { env: { PATH: "" } });
  await mkdir(join(context.home.run, "999999999"), { recursive: true });
  t.equal(await context.clrk("doctor", "-o", "json"), 0);
  const { ok, checks } = JSON.parse(context.stdout());
  t.equal(ok, true);
  const names = checks.map(({ name }: { name: string }) => name);
  t.same(names, ["node", "envoy", "home", "sockets", "leftovers", "clock", "disk", "gateway"]);
  t.match(checks[4], { result: "warning", message: "1 run folder of processes that are gone" });
});
