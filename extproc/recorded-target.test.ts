/** Which targets are recorded by the engine, and what of them. */
import t from "tap";
import { hidesTarget, recordedTarget } from "./recorded-target.ts";
import { plan } from "./testdata/playbook.ts";
import { queryUse } from "./testdata/snapshots.ts";

t.test("hidesTarget() is true where a value goes into the target", async (t) => {
  t.equal(hidesTarget(plan()), false);
  t.equal(hidesTarget(plan({ queryCredentials: [queryUse("gemini")] })), true);
  t.equal(hidesTarget(plan({ hidesTarget: true })), true);
});

t.test("recordedTarget() redacts known values first, then by name and shape", async (t) => {
  const tools = { redactText: (text: string) => text.replace("fake", "[redacted]") };
  t.same(recordedTarget("/a/fake?key=1&b=2", tools), {
    path: "/a/[redacted]",
    query: "key=[redacted]&b=2",
  });
  t.same(recordedTarget(undefined, tools), { path: "/", query: "" });
});
