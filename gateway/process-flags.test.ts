/** Tests the flags that our processes start with against the V8 that has to know them. */
import { execFileSync } from "node:child_process";
import t from "tap";
import { processFlags, usualFlags } from "./process-flags.ts";

const pinned = "26.10.0";
const isPinned = process.versions.node.startsWith("26.");

t.test("processFlags() gives another Node nothing that it may not know", async (test) => {
  test.same(processFlags("gateway", "24.1.0"), []);
  test.same(processFlags("control", "24.1.0"), ["--max-semi-space-size=1"]);
});

t.test("processFlags() lets compilers out of a start", async (test) => {
  test.match(processFlags("gateway", pinned), ["--no-sparkplug", "--expose-gc"]);
  test.match(processFlags("control", pinned), ["--max-semi-space-size=1", "--expose-gc"]);
  for (const kind of ["gateway", "control"] as const) {
    const counts = processFlags(kind, pinned).filter((flag) => flag.includes("-count-for-"));
    test.equal(counts.length, 4);
    for (const flag of counts) test.match(flag, /=300000$/);
  }
});

t.test(
  "Node starts with all of them",
  { skip: !isPinned && "only for the pinned Node" },
  (test) => {
    for (const kind of ["gateway", "control"] as const) {
      const words = [...processFlags(kind, process.versions.node), "-p", "typeof gc"];
      test.equal(execFileSync(process.execPath, words, { encoding: "utf8" }), "function\n");
    }
    test.end();
  },
);

t.test(
  "usualFlags() are what V8 does by itself",
  { skip: !isPinned && "only for the pinned Node" },
  async (test) => {
    const text = execFileSync(process.execPath, ["--v8-options"], { encoding: "utf8" });
    for (const flag of usualFlags()) {
      const at = text.indexOf(`  ${flag.replace(/=.*/, "")} (`);
      test.ok(at > 0, flag);
      test.match(text.slice(at, at + 400), `default: ${flag}\n`);
    }
  },
);
