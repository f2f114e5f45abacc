/**
 * Whether `dist/` of a checkout is what its sources say now. Plain JavaScript for any Node from 20 on, and cheap: the
 * launcher asks at every start.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** Directories that `dist/` is made of. */
export const builtDirectories = ["crds", "providers", "gateway", "extproc", "certs", "control"];

/** No part of the product, wherever they are. */
const leftDirectories = new Set(["testdata", "node_modules", ".tap"]);

/** Where the build writes down what it was made of. */
export function stampFile(root) {
  return join(root, "dist/stamp");
}

/** Name, size and time of every source file, a line each. Throws where a directory cannot be read. */
export function readStamp(root) {
  const lines = [];
  for (const directory of [...builtDirectories]) addFolder(root, directory, lines);
  return lines.join("\n");
}

function addFolder(root, folder, lines) {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      if (!leftDirectories.has(entry.name)) addFolder(root, path, lines);
    } else if (!entry.name.endsWith(".test.ts") && !entry.name.endsWith(".md")) {
      const { size, mtimeMs } = statSync(join(root, path));
      lines.push(`${path} ${size} ${mtimeMs}`);
    }
  }
}

/** Whether the build was made of just these files; false where there is none. */
export function isBuildFresh(root) {
  try {
    return readFileSync(stampFile(root), "utf8") === readStamp(root);
  } catch {
    // No build, or no whole checkout.
    return false;
  }
}
