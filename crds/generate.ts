/** `npm run generate`: writes the files that are made from the kinds. `npm test -- checks` fails where they are stale. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { generatedFiles } from "./generated-files.ts";

/** Writes every generated file below `root`; files of kinds that are gone stay for a person to remove. */
export function writeGeneratedFiles(root: string): void {
  for (const [path, text] of generatedFiles()) {
    const file = resolve(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}

if (import.meta.main) writeGeneratedFiles(resolve(import.meta.dirname, ".."));
