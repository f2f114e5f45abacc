/** `clrk provider test`: its lines, its JSON and its exit codes, for plugins that are sound and for broken ones. */
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { providers } from "../../../providers/registry.ts";
import type { FakeContext } from "../testdata/fake-context.ts";
import { createFakeContext } from "../testdata/fake-context.ts";

const few = ["--splits", "10"];

/** A context with a scaffolded provider whose source is changed as told. */
async function createPlugin(
  test: Test,
  change: (source: string) => string = (source) => source,
): Promise<{ context: FakeContext; folder: string }> {
  const context = await createFakeContext(test);
  await context.clrk("provider", "new", "acme");
  const folder = join(context.home.root, "acme");
  const file = join(folder, "provider.ts");
  const source = await readFile(file, "utf8");
  const changed = change(source);
  await writeFile(file, changed);
  return { context, folder };
}

t.test("testProvider() has a line for each subject, and a sum", async (t) => {
  const { context } = await createPlugin(t);
  t.equal(await context.clrk("provider", "test", "./acme", ...few), 0);
  t.match(
    context.stdout(),
    /^acme \(acme\/provider\.ts\)\n {2}✔ declaration {14}1 check\n {2}✔ acme-chat {16}\d+ checks\n {2}✔ provider\.test\.ts\n\n\d+ checks, nothing is wrong\n$/,
  );
});

t.test("testProvider() says what a broken codec loses, within 80 columns", async (t) => {
  const { context } = await createPlugin(t, (source) =>
    source.replace("temperature: temperature ?? undefined,", ""),
  );
  t.equal(await context.clrk("provider", "test", "./acme", ...few), 1);
  const lines = context.stdout().split("\n");
  t.match(lines[2], /^ {2}✘ acme-chat {16}\d+ checks, 3 problems$/);
  t.equal(lines[3], '      request "temperature": temperature is null, wanted "0.5"');
  t.match(context.stdout(), /\n\d+ checks, 3 problems\n$/);
  t.same(
    lines.filter((line) => line.length > 80),
    [],
  );
});

t.test("testProvider() shows ten problems of a subject, and how many more there are", async (t) => {
  const { context } = await createPlugin(t, (source) =>
    source.replace('model: textOr(model, "")', 'model: "other"'),
  );
  await context.clrk("provider", "test", "./acme", ...few);
  const text = context.stdout();
  const { length } = text.split("\n").filter((line) => /^ {6}answer /.test(line));
  t.equal(length, 10);
  t.match(text, /\n {6}and \d+ more; -o json has them all\n/);
});

t.test("testProvider() asks nothing of the codecs of a wrong declaration", async (t) => {
  const { context } = await createPlugin(t, (source) => source.replace("hosts: [", "host: ["));
  t.equal(await context.clrk("provider", "test", "./acme"), 1);
  t.equal(context.stdout(), "");
  t.equal(
    context.stderr(),
    [
      'clrk: Cannot load provider plugin "./acme": host is unknown, wanted one of name, aliases, hosts, credentialHeaders, ownHeaders, errorBody, errorHeaders, operations, served',
      'Cannot load provider plugin "./acme": hosts is missing, wanted a list',
      "",
    ].join("\n"),
  );
});

t.test("testProvider() fails with the plugin's own tests, and shows what they said", async (t) => {
  const { context, folder } = await createPlugin(t);
  await writeFile(
    join(folder, "more.test.ts"),
    'import test from "node:test";\ntest("sums", () => { throw new Error("not four"); });\n',
  );
  t.equal(await context.clrk("provider", "test", "./acme", ...few), 1);
  t.match(context.stdout(), "\n  ✘ more.test.ts, provider.test.ts\n      ✖ sums");
  t.match(context.stdout(), "not four");
  t.match(context.stdout(), /\d+ checks, 0 problems, and its own tests fail\n$/);
});

t.test("testProvider() is content without tests of the plugin", async (t) => {
  const { context, folder } = await createPlugin(t);
  await rm(join(folder, "provider.test.ts"));
  t.equal(await context.clrk("provider", "test", "./acme", ...few), 0);
  t.notMatch(context.stdout(), "provider.test.ts");
});

t.test("testProvider() prints JSON with every problem", async (t) => {
  const { context, folder } = await createPlugin(t, (source) =>
    source.replace("kind: words[kind], message } };", 'kind: words[kind], message: "" } };'),
  );
  t.equal(await context.clrk("provider", "test", "./acme", "-o", "json", ...few), 1);
  const { ok, providers: reports } = JSON.parse(context.stdout());
  t.equal(ok, false);
  t.match(reports, [
    {
      name: "acme",
      path: join(folder, "provider.ts"),
      findings: [{ subject: "declaration", checks: 1, problems: [] }, { subject: "acme-chat" }],
      tests: { files: ["provider.test.ts"], isOk: true },
    },
  ]);
  t.ok(reports[0].findings[1].problems.length > 10);
});

t.test("testProvider() checks all built-in providers, or one", async (t) => {
  const context = await createFakeContext(t);
  t.equal(await context.clrk("provider", "test", "--builtin", ...few), 0, context.stdout());
  for (const { name } of providers) t.match(context.stdout(), `${name} (built in)\n`);
  t.equal(await context.clrk("provider", "test", "--builtin", "claude", ...few), 0);
  t.match(context.stdout(), /^anthropic \(built in\)\n {2}✔ declaration /);
  t.notMatch(context.stdout(), "openai (built in)");
});

for (const { name, words, code, text } of [
  {
    name: "no plugin",
    words: [],
    code: 2,
    text: "clrk: Cannot test: no plugin is named\nName its folder: clrk provider test ./acme; or all built-in ones: --builtin\n",
  },
  {
    name: "a built-in provider that is none",
    words: ["--builtin", "acme"],
    code: 1,
    text: `clrk: There is no built-in provider "acme"\nWanted one of ${providers.map((one) => one.name).join(", ")}\n`,
  },
  {
    name: "a package that is not there",
    words: ["acme"],
    code: 1,
    text: /^clrk: Cannot load provider plugin "acme": no package of this name is installed in \S+\n$/,
  },
  {
    name: "half a split",
    words: ["./acme", "--splits", "0.5"],
    code: 2,
    text: 'clrk: Cannot use "0.5" for --splits: Wanted a whole number from 0 to 1000000000\nSee how it is used: clrk provider test --help\n',
  },
]) {
  t.test(`testProvider() refuses ${name}`, async (t) => {
    const context = await createFakeContext(t);
    t.equal(await context.clrk("provider", "test", ...words), code);
    if (typeof text === "string") t.equal(context.stderr(), text);
    else t.match(context.stderr(), text);
    t.equal(context.stdout(), "");
  });
}

t.test("testProvider() refuses a plugin that takes a built-in one's place", async (t) => {
  const { context } = await createPlugin(t, (source) =>
    source.replace("api.acme.example", "api.openai.com"),
  );
  t.equal(await context.clrk("provider", "test", "./acme"), 1);
  t.equal(
    context.stderr(),
    'clrk: Cannot add the provider: host "api.openai.com" of acme is taken by "api.openai.com" of openai\n',
  );
});
