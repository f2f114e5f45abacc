/** The layer rule, on bad samples and on this repository. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { checkLayers } from "./layers.ts";
import type { DeclaredPackages } from "./layers.ts";
import { readSources, repositoryRoot } from "./repository.ts";
import { parseSource } from "./source-file.ts";

const declared: DeclaredPackages = {
  dependencies: ["protobufjs", "@stricli/core"],
  devDependencies: ["tap", "openai"],
};

function check(path: string, text: string): string[] {
  return checkLayers([parseSource(path, text)], declared);
}

const rejected: { name: string; path: string; text: string; problem: string }[] = [
  {
    name: "an import against the arrow",
    path: "crds/route.ts",
    text: `import { a } from "../gateway/a.ts";`,
    problem: "crds may not import gateway",
  },
  {
    name: "a type import against the arrow",
    path: "gateway/xds.ts",
    text: `import type { A } from "../certs/a.ts";`,
    problem: "gateway may not import certs",
  },
  {
    name: "a type query against the arrow",
    path: "providers/a.ts",
    text: `export type A = import("../crds/a.ts").A;`,
    problem: "providers may not import crds",
  },
  {
    name: "a re-export against the arrow",
    path: "certs/a.ts",
    text: `export { a } from "../control/a.ts";`,
    problem: "certs may not import control",
  },
  {
    name: "a test that sees more than its subject",
    path: "certs/a.test.ts",
    text: `import { a } from "../crds/a.ts";`,
    problem: "certs may not import crds",
  },
  {
    name: "a file below another directory's face",
    path: "control/a.ts",
    text: `import { a } from "../gateway/xds/a.ts";`,
    problem: `"gateway/xds/a.ts" is below the first level of another directory`,
  },
  {
    name: "a file below a face, by the command line",
    path: "control/cli/a.ts",
    text: `import { a } from "../../gateway/xds/a.ts";`,
    problem: `"gateway/xds/a.ts" is below the first level of another directory`,
  },
  {
    name: "a composition root",
    path: "control/cli/dev.ts",
    text: `import { a } from "../../gateway/main.ts";`,
    problem: `composition root "gateway/main.ts" is imported by nobody`,
  },
  {
    name: "a composition root of the same directory",
    path: "gateway/a.ts",
    text: `import { a } from "./main.ts";`,
    problem: `composition root "gateway/main.ts" is imported by nobody`,
  },
  {
    name: "the command line from its own directory",
    path: "control/a.ts",
    text: `import { a } from "./cli/table.ts";`,
    problem: `composition root "control/cli/table.ts" is imported by nobody`,
  },
  {
    name: "more of worker than its status, by control",
    path: "control/a.ts",
    text: `import { a } from "../worker/dns.ts";`,
    problem: "control may import only worker-status",
  },
  {
    name: "our code in an example",
    path: "examples/quickstart/agent.ts",
    text: `import { a } from "../../gateway/a.ts";`,
    problem: "examples may not import gateway",
  },
  {
    name: "a path out of the repository",
    path: "gateway/a.ts",
    text: `import { a } from "../../other/a.ts";`,
    problem: `"../../other/a.ts" leaves the repository`,
  },
  {
    name: "a package outside the budget",
    path: "crds/a.ts",
    text: `import { a } from "protobufjs/minimal.js";`,
    problem: `crds may not use package "protobufjs"`,
  },
  {
    name: "a scoped package outside the budget",
    path: "gateway/a.ts",
    text: `import { a } from "@stricli/core";`,
    problem: `gateway may not use package "@stricli/core"`,
  },
  {
    name: "a development package outside a test",
    path: "gateway/a.ts",
    text: `import a from "openai";`,
    problem: `package "openai" is not declared for it in package.json`,
  },
  {
    name: "an undeclared package in a test",
    path: "gateway/a.test.ts",
    text: `import a from "left-pad";`,
    problem: `package "left-pad" is not declared for it in package.json`,
  },
  {
    name: "a path without extension",
    path: "gateway/a.ts",
    text: `import { a } from "./b";`,
    problem: `"./b" does not end in .ts`,
  },
  {
    name: "a built-in module without prefix",
    path: "gateway/a.ts",
    text: `import { join } from "path";`,
    problem: `"path" lacks its node: prefix`,
  },
  {
    name: "an inline type import",
    path: "gateway/a.ts",
    text: `import { type B } from "./b.ts";`,
    problem: `inline type import of "./b.ts"`,
  },
  {
    name: "a barrel",
    path: "gateway/a.ts",
    text: `export * from "./b.ts";`,
    problem: `barrel: export * from "./b.ts"`,
  },
  {
    name: "a default export",
    path: "gateway/a.ts",
    text: "export default 1;",
    problem: "default export",
  },
  {
    name: "an unknown directory",
    path: "lib/a.ts",
    text: "",
    problem: "directory has no layer rule",
  },
];

for (const { name, path, text, problem } of rejected) {
  t.test(`checkLayers() rejects ${name}`, (t) => {
    t.strictSame(check(path, text), [`${path}:1: ${problem}`]);
    t.end();
  });
}

const accepted: { name: string; path: string; text: string }[] = [
  { name: "the arrow's direction", path: "control/a.ts", text: `import "../certs/a.ts";` },
  { name: "a subfolder of its own", path: "gateway/xds.ts", text: `import "./xds/a.ts";` },
  { name: "generated code", path: "certs/a.ts", text: `import "../gateway/proto/gen/envoy.js";` },
  { name: "worker-status", path: "control/a.ts", text: `import "../worker/worker-status.ts";` },
  { name: "a root that wires", path: "gateway/main.ts", text: `import "../certs/a.ts";` },
  { name: "a root's own test", path: "gateway/main.test.ts", text: `import "./main.ts";` },
  { name: "the command line", path: "control/cli/a.ts", text: `import "./b/c.ts";` },
  {
    name: "anything in the bench",
    path: "bench/e2e/a.e2e.ts",
    text: `import "../../gateway/x/a.ts"; import "openai";`,
  },
  { name: "a budgeted package", path: "gateway/a.ts", text: `import "protobufjs/minimal.js";` },
  { name: "a tool in a test", path: "crds/a.test.ts", text: `import t from "tap";` },
  { name: "a package in an example", path: "examples/a/agent.ts", text: `import "openai";` },
  { name: "built-in modules", path: "crds/a.ts", text: `import { join } from "node:path";` },
];

for (const { name, path, text } of accepted) {
  t.test(`checkLayers() accepts ${name}`, (t) => {
    t.strictSame(check(path, text), []);
    t.end();
  });
}

t.test("every import of the repository keeps the layer rule", (t) => {
  const root = repositoryRoot();
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const names = {
    dependencies: Object.keys(manifest.dependencies),
    devDependencies: Object.keys(manifest.devDependencies),
  };
  t.strictSame(checkLayers(readSources(root), names), []);
  t.end();
});
