/** Values that a header can carry, and those that none can. */
import t from "tap";
import { indexObjects } from "./object-index.ts";
import { readSecretText } from "./secret-text.ts";
import { secret } from "./testdata/objects.ts";

function read(value: string, key = "token") {
  const index = indexObjects([secret("s", { [key]: value })]);
  return readSecretText(index, { namespace: "default", name: "s", key: "token" });
}

t.test("readSecretText() gives the value", async (t) => {
  t.same(read("sk-1"), { kind: "found", text: "sk-1" });
  t.same(read("Basic dXNlcjpwYXNz"), { kind: "found", text: "Basic dXNlcjpwYXNz" });
});

t.test("readSecretText() takes one line end off and says so", async (t) => {
  const note = 'Key "token" of Secret default/s ends with a line end, which is left out';
  t.same(read("sk-1\n"), { kind: "found", text: "sk-1", note });
  t.same(read("sk-1\r\n"), { kind: "found", text: "sk-1", note });
});

const rejected = [
  { value: "", message: "is empty" },
  { value: "\n", message: "is empty" },
  { value: "sk-1\n\n", message: "has a line end inside" },
  { value: "sk-1\r", message: "has a line end inside" },
  { value: "sk\n1", message: "has a line end inside" },
  { value: "sk\u00001", message: "has a character that no header can carry" },
  { value: "sk\t1", message: "has a character that no header can carry" },
  { value: "sk\u007f", message: "has a character that no header can carry" },
  { value: "sk-ü", message: "has a character that no header can carry" },
  { value: "sk-1 ", message: "begins or ends with a blank" },
  { value: " sk-1", message: "begins or ends with a blank" },
];

for (const { value, message } of rejected) {
  t.test(`readSecretText() refuses ${JSON.stringify(value)}`, async (t) => {
    t.same(read(value), {
      kind: "unusable",
      reason: "SecretInvalid",
      message: `key "token" of Secret default/s ${message}`,
    });
  });
}

t.test("readSecretText() tells a missing key from a missing Secret", async (t) => {
  t.same(read("sk-1", "other"), {
    kind: "unusable",
    reason: "SecretKeyNotFound",
    message: 'Secret default/s has no key "token"',
  });
  const place = { namespace: "default", name: "s", key: "token" };
  t.same(readSecretText(indexObjects([secret("team/s", { token: "sk-1" })]), place), {
    kind: "unusable",
    reason: "SecretNotFound",
    message: "Secret default/s does not exist",
  });
});

t.test("readSecretText() finds no key that objects inherit", async (t) => {
  const place = { namespace: "default", name: "s", key: "constructor" };
  t.equal(readSecretText(indexObjects([secret("s", {})]), place).kind, "unusable");
});
