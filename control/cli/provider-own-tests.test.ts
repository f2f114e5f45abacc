import { join } from "node:path";
import t from "tap";
import { runOwnTests } from "./provider-own-tests.ts";

const env = { PATH: process.env["PATH"] ?? "" };
const passing = 'import test from "node:test";\ntest("passes", () => {});\n';

t.test("runOwnTests() runs the tests beside a file, with the kit within reach", async (t) => {
  const folder = t.testdir({
    "provider.mjs": "",
    "a.test.mjs": passing,
    "kit.test.ts": `import assert from "node:assert/strict";
      const { providerKit } = await import(process.env["CLRK_PROVIDER_KIT"] as string);
      assert.equal(providerKit.interfaceVersion, 1);`,
    "notes.txt": "",
    inner: { "b.test.mjs": "throw 1" },
  });
  const tests = await runOwnTests(join(folder, "provider.mjs"), env);
  t.same(tests.files, ["a.test.mjs", "kit.test.ts"]);
  t.ok(tests.isOk, tests.output);
});

t.test("runOwnTests() says what failed", async (t) => {
  const folder = t.testdir({ "provider.mjs": "", "a.test.mjs": "throw new Error('no luck')" });
  const tests = await runOwnTests(join(folder, "provider.mjs"), env);
  t.notOk(tests.isOk);
  t.match(tests.output, "no luck");
});

t.test(
  "runOwnTests() runs nothing where nothing is, nor those of installed packages",
  async (t) => {
    const folder = t.testdir({
      "provider.mjs": "",
      node_modules: { acme: { "provider.mjs": "", "a.test.mjs": "throw 1" } },
    });
    const none = { files: [], isOk: true, output: "" };
    t.same(await runOwnTests(join(folder, "provider.mjs"), env), none);
    t.same(await runOwnTests(join(folder, "node_modules/acme/provider.mjs"), env), none);
  },
);
