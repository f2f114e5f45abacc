import { readFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { scaffoldFiles } from "./provider-scaffold.ts";

t.test("scaffoldFiles() names the provider everywhere", async (t) => {
  const files = await scaffoldFiles("my_models");
  t.same(
    files.map(({ name }) => name),
    ["provider.ts", "provider.test.ts", "package.json", "README.md"],
  );
  for (const { name, text } of files) {
    t.notMatch(text, /__[A-Z]+__/, name);
    t.match(text, "my_models", name);
    t.ok(text.endsWith("\n"), name);
  }
  t.match(files[0]?.text, 'hosts: ["api.my-models.example"]');
});

t.test(
  "scaffoldFiles() has lines of at most 120 columns, and at most a page of README",
  async (t) => {
    for (const { name, text } of await scaffoldFiles("acme")) {
      const lines = text.split("\n");
      t.same(
        lines.filter((line) => line.length > 120),
        [],
        name,
      );
      if (name === "README.md") t.ok(lines.length < 60);
    }
  },
);

t.test("scaffoldFiles() gives the file that docs/providers.md explains", async (t) => {
  const document = await readFile(join(import.meta.dirname, "../../docs/providers.md"), "utf8");
  const blocks = [...document.matchAll(/^```ts\n(.*?)\n```$/gms)].map(([, code]) => code);
  const [provider] = await scaffoldFiles("acme");
  t.equal(`${blocks.join("\n\n")}\n`, provider?.text);
});
