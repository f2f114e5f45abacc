/** Tests of the file of secret sources: what it may say, and that nothing of a command is ever shown. */
import { chmodSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { ClrkError } from "./errors.ts";
import { readSecretsFile } from "./secrets-file.ts";

function write(t: Test, text: string): string {
  return join(t.testdir({ "secrets.yaml": text }), "secrets.yaml");
}

async function refusal(file: string): Promise<string> {
  const error: unknown = await readSecretsFile(file).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ClrkError)) throw new Error("not refused", { cause: error });
  if (error.code !== "CLRK_PRECONDITION_FAILED") throw error;
  return error.expose.replaceAll(file, "FILE");
}

t.test("readSecretsFile() reads every kind of source", async (t) => {
  const file = write(
    t,
    `secrets:
- name: openai
  command: [op, read, "op://work/open ai/key"]
  key: token
  refresh: 1h
  timeout: 5s
- { name: aws, namespace: team, directory: /run/secrets/aws }
- { name: gcp, file: keys/gcp.json, key: key.json }
- { name: own, command: [./print-token] }
`,
  );
  const folder = join(file, "..");
  t.same(await readSecretsFile(file), [
    {
      ...{ kind: "command", name: "openai", origin: `${file}:2`, key: "token" },
      command: ["op", "read", "op://work/open ai/key"],
      ...{ refreshMs: 3_600_000, timeoutMs: 5_000 },
    },
    {
      ...{ kind: "directory", name: "aws", namespace: "team", origin: `${file}:7` },
      path: "/run/secrets/aws",
    },
    {
      ...{ kind: "file", name: "gcp", origin: `${file}:8`, key: "key.json" },
      path: join(folder, "keys/gcp.json"),
    },
    {
      ...{ kind: "command", name: "own", origin: `${file}:9` },
      command: [join(folder, "print-token")],
      ...{ refreshMs: 900_000, timeoutMs: 30_000 },
    },
  ]);
});

t.test("readSecretsFile() has no sources where there is no file, or nothing in it", async (t) => {
  const file = write(t, "# nothing yet\n");
  t.same(await readSecretsFile(file), []);
  t.same(await readSecretsFile(`${file}.gone`), []);
});

const refused = [
  {
    name: "an unknown field",
    text: "secrets:\n- { name: a, fil: hidden }\n",
    says: /^FILE:2: secrets\[0\]/m,
  },
  {
    name: "no source",
    text: "secrets:\n- { name: a }\n",
    says: /wanted exactly one of file, directory/,
  },
  {
    name: "two sources",
    text: "secrets:\n- { name: a, file: x, directory: Y }\n",
    says: /secrets\[0\]: wanted exactly one of file/,
  },
  {
    name: "a key of a folder",
    text: "secrets:\n- { name: a, directory: x, key: y }\n",
    says: /secrets\[0\]\.key: wanted none/,
  },
  {
    name: "a refresh of a file",
    text: "secrets:\n- { name: a, file: x, refresh: 1m }\n",
    says: /secrets\[0\]\.refresh: wanted it only beside a command/,
  },
  {
    name: "a refresh that is too short",
    text: "secrets:\n- { name: a, command: [x], refresh: 1s }\n",
    says: /secrets\[0\]\.refresh: found 1s, wanted 10s to 168h/,
  },
  {
    name: "a timeout that is too long",
    text: "secrets:\n- { name: a, command: [x], timeout: 10m }\n",
    says: /secrets\[0\]\.timeout: found 10m0s, wanted at most 5m/,
  },
  {
    name: "a word that is a secret itself",
    text: "secrets:\n- name: a\n  command: [echo, sk-proj-abcdefghijklmnop0123456789]\n",
    says: /^FILE:2: secrets\[0\]\.command: a word that looks like a secret itself/m,
  },
  {
    name: "a command that is one text",
    text: "secrets:\n- { name: a, command: hidden words }\n",
    says: /secrets\[0\]\.command: wanted a list of 1 to 256/,
  },
  { name: "no program", text: 'secrets:\n- { name: a, command: [""] }\n', says: /no program/ },
  { name: "two documents", text: "secrets: []\n---\nsecrets: []\n", says: /several documents/ },
  { name: "no YAML", text: "secrets: [hidden\n", says: /^FILE:/m },
];
for (const { name, text, says } of refused) {
  t.test(`readSecretsFile() refuses ${name}, and shows nothing of a command`, async (t) => {
    const message = await refusal(write(t, text));
    t.match(message, says);
    t.notMatch(message, /hidden|sk-proj/);
    t.match(message, /^Cannot use sources of Secrets\nFILE/);
  });
}

t.test("readSecretsFile() refuses a file that others can write", async (t) => {
  const file = write(t, "secrets: []\n");
  chmodSync(file, 0o620);
  t.match(
    await refusal(file),
    /FILE: others can write it, and it says what is run: chmod go-w it$/,
  );
  chmodSync(file, 0o644);
  t.same(await readSecretsFile(file), []);
  t.match(await refusal(join(file, "..")), /wanted|not a regular file/);
});
