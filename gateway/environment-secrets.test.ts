/** Tests of Secrets from the environment: flags that are read and refused, and what the variables become. */
import { readSecretValue } from "../crds/secret.ts";
import t from "tap";
import { parseSecretFlag, readEnvironmentSecrets } from "./environment-secrets.ts";
import { ClrkError } from "./errors.ts";
import { formatSourceProblem } from "./manifests.ts";

t.test("parseSecretFlag() reads name, namespace, variable and key", (t) => {
  t.same(parseSecretFlag("openai=OPENAI_API_KEY"), {
    name: "openai",
    env: "OPENAI_API_KEY",
    key: "token",
  });
  t.same(parseSecretFlag("team/aws=_id2:accessKeyId"), {
    name: "aws",
    namespace: "team",
    env: "_id2",
    key: "accessKeyId",
  });
  t.end();
});

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
      t.match(error.message, /, wanted NAME=VARIABLE\[:KEY\] such as openai=OPENAI_API_KEY$/);
      t.notMatch(error.message, /hf_|sk-proj/);
      t.equal(error.expose, error.message);
    }
    t.end();
  });
}

t.test("readEnvironmentSecrets() makes one Secret of all flags with its name", (t) => {
  const { objects, problems } = readEnvironmentSecrets(
    ["aws=ID:accessKeyId", "default/aws=KEY:secretAccessKey", "team/aws=ID"].map(parseSecretFlag),
    { ID: "an id", KEY: "a key" },
  );
  t.same(problems, []);
  t.same(
    objects.map(({ object, file, line, lineOf }) => [
      object.metadata.namespace,
      object.metadata.name,
      file,
      line,
      lineOf(["data"]),
    ]),
    [
      ["default", "aws", "--secret aws=ID", 0, 0],
      ["team", "aws", "--secret team/aws=ID", 0, 0],
    ],
  );
  const [first] = objects;
  if (first?.object.kind !== "Secret") throw new Error("No Secret");
  const { object } = first;
  t.same(Object.keys(object.data), ["accessKeyId", "secretAccessKey"]);
  t.equal(Buffer.from(readSecretValue(object, "secretAccessKey") ?? []).toString(), "a key");
  t.end();
});

t.test("readEnvironmentSecrets() names variables that hold nothing, and keys given twice", (t) => {
  const { objects, problems } = readEnvironmentSecrets(
    ["a=GONE", "b=EMPTY", "c=SET", "c=SET", "d=constructor"].map(parseSecretFlag),
    { EMPTY: "", SET: "x" },
  );
  t.same(problems.map(formatSourceProblem), [
    '--secret a=GONE: environment variable GONE is not set, wanted the value of key "token"',
    '--secret b=EMPTY: environment variable EMPTY is empty, wanted the value of key "token"',
    '--secret c=SET: key "token" of Secret default/c is given twice, wanted each key once',
    '--secret d=constructor: environment variable constructor is not set, wanted the value of key "token"',
  ]);
  t.same(objects, []);
  t.end();
});

t.test("readEnvironmentSecrets() passes on what the Secret warns of", (t) => {
  const { objects, warnings } = readEnvironmentSecrets([parseSecretFlag("a=A")], { A: "x\n" });
  t.equal(objects.length, 1);
  t.same(warnings.map(formatSourceProblem), [
    "--secret a=A: stringData.token: ends with a line end, which becomes part of the value",
  ]);
  t.end();
});

t.test("readEnvironmentSecrets() tells what makes a Secret invalid, without its value", (t) => {
  const big = "sk".repeat(600_000);
  const { objects, problems } = readEnvironmentSecrets([parseSecretFlag("a=A")], { A: big });
  t.same(objects, []);
  t.equal(problems.length, 1);
  t.notMatch(JSON.stringify(problems), /sksk/);
  t.match(problems[0]?.field, /^stringData\.token$|^data$/);
  t.end();
});
