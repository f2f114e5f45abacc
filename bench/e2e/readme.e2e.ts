/** What a newcomer reads: the README, the quickstart and the examples. Every command is run as it stands there. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { walkDocuments } from "../harness/document-walk.ts";

const examples = readdirSync(join(import.meta.dirname, "../../examples"), { withFileTypes: true });

await walkDocuments(t, [
  ...["README.md", "docs/quickstart.md", "examples/README.md"],
  ...examples
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `examples/${name}/README.md`),
]);
