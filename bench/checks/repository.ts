/**
 * Reads the repository for the checks: the files that are, or would be, committed.
 * Generated code, installed packages and test data are never among the sources.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseSource } from "./source-file.ts";
import type { SourceFile } from "./source-file.ts";

/** The absolute path of the repository that holds this file. */
export function repositoryRoot(): string {
  return resolve(import.meta.dirname, "../..");
}

/**
 * Paths of all files below `root` that git tracks or would add, with forward slashes, sorted.
 * Where there is no git directory (an unpacked archive) the tree is walked instead.
 */
export function listFiles(root: string): string[] {
  const files = existsSync(join(root, ".git")) ? listWithGit(root) : walk(root, "");
  return [...new Set(files)].filter((path) => existsSync(join(root, path))).sort();
}

/** All TypeScript sources below `root`, tests included, test data not. Throws SyntaxError for one that cannot be read. */
export function readSources(root: string): SourceFile[] {
  return listFiles(root)
    .filter((path) => path.endsWith(".ts") && !path.endsWith(".d.ts"))
    .filter((path) => !path.split("/").includes("testdata"))
    .map((path) => parseSource(path, readFileSync(join(root, path), "utf8")));
}

/** True for a unit test, an end-to-end test or a comparison with Kubernetes. */
export function isTest(path: string): boolean {
  return /\.(?:test|e2e|kube)\.ts$/.test(path);
}

const skippedDirectories = new Set([
  "node_modules",
  ".git",
  ".tap",
  "gen",
  "dist",
  ".dist",
  "coverage",
]);

function listWithGit(root: string): string[] {
  const git = ["ls-files", "--cached", "--others", "--exclude-standard", "-z"];
  const text = execFileSync("git", git, { cwd: root, encoding: "utf8", maxBuffer: 2 ** 26 });
  return text.split("\0").filter((path) => path !== "");
}

function walk(root: string, directory: string): string[] {
  return readdirSync(join(root, directory), { withFileTypes: true }).flatMap((entry) => {
    const path = directory === "" ? entry.name : `${directory}/${entry.name}`;
    if (!entry.isDirectory()) return [path];
    return skippedDirectories.has(entry.name) ? [] : walk(root, path);
  });
}
