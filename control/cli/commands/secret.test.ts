/** Tests of `clrk secret` against the real API server. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { openApiContext } from "../testdata/api-context.ts";

const secrets = "/api/v1/namespaces/default/secrets";

t.test(
  "setSecret() takes values from files, variables and input, and keeps other keys",
  async (t) => {
    const { context, api } = await openApiContext(t, {
      env: { TOKEN: "from-variable" },
      input: "from-input\n",
    });
    writeFileSync(join(context.workingDirectory, "value"), "from-file\r\n");
    t.equal(await context.clrk("secret", "set", "openai", "a=@value", "b=env:TOKEN"), 0);
    t.equal(context.stdout(), "secret/openai created: a, b\n");
    t.equal(await context.clrk("secret", "set", "openai", "c=-"), 0);
    t.equal(context.stdout(), "secret/openai configured: c\n");
    const { data, type } = (await api.send("GET", `${secrets}/openai`)).body;
    t.equal(type, "Opaque");
    const values = Object.entries(data).map(([key, value]) => [key, atob(String(value))]);
    t.same(Object.fromEntries(values), { a: "from-file", b: "from-variable", c: "from-input" });
  },
);

for (const { name, words, text } of [
  {
    name: "a value",
    words: ["s", "token=hunter2"],
    text: /^clrk: Cannot set "token": its value stands on the command line, .*\nGive it from elsewhere: token=@FILE,/,
  },
  {
    name: "a value that looks like a variable",
    words: ["s", "token=env:hunter2 x"],
    text: /its value stands on/,
  },
  {
    name: "a value without a key",
    words: ["s", "hunter2"],
    text: /^clrk: Cannot set a key: wanted KEY=@FILE/,
  },
  {
    name: "a value as a key",
    words: ["s", "hunter2 =x"],
    text: /^clrk: Cannot set a key: wanted KEY=@FILE/,
  },
  {
    name: "no name",
    words: ["token=hunter2"],
    text: /^clrk: Cannot set a Secret: wanted NAME, then/,
  },
  {
    name: "a key twice",
    words: ["s", "a=-", "a=-"],
    text: /^clrk: Cannot set "a": it is named more than once/,
  },
  {
    name: "input twice",
    words: ["s", "a=-", "b=-"],
    text: /^clrk: Cannot set several keys from standard input/,
  },
]) {
  t.test(`setSecret() refuses ${name}, and does not repeat it`, async (t) => {
    const { context } = await openApiContext(t);
    t.equal(await context.clrk("secret", "set", ...words), 2);
    t.match(context.stderr(), text);
    t.notMatch(context.stderr() + context.stdout(), /hunter2/);
  });
}

t.test("setSecret() tells what cannot be read", async (t) => {
  const { context } = await openApiContext(t);
  for (const { word, text } of [
    { word: "a=@none", text: /^clrk: Cannot set "a": ".*none" cannot be read \(ENOENT\)\n$/ },
    { word: "a=env:NONE", text: /^clrk: Cannot set "a": variable NONE is not set\n$/ },
    { word: "a=-", text: /^clrk: Cannot set "a": its value is empty\n$/ },
  ]) {
    t.equal(await context.clrk("secret", "set", "s", word), 1);
    t.match(context.stderr(), text);
  }
});

t.test("listSecrets() and deleteSecrets() show and take no values", async (t) => {
  const { context, api } = await openApiContext(t, { env: { TOKEN: "hunter2" } });
  t.equal(await context.clrk("secret", "list"), 0);
  t.match(context.stderr(), /^No Secrets\nMake one: /);
  await context.clrk("secret", "set", "openai", "b=env:TOKEN", "a=env:TOKEN");
  t.equal(await context.clrk("secret", "list", "-A"), 0);
  t.match(
    context.stdout(),
    /^NAMESPACE +NAME +TYPE +KEYS +AGE\ndefault +openai +Opaque +a,b +\d+s\n$/,
  );
  await context.clrk("secret", "list", "-o", "json");
  t.match(JSON.parse(context.stdout()), { secrets: [{ name: "openai", keys: ["a", "b"] }] });
  t.notOk(context.stdout().includes(btoa("hunter2")));
  t.equal(await context.clrk("secret", "delete", "openai"), 0);
  t.equal(context.stdout(), "secret/openai deleted\n");
  t.equal((await api.send("GET", `${secrets}/openai`)).status, 404);
  t.equal(await context.clrk("secret", "delete", "openai"), 1);
});
