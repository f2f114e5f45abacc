import t from "tap";
import type { EnvoyBinary } from "../../gateway/envoy-binary.ts";
import { CliError } from "./cli-error.ts";
import { describeEnvoySource, prepareEnvoy } from "./prepare-envoy.ts";
import { createFakeContext } from "./testdata/fake-context.ts";

const envoy = {
  kind: "found",
  path: "/opt/envoy",
  version: "1.40.0",
  source: "installed",
} as const;

async function prepare(t: Parameters<typeof createFakeContext>[0], isTerminal: boolean) {
  const context = await createFakeContext(t, {
    isTerminal,
    findEnvoy: async ({ onProgress }) => {
      onProgress?.({ phase: "download", bytes: 1_200_000, totalBytes: 36_900_000 });
      onProgress?.({ phase: "download", bytes: 36_900_000, totalBytes: 36_900_000 });
      onProgress?.({ phase: "verify" });
      onProgress?.({ phase: "extract" });
      return envoy;
    },
  });
  t.same(await prepareEnvoy(context, { output: context.process.stdout }), envoy);
  return context.stdout();
}

t.test("prepareEnvoy() rewrites one line on a terminal, and removes it", async (t) => {
  t.equal(
    await prepare(t, true),
    [
      "Envoy          downloading 1 of 37 MB …",
      "Envoy          downloading 37 of 37 MB …",
      "Envoy          verifying …",
      "Envoy          unpacking …",
      "",
    ]
      .map((line) => `\r\u001b[K${line}`)
      .join(""),
  );
});

t.test("prepareEnvoy() writes one line elsewhere", async (t) => {
  t.equal(await prepare(t, false), "Envoy          downloading 1 of 37 MB …\n");
});

t.test("prepareEnvoy() throws what the search says", async (t) => {
  const missing: EnvoyBinary = { kind: "unavailable", message: "Cannot find Envoy 1.40:\n  1. …" };
  const context = await createFakeContext(t, { findEnvoy: async () => missing });
  const prepared = prepareEnvoy(context, { output: context.process.stdout });
  await t.rejects(prepared, new CliError(missing.message));
});

for (const { source, text } of [
  { source: "installed", text: "installed from the Python package, verified" },
  { source: "cache", text: "installed earlier" },
  { source: "PATH", text: "PATH: envoy" },
  { source: "CLRK_ENVOY", text: "CLRK_ENVOY: envoy" },
] as const) {
  t.test(`describeEnvoySource() of ${source}`, (t) => {
    t.equal(describeEnvoySource({ path: "/opt/envoy", source }, "/opt"), text);
    t.end();
  });
}
