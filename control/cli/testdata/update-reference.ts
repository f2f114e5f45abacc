/** Writes the page of every command again. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { formatReference, referencePath } from "./command-reference.ts";

await writeFile(join(import.meta.dirname, "../../..", referencePath), await formatReference());
