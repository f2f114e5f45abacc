/**
 * Which build of a checkout is of what its sources say now. Each state of them has a directory of its own below `.dist/`,
 * which nothing changes once it is there: a process that runs from one finds, whenever it loads more, what it began with.
 * Plain JavaScript for any Node from 20 on, and cheap: the launcher asks at every start.
 */
import { existsSync, readdirSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

/** Directories that a build is made of. */
export const builtDirectories = ["crds", "providers", "gateway", "extproc", "certs", "control"];

/** Files that say how it is made. */
const instructions = ["bench/checks/build.mjs", "tsconfig.build.json", "tsconfig.json"];

/** No part of the product, wherever they are. */
const leftDirectories = new Set(["testdata", "node_modules", ".tap"]);

/** Where the builds of a checkout are. */
export function buildsDirectory(root) {
  return join(root, ".dist");
}

/** Where the build of the present sources is, or would be. Throws where a directory of them cannot be read. */
export function buildDirectory(root) {
  // Loaded only where it is needed: most commands do not ask.
  const { createHash } = createRequire(import.meta.url)("node:crypto");
  const name = createHash("sha256").update(readStamp(root)).digest("hex").slice(0, 16);
  return join(buildsDirectory(root), name);
}

/** The build of the present sources; undefined where there is none. */
export function findFreshBuild(root) {
  try {
    const directory = buildDirectory(root);
    return existsSync(directory) ? directory : undefined;
  } catch {
    // No whole checkout.
    return undefined;
  }
}

/** Name, size and time of every source file, a line each. */
function readStamp(root) {
  const lines = [];
  for (const directory of builtDirectories) addFolder(root, directory, lines);
  for (const path of instructions) {
    const facts = statSync(join(root, path), { throwIfNoEntry: false });
    if (facts !== undefined) lines.push(lineOf(path, facts));
  }
  return lines.join("\n");
}

function addFolder(root, folder, lines) {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      if (!leftDirectories.has(entry.name)) addFolder(root, path, lines);
    } else if (!entry.name.endsWith(".test.ts") && !entry.name.endsWith(".md")) {
      lines.push(lineOf(path, statSync(join(root, path))));
    }
  }
}

function lineOf(path, { size, mtimeMs }) {
  return `${path} ${size} ${mtimeMs}`;
}
