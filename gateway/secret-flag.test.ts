/** Tests of `--secret`: flags that are read, and flags that are refused without a word of what they hold. */
import t from "tap";
import { ClrkError } from "./errors.ts";
import { parseSecretFlag } from "./secret-flag.ts";

const read: readonly { name: string; flag: string; spec: object }[] = [
  {
    name: "a variable",
    flag: "openai=OPENAI_API_KEY",
    spec: { kind: "variable", name: "openai", variable: "OPENAI_API_KEY", key: "token" },
  },
  {
    name: "a namespace, and a key behind the variable",
    flag: "team/aws=_id2:accessKeyId",
    spec: {
      kind: "variable",
      name: "aws",
      namespace: "team",
      variable: "_id2",
      key: "accessKeyId",
    },
  },
  {
    name: "a key behind the name",
    flag: "aws:accessKeyId=ID",
    spec: { kind: "variable", name: "aws", variable: "ID", key: "accessKeyId" },
  },
  {
    name: "a variable that is called like a scheme",
    flag: "a:token=file",
    spec: { kind: "variable", variable: "file" },
  },
  {
    name: "a file, with colons and blanks in its path",
    flag: "openai:api-key=file:/run/a b:c=d/key",
    spec: { kind: "file", name: "openai", path: "/run/a b:c=d/key", key: "api-key" },
  },
  {
    name: "a file in the working directory",
    flag: "openai=file:key",
    spec: { kind: "file", path: `${process.cwd()}/key`, origin: "--secret openai=file:key" },
  },
  {
    name: "a file of the user's home",
    flag: "openai=file:~/key",
    spec: { kind: "file", path: `${process.env["HOME"]}/key` },
  },
  {
    name: "a folder",
    flag: "team/aws=dir:/run/secrets/aws",
    spec: { kind: "directory", name: "aws", namespace: "team", path: "/run/secrets/aws" },
  },
  {
    name: "a command, whose arguments are shown nowhere",
    flag: "openai=command:op read  op://work/openai/key",
    spec: {
      kind: "command",
      command: ["op", "read", "op://work/openai/key"],
      origin: "--secret openai=command:op",
      refreshMs: 900_000,
      timeoutMs: 30_000,
    },
  },
  {
    name: "a command for one key",
    flag: "gcp:key.json=command:gcloud secrets versions access latest",
    spec: { kind: "command", key: "key.json" },
  },
];
for (const { name, flag, spec } of read) {
  t.test(`parseSecretFlag() reads ${name}`, (t) => {
    t.match(parseSecretFlag(flag), spec);
    t.end();
  });
}

const refused: readonly { name: string; flag: string; detail: string }[] = [
  { name: "empty", flag: "", detail: 'no "=" after the name' },
  { name: "no variable", flag: "openai", detail: 'no "=" after the name' },
  { name: "empty name", flag: "=A", detail: "its name is not " },
  { name: "upper case name", flag: "OpenAI=A", detail: "its name is not " },
  { name: "two slashes", flag: "a/b/c=A", detail: "its name is not " },
  { name: "empty namespace", flag: "/b=A", detail: "its namespace is not " },
  { name: "namespace with dot", flag: "a.b/b=A", detail: "its namespace is not " },
  { name: "empty variable", flag: "a=", detail: "after the = stands no name of an environment" },
  { name: "dollar sign", flag: "a=$A", detail: "after the = stands no name of an environment" },
  { name: "leading digit", flag: "a=1A", detail: "after the = stands no name of an environment" },
  { name: "empty key", flag: "a=A:", detail: "its key is not " },
  { name: "key with slash", flag: "a=A:b/c", detail: "its key is not " },
  { name: "two keys", flag: "a:b=A:c", detail: "its key is given twice" },
  { name: "two colons", flag: "a:b:c=A", detail: 'more than one ":" before the "="' },
  { name: "no path", flag: "a=file:", detail: "after the : stands no path" },
  { name: "a key of a folder", flag: "a:b=dir:x", detail: "a folder has a file for each key" },
  { name: "no program", flag: "a=command: ", detail: "after command: stands no program" },
  { name: "a quote", flag: "a=command:sh -c 'x'", detail: "the command has quotes or other marks" },
  { name: "a pipe", flag: "a=command:a | b", detail: "the command has quotes or other marks" },
  {
    name: "the key itself as an argument",
    flag: "a=command:echo sk-proj-abcdefghijklmnop0123456789",
    detail: "among the words of the command is what looks like a secret itself",
  },
  {
    name: "the key itself as a path",
    flag: "a=file:sk-proj-abcdefghijklmnop0123456789",
    detail: "after the : stands what looks like a secret itself",
  },
  {
    name: "the key itself",
    flag: "a=hf_abcdefghijklmnopqrstuvwxyz0123",
    detail: "after the = stands what looks like a secret itself",
  },
  {
    name: "the key itself, with dashes",
    flag: "a=sk-proj-abcdefghijklmnop0123456789",
    detail: "after the = stands what looks like a secret itself",
  },
];

for (const { name, flag, detail } of refused) {
  t.test(`parseSecretFlag() refuses and repeats nothing when the flag has ${name}`, (t) => {
    try {
      parseSecretFlag(flag);
      t.fail("not refused");
    } catch (error) {
      if (!(error instanceof ClrkError)) throw error;
      t.equal(error.code, "CLRK_INVALID_ARGUMENT");
      t.equal(error.message.slice(0, 24 + detail.length), `Cannot use secret flag: ${detail}`);
      t.match(
        error.message,
        /, wanted NAME\[:KEY\]=SOURCE such as openai=OPENAI_API_KEY, openai=file:PATH, /,
      );
      t.notMatch(error.message, /hf_|sk-proj/);
      t.equal(error.expose, error.message);
    }
    t.end();
  });
}

t.test(
  "parseSecretFlag() gives a source or a sentence for any text, and repeats none of it",
  (t) => {
    const parts = [
      "a",
      "=",
      ":",
      "file",
      "dir",
      "command",
      " ",
      "/",
      "~/",
      "TOKEN",
      "'",
      "\0",
      "\n",
      "é",
    ];
    // A linear congruential generator (Numerical Recipes): the same texts at every run.
    let state = 7;
    const below = (limit: number) => {
      state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
      return Math.floor((state / 2 ** 32) * limit);
    };
    let refusals = 0;
    const kinds = new Set<string>();
    for (let round = 0; round < 5_000; round++) {
      const words = Array.from({ length: below(9) }, () => parts[below(parts.length)]);
      const text = `a=${words.join("")}hidden-text`;
      try {
        kinds.add(parseSecretFlag(text).kind);
      } catch (error) {
        if (!(error instanceof ClrkError)) throw error;
        refusals++;
        if (error.expose.includes("hidden")) t.fail(text);
      }
    }
    t.ok(refusals > 1_000);
    t.same([...kinds].sort(), ["command", "directory", "file", "variable"]);
    t.end();
  },
);
