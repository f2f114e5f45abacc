/** Everything else that users read: every command in `docs` is run as it stands there. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { walkDocuments } from "../harness/document-walk.ts";

const root = join(import.meta.dirname, "../..");

/** The story of the README runs it. */
const elsewhere = "quickstart.md";

await walkDocuments(
  t,
  readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md") && name !== elsewhere)
    .map((name) => `docs/${name}`),
);

// docs/commands.md is what --help says: control/cli/application.test.ts compares them.
t.test("docs/cli.md names every command and option that --help shows", async (test) => {
  // The first sends readers to the second for some commands.
  const text = ["docs/cli.md", "docs/traces.md"]
    .map((path) => readFileSync(join(root, path), "utf8"))
    .join("\n");
  const reference = readFileSync(join(root, "docs/commands.md"), "utf8");
  const sections = reference.split(/^## clrk ?/m).slice(1);
  test.ok(sections.length >= 30);
  for (const section of sections) {
    const [command = ""] = section.split(/\s/, 1);
    test.ok(text.includes(`\`clrk ${command}`), `command ${command}`);
    for (const [option] of section.matchAll(/--[a-z][a-z-]+/g)) {
      if (option !== "--help") test.ok(text.includes(option), `${option} of ${command}`);
    }
  }
});
