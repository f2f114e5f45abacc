import { realpathSync } from "node:fs";
import path from "node:path";
import t from "tap";
import type { Test } from "tap";
import {
  allProviders,
  findProviderByName,
  providers,
  resetProviders,
} from "../providers/registry.ts";
import { ClrkError } from "./errors.ts";
import { installProviderPlugins, loadProviderPlugins } from "./plugin-loader.ts";

/** Source of a plugin, with TypeScript in it; `more` stands in the declaration. */
function source(more = "", name = "acme"): string {
  return `
import type { ProviderPlugin } from "clrk/providers/provider-plugin.ts";
interface Message { readonly message: string }
export const plugin: ProviderPlugin = {
  interfaceVersion: 1,
  createProvider: (kit) => ({
    name: "${name}",
    aliases: [],
    hosts: ["api.${name}.test"],
    credentialHeaders: ["authorization"],
    errorBody: ({ message }: Message) => ({ error: { message } }),
    errorHeaders: [],
    operations: kit.provider("openai").operations,
    ${more}
  }),
};
`;
}

function place(test: Test, tree: Record<string, string | Record<string, string>>): string {
  return realpathSync(test.testdir(tree));
}

t.test("loadProviderPlugins() loads TypeScript that imports our types only as types", async (t) => {
  const from = place(t, { acme: { "provider.ts": source() } });
  const { plugins, problems } = await loadProviderPlugins(["./acme"], { from });
  t.same(problems, []);
  t.match(plugins, [
    {
      specifier: "./acme",
      path: path.join(from, "acme/provider.ts"),
      provider: { name: "acme", hosts: ["api.acme.test"] },
    },
  ]);
  const openai = providers.find(({ name }) => name === "openai");
  t.equal(plugins[0]?.provider.operations, openai?.operations, "it got ours from the kit");
  t.equal(allProviders(), providers, "nothing is added yet");
});

t.test("loadProviderPlugins() loads JavaScript, and a default export", async (t) => {
  const from = place(t, {
    "a.mjs": source("", "first").replaceAll(
      /import type.*|interface .*|: (?:ProviderPlugin|Message)/g,
      "",
    ),
    "b.ts": source("", "second").replace("export const plugin: ProviderPlugin =", "export default"),
    "c.cjs": `exports.plugin = { interfaceVersion: 1, createProvider: () => ({
      name: "third", aliases: [], hosts: [], credentialHeaders: [],
      errorBody: ({ message }) => ({ message }), errorHeaders: [] }) };`,
  });
  const { plugins, problems } = await loadProviderPlugins(["./a.mjs", "./b.ts", "./c.cjs"], {
    from,
  });
  t.same(problems, []);
  t.same(
    plugins.map(({ provider }) => provider.name),
    ["first", "second", "third"],
  );
});

t.test("loadProviderPlugins() loads the same file once", async (t) => {
  const from = place(t, { acme: { "provider.ts": source() } });
  const specifiers = ["./acme", "./acme/provider.ts", path.join(from, "acme")];
  const { plugins, problems } = await loadProviderPlugins(specifiers, { from });
  t.same(problems, []);
  t.equal(plugins.length, 1);
});

for (const { name, text, reason } of [
  {
    name: "no plugin",
    text: "export const provider = {};",
    reason: " does not export plugin = { interfaceVersion, createProvider }",
  },
  {
    name: "a function",
    text: "export const plugin = () => ({});",
    reason: " does not export plugin = { interfaceVersion, createProvider }",
  },
  {
    name: "a later interface",
    text: source().replace("interfaceVersion: 1", "interfaceVersion: 2"),
    reason: " is written for version 2 of the provider interface, and this clrk has version 1",
  },
  {
    name: "no version",
    text: source().replace("interfaceVersion: 1,", ""),
    reason: " is written for version none of the provider interface, and this clrk has version 1",
  },
  {
    name: "a version in words",
    text: source().replace("interfaceVersion: 1", 'interfaceVersion: "1"'),
    reason: ' is written for version "1" of the provider interface, and this clrk has version 1',
  },
  {
    name: "no createProvider",
    text: "export const plugin = { interfaceVersion: 1, provider: {} };",
    reason: " exports no createProvider: wanted plugin = { interfaceVersion, createProvider }",
  },
  {
    name: "a throw when it is imported",
    text: '\n\nthrow new Error("No key");',
    reason: ":3: No key",
  },
  {
    name: "a throw of something else",
    text: "throw 7;",
    reason: ": Not an Error: number",
  },
  {
    name: "a throw when it is called",
    text: 'export const plugin = { interfaceVersion: 1,\ncreateProvider: (kit) => kit.codec("nonsense") };',
    reason: /:2: There is no built-in codec "nonsense": known are /,
  },
  { name: "a mistake of syntax", text: "export const plugin = {;", reason: /:1: / },
  {
    name: "syntax that cannot be erased",
    text: "enum A { B }\n",
    reason: /: .*enum/,
  },
  {
    name: "a package that is not there",
    text: 'import "clrk-nowhere";',
    reason: /: Cannot find package 'clrk-nowhere' imported from /,
  },
  {
    name: "our code by import",
    text: 'import { parseJson } from "clrk/providers/json-text.ts"; parseJson();',
    reason:
      /Cannot find package 'clrk' .*; import types of clrk with `import type`, code comes with the kit$/,
  },
]) {
  t.test(`loadProviderPlugins() says what is wrong with ${name}`, async (t) => {
    const from = place(t, { "x.ts": text });
    const { plugins, problems } = await loadProviderPlugins(["./x.ts"], { from });
    t.same(plugins, []);
    t.equal(problems.length, 1);
    const [problem = ""] = problems;
    const start = `Cannot load provider plugin "./x.ts": ${path.join(from, "x.ts")}`;
    t.equal(problem.slice(0, start.length), start);
    if (typeof reason === "string") t.equal(problem.slice(start.length), reason);
    else t.match(problem.slice(start.length), reason);
  });
}

t.test("loadProviderPlugins() has a sentence for each mistake of a declaration", async (t) => {
  const from = place(t, {
    "x.ts": source('name: "Acme", hosts: ["api.acme.test:443"]'),
  });
  const { problems } = await loadProviderPlugins(["./x.ts", "./y.ts"], { from });
  const subject = 'Cannot load provider plugin "./x.ts": ';
  t.same(problems, [
    `${subject}name is "Acme", wanted lower-case words joined by - or _, at most 63 characters`,
    `${subject}hosts[0] is "api.acme.test:443", wanted a host name in lower case, or one after *.`,
    `Cannot load provider plugin "./y.ts": ${path.join(from, "y.ts")} does not exist`,
  ]);
});

t.test("loadProviderPlugins() gives the sound ones beside the others", async (t) => {
  const from = place(t, { "x.ts": source(), "y.ts": "throw new Error('No')" });
  const { plugins, problems } = await loadProviderPlugins(["./y.ts", "./x.ts"], { from });
  t.same(
    plugins.map(({ specifier }) => specifier),
    ["./x.ts"],
  );
  t.equal(problems.length, 1);
});

t.test("loadProviderPlugins() does not wait for ever", async (t) => {
  const from = place(t, { "x.ts": "await new Promise(() => {});" });
  const { problems } = await loadProviderPlugins(["./x.ts"], { from, deadlineMs: 50 });
  t.match(problems, [/x\.ts: Loading took longer than 50 ms$/]);
});

t.test("loadProviderPlugins() says that Node runs no TypeScript of a package", async (t) => {
  const from = realpathSync(
    t.testdir({
      node_modules: {
        acme: { "provider.ts": source(), "package.json": '{"exports":"./provider.ts"}' },
      },
    }),
  );
  const { problems } = await loadProviderPlugins(["acme"], { from });
  t.match(problems, [
    /^Cannot load provider plugin "acme": .*: Node runs no TypeScript under node_modules: publish it as JavaScript$/,
  ]);
});

t.test("installProviderPlugins() adds what it loads", async (t) => {
  t.teardown(resetProviders);
  const from = place(t, { acme: { "provider.ts": source() } });
  const [plugin] = await installProviderPlugins(["./acme"], { from });
  t.equal(findProviderByName("acme"), plugin?.provider);
});

t.test("installProviderPlugins() adds nothing where a name is taken", async (t) => {
  t.teardown(resetProviders);
  const from = place(t, { "a.ts": source(), "b.ts": source("", "openai") });
  const message = 'Cannot add provider plugins: name "openai" of openai is taken by openai';
  await t.rejects(
    installProviderPlugins(["./a.ts", "./b.ts"], { from }),
    new ClrkError("CLRK_INVALID_ARGUMENT", message, { expose: message }),
  );
  t.equal(allProviders(), providers);
});

t.test("installProviderPlugins() adds nothing where one cannot be loaded", async (t) => {
  t.teardown(resetProviders);
  const from = place(t, { "a.ts": source() });
  await t.rejects(installProviderPlugins(["./a.ts", "./b.ts", "x y"], { from }), {
    code: "CLRK_INVALID_ARGUMENT",
    expose: [
      `Cannot load provider plugin "./b.ts": ${path.join(from, "b.ts")} does not exist`,
      'Cannot load provider plugin "x y": wanted a path that begins with ./ or /, or the name of an npm package',
    ].join("\n"),
  });
  t.equal(allProviders(), providers);
});

t.test("installProviderPlugins() of nothing is nothing", async (t) => {
  t.same(await installProviderPlugins([], { from: "/" }), []);
  t.equal(allProviders(), providers);
});
