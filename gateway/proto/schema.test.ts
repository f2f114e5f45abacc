/** Tests that our .proto files are a part of the schema inside the pinned Envoy binary, and complete by themselves. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import protobuf from "protobufjs";
import t from "tap";
import { findEnvoy } from "../envoy-binary.ts";
import { accessLogService } from "./access-log-service.ts";
import { aggregatedDiscoveryService } from "./discovery-service.ts";
import { readEmbeddedSchema } from "./embedded-schema.ts";
import { schemaDifferences } from "./schema-differences.ts";

const directory = import.meta.dirname;
// Whatever CLRK_ENVOY names is read, suitable or not: that is how an upgrade is looked at.
const binary = process.env["CLRK_ENVOY"] ?? (await findInstalledEnvoy());
const needsEnvoy = { skip: binary === undefined ? "needs envoy (CLRK_ENVOY)" : false };
const sources = readdirSync(directory, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".proto"))
  .sort();

async function findInstalledEnvoy(): Promise<string | undefined> {
  const found = await findEnvoy({ env: process.env, install: "never" });
  return found.kind === "found" ? found.path : undefined;
}

function load(files: string[]): protobuf.Root {
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) => join(directory, target);
  root.loadSync(files, { keepCase: true }).resolveAll();
  return root;
}

t.test("our schema is a part of Envoy's", needsEnvoy, async (t) => {
  const envoy = readEmbeddedSchema(readFileSync(binary ?? ""));
  t.ok(envoy.messages.size > 1000, "the binary carries its schema");
  t.same(schemaDifferences(load(sources), envoy), []);
});

t.test("our gRPC paths are Envoy's", needsEnvoy, async (t) => {
  const { methods } = readEmbeddedSchema(readFileSync(binary ?? ""));
  for (const service of [aggregatedDiscoveryService, accessLogService]) {
    for (const { path } of Object.values(service)) {
      t.ok(methods.has(path.slice(1)), path);
    }
  }
});

for (const source of sources) {
  t.test(`${source} holds its package only and imports what it names`, async (t) => {
    t.doesNotThrow(() => load([source]));
    const { package: name } = protobuf.parse(readFileSync(join(directory, source), "utf8"));
    t.equal(source, `${name?.replace(".", "/").replaceAll("_", "-")}.proto`);
  });
}
