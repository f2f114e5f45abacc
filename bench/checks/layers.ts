/**
 * The layer rule: which directory may import which, which npm packages each may use, and how an import is written.
 * Type imports count too. A directory's first level is its face; its subfolders are its own business.
 */
import { isBuiltin } from "node:module";
import { posix } from "node:path";
import { findExports } from "./exports.ts";
import { findImports } from "./imports.ts";
import type { ImportStatement } from "./imports.ts";
import { isTest } from "./repository.ts";
import type { SourceFile } from "./source-file.ts";

/** The npm packages that `package.json` declares, by name. */
export interface DeclaredPackages {
  readonly dependencies: readonly string[];
  readonly devDependencies: readonly string[];
}

interface Layer {
  /** Directories of ours that it may import; `"all"` for the bench */
  readonly directories: readonly string[] | "all";
  /** npm packages that it may use; `"declared"` for whatever `package.json` names */
  readonly packages: readonly string[] | "declared";
}

const layers = new Map<string, Layer>([
  ["crds", { directories: [], packages: [] }],
  ["providers", { directories: [], packages: [] }],
  ["native", { directories: [], packages: [] }],
  [
    "gateway",
    {
      directories: ["crds", "providers"],
      packages: [
        "protobufjs",
        "@grpc/grpc-js",
        "yaml",
        "re2js",
        "@nats-io/transport-node",
        "@nats-io/jetstream",
        "@nats-io/kv",
      ],
    },
  ],
  ["extproc", { directories: ["gateway", "providers"], packages: ["protobufjs", "@grpc/grpc-js"] }],
  ["certs", { directories: ["gateway"], packages: [] }],
  ["worker", { directories: ["gateway", "crds", "native"], packages: [] }],
  [
    "control",
    {
      directories: ["crds", "gateway", "certs", "worker"],
      packages: [
        "yaml",
        "protobufjs",
        "@nats-io/transport-node",
        "@nats-io/jetstream",
        "@clickhouse/client",
      ],
    },
  ],
  ["examples", { directories: [], packages: "declared" }],
  ["bench", { directories: "all", packages: "declared" }],
]);

const commandLine: Layer = {
  directories: "all",
  packages: ["@stricli/core", "yaml", "ink", "react"],
};

/** One sentence, led by `path:line`, for every import that breaks the rule. */
export function checkLayers(files: readonly SourceFile[], declared: DeclaredPackages): string[] {
  return files.flatMap((file) => {
    const layer = layerOf(file.path);
    if (layer === undefined) return [`${file.path}:1: directory has no layer rule`];
    const imports = findImports(file).flatMap((statement) => {
      const problems = [
        ...checkForm(statement),
        ...(statement.specifier.startsWith(".")
          ? checkDirectory(file.path, statement.specifier, layer)
          : checkPackage(file.path, statement.specifier, layer, declared)),
      ];
      return problems.map((problem) => `${file.path}:${statement.line}: ${problem}`);
    });
    return [...imports, ...checkDefaultExport(file)];
  });
}

function layerOf(path: string): Layer | undefined {
  if (isCommandLine(path)) return commandLine;
  const layer = layers.get(directoryOf(path));
  return layer !== undefined && isRoot(path) ? { ...layer, directories: "all" } : layer;
}

function directoryOf(path: string): string {
  return path.includes("/") ? (path.split("/")[0] ?? "") : "";
}

function isCommandLine(path: string): boolean {
  return path.startsWith("control/cli/");
}

/** A composition root, `main.ts` of a directory, wires what the others may not see. */
function isRoot(path: string): boolean {
  return /^[^/]+\/main(?:\.test)?\.ts$/.test(path) || isCommandLine(path);
}

function checkForm(statement: ImportStatement): string[] {
  const { specifier } = statement;
  const problems: string[] = [];
  if (statement.inlineType) problems.push(`inline type import of "${specifier}"`);
  if (statement.star) problems.push(`barrel: export * from "${specifier}"`);
  if (isBuiltin(specifier) && !specifier.startsWith("node:")) {
    problems.push(`"${specifier}" lacks its node: prefix`);
  }
  const isGenerated = specifier.split("/").includes("gen") || specifier.includes("../bin/");
  if (specifier.startsWith(".") && !specifier.endsWith(".ts") && !isGenerated) {
    problems.push(`"${specifier}" does not end in .ts`);
  }
  return problems;
}

function checkDirectory(path: string, specifier: string, layer: Layer): string[] {
  const target = posix.join(posix.dirname(path), specifier);
  const directory = directoryOf(path);
  if (directory === "bench") return [];
  if (target.startsWith("..")) return [`"${specifier}" leaves the repository`];
  const own = directoryOf(target) === directory;
  if (isRoot(target) && !mayImportRoot(path, target)) {
    return [`composition root "${target}" is imported by nobody`];
  }
  if (own) return [];
  const { directories } = layer;
  if (directories !== "all" && !directories.includes(directoryOf(target))) {
    return [`${directory} may not import ${directoryOf(target)}`];
  }
  if (directory === "control" && directoryOf(target) === "worker" && !isRoot(path)) {
    if (target !== "worker/worker-status.ts") return [`control may import only worker-status`];
  }
  return checkFace(target);
}

/** The command line's files import each other, and a root's own test imports the root. */
function mayImportRoot(path: string, target: string): boolean {
  return (
    (isCommandLine(path) && isCommandLine(target)) || path === target.replace(/\.ts$/, ".test.ts")
  );
}

function checkFace(target: string): string[] {
  const isFace = target.split("/").length === 2 || target.startsWith("gateway/proto/gen/");
  return isFace ? [] : [`"${target}" is below the first level of another directory`];
}

function checkPackage(
  path: string,
  specifier: string,
  layer: Layer,
  declared: DeclaredPackages,
): string[] {
  if (isBuiltin(specifier)) return [];
  const name = specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
  const mayUseAll = layer.packages === "declared" || directoryOf(path) === "bench" || isTest(path);
  const isDeclared =
    declared.dependencies.includes(name) || (mayUseAll && declared.devDependencies.includes(name));
  if (!isDeclared) return [`package "${name}" is not declared for it in package.json`];
  if (layer.packages === "declared" || layer.packages.includes(name)) return [];
  if (isTest(path) && declared.devDependencies.includes(name)) return [];
  return [`${directoryOf(path)} may not use package "${name}"`];
}

function checkDefaultExport(file: SourceFile): string[] {
  return findExports(file)
    .filter((declaration) => declaration.kind === "default")
    .map((declaration) => `${file.path}:${declaration.line}: default export`);
}
