/** `clrk provider new`: what it writes, and that it passes every check at once. */
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { createFakeContext } from "../testdata/fake-context.ts";

const names = ["README.md", "package.json", "provider.test.ts", "provider.ts"];

t.test("newProvider() writes a folder and says how to go on", async (t) => {
  const context = await createFakeContext(t);
  t.equal(await context.clrk("provider", "new", "acme"), 0);
  t.equal(
    context.stdout(),
    [
      "Wrote ./acme",
      "  provider.ts       its declaration and its dialect",
      "  provider.test.ts  its own tests",
      "  package.json      makes it an npm package",
      "  README.md         how to go on",
      "Check it   clrk provider test ./acme",
      "Serve it   clrk dev -f DIR --provider ./acme",
      "",
    ].join("\n"),
  );
  t.same((await readdir(join(context.home.root, "acme"))).sort(), names);
  const { name } = JSON.parse(
    await readFile(join(context.home.root, "acme/package.json"), "utf8"),
  ) as { name: string };
  t.equal(name, "clrk-provider-acme");
});

for (const { name, words, folder } of [
  { name: "a name with dashes", words: ["my-models"], folder: "my-models" },
  { name: "a name with underscores", words: ["my_models"], folder: "my_models" },
  { name: "another folder", words: ["acme", "--dir", "plugins/acme"], folder: "plugins/acme" },
]) {
  t.test(`newProvider() writes what passes every check, for ${name}`, async (t) => {
    const context = await createFakeContext(t);
    t.equal(await context.clrk("provider", "new", ...words), 0);
    t.match(context.stdout(), `Check it   clrk provider test ./${folder}\n`);
    t.equal(await context.clrk("provider", "test", `./${folder}`), 0, context.stderr());
    t.match(context.stdout(), /✔ provider\.test\.ts\n\n4\d\d checks, nothing is wrong\n$/);
  });
}

t.test("newProvider() overwrites nothing", async (t) => {
  const context = await createFakeContext(t);
  const folder = join(context.home.root, "acme");
  await mkdir(folder);
  await writeFile(join(folder, "package.json"), "mine");
  t.equal(await context.clrk("provider", "new", "acme"), 1);
  t.equal(
    context.stderr(),
    'clrk: Cannot write "./acme": it holds package.json already\nName another folder: clrk provider new acme --dir DIR\n',
  );
  t.same(await readdir(folder), ["package.json"]);
  t.equal(await readFile(join(folder, "package.json"), "utf8"), "mine");
});

t.test("newProvider() writes into a folder that holds something else", async (t) => {
  const context = await createFakeContext(t);
  await writeFile(join(context.home.root, "LICENSE"), "");
  t.equal(await context.clrk("provider", "new", "acme", "--dir", "."), 0);
  t.match(context.stdout(), "Check it   clrk provider test .\n");
  t.ok((await readdir(context.home.root)).includes("provider.ts"));
});

for (const { name, code, text } of [
  {
    name: "Acme",
    code: 2,
    text: 'clrk: Cannot use name "Acme": wanted lower-case words joined by - or _, at most 63 characters\n',
  },
  {
    name: "../acme",
    code: 2,
    text: 'clrk: Cannot use name "../acme": wanted lower-case words joined by - or _, at most 63 characters\n',
  },
  {
    name: "claude",
    code: 1,
    text: 'clrk: Cannot use name "claude": it means the built-in provider anthropic\nSee all names: clrk provider list\n',
  },
  {
    name: "google-genai",
    code: 1,
    text: 'clrk: Cannot use name "google-genai": it means the built-in provider google_genai\nSee all names: clrk provider list\n',
  },
]) {
  t.test(`newProvider() refuses the name ${name}`, async (t) => {
    const context = await createFakeContext(t);
    t.equal(await context.clrk("provider", "new", name), code);
    t.equal(context.stderr(), text);
    t.equal(context.stdout(), "");
  });
}
