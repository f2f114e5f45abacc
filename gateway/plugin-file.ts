/** Which file a plugin's specifier means: a path, or an npm package that is installed where the process was started. */

import { readFile, realpath, stat } from "node:fs/promises";
import path from "node:path";
import { isObject } from "../providers/value-check.ts";
import { describeError } from "./errors.ts";

/** The file, or a clause about why there is none. */
export type PluginFile =
  /** Absolute, links resolved */
  | { readonly kind: "found"; readonly path: string }
  | { readonly kind: "missing"; readonly reason: string };

/** Entries of a folder, in the order in which they are tried; its package.json comes after them. */
const folderEntries = ["provider.ts", "provider.js", "provider.mjs"];

/** Conditions of package entry points under which a gateway loads a plugin. */
const conditions: readonly string[] = ["node", "import", "module-sync", "default"];

const packageName = /^(?:@[a-z\d~-][a-z\d._~-]*\/)?[a-z\d~-][a-z\d._~-]*$/;

/**
 * Finds the file of a specifier: `./x.ts`, `../x`, `/x` (a file or folder), or the name of a package under the
 * `node_modules` of `from` or of a folder above it.
 */
export async function findPluginFile(specifier: string, from: string): Promise<PluginFile> {
  if (/^\.{0,2}\/|^\.{1,2}$/.test(specifier)) return findByPath(path.resolve(from, specifier));
  if (!packageName.test(specifier)) {
    return missing(`wanted a path that begins with ./ or /, or the name of an npm package`);
  }
  for (const folder of foldersAbove(from)) {
    const place = path.join(folder, "node_modules", specifier);
    if ((await kindOf(place)) === "folder") return findInPackage(place);
  }
  const isHere = (await kindOf(path.resolve(from, specifier))) !== "nothing";
  const hint = isHere ? `, did you mean "./${specifier}"?` : "";
  return missing(`no package of this name is installed in ${from}${hint}`);
}

async function findByPath(place: string): Promise<PluginFile> {
  switch (await kindOf(place)) {
    case "file":
      return found(place);
    case "folder":
      return findInFolder(place);
    case "nothing":
      return missing(`${place} does not exist`);
  }
}

async function findInFolder(folder: string): Promise<PluginFile> {
  for (const name of folderEntries) {
    const file = path.join(folder, name);
    if ((await kindOf(file)) === "file") return found(file);
  }
  if ((await kindOf(path.join(folder, "package.json"))) === "file") return findInPackage(folder);
  return missing(`${folder} holds neither ${folderEntries.join(", ")} nor package.json`);
}

async function findInPackage(folder: string): Promise<PluginFile> {
  const manifest = path.join(folder, "package.json");
  try {
    const entry = entryOf(JSON.parse(await readFile(manifest, "utf8")));
    if (entry === undefined) return missing(`${manifest} names no entry in "exports" or "main"`);
    const file = path.join(folder, entry);
    if ((await kindOf(file)) === "file") return found(file);
    return missing(`${manifest} names "${entry}", which does not exist`);
  } catch (error) {
    return missing(`${manifest} cannot be read: ${describeError(error)}`);
  }
}

/** The entry for `import` of a package (https://nodejs.org/api/packages.html#package-entry-points). */
function entryOf(manifest: unknown): string | undefined {
  if (!isObject(manifest)) return undefined;
  const { exports, main } = manifest;
  if (exports === undefined) return typeof main === "string" ? main : "index.js";
  return resolveTarget(isObject(exports) && Object.hasOwn(exports, ".") ? exports["."] : exports);
}

function resolveTarget(target: unknown): string | undefined {
  if (typeof target === "string") return target;
  if (typeof target !== "object" || target === null) return undefined;
  for (const [condition, inner] of Object.entries(target)) {
    if (!Array.isArray(target) && !conditions.includes(condition)) continue;
    const entry = resolveTarget(inner);
    if (entry !== undefined) return entry;
  }
  return undefined;
}

function foldersAbove(from: string): string[] {
  const folders = [path.resolve(from)];
  for (let folder = folders[0] ?? "/"; path.dirname(folder) !== folder; ) {
    folder = path.dirname(folder);
    folders.push(folder);
  }
  return folders;
}

async function kindOf(place: string): Promise<"file" | "folder" | "nothing"> {
  const found = await stat(place).catch(() => undefined);
  if (found === undefined) return "nothing";
  return found.isDirectory() ? "folder" : "file";
}

async function found(file: string): Promise<PluginFile> {
  return { kind: "found", path: await realpath(file) };
}

function missing(reason: string): PluginFile {
  return { kind: "missing", reason };
}
