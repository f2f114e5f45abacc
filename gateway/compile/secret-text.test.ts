/** Values that a header can carry, and those that none can. */
import t from "tap";
import { parseAnyObject } from "../../crds/kinds.ts";
import { indexObjects } from "./object-index.ts";
import { readSecretBytes, readSecretText } from "./secret-text.ts";
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

function bytesOf(value: string | Buffer) {
  const data = { token: Buffer.from(value).toString("base64") };
  const metadata = { namespace: "default", name: "s" };
  const parsed = parseAnyObject({ apiVersion: "v1", kind: "Secret", metadata, data });
  if (parsed.kind === "invalid") throw new Error("Cannot parse the Secret");
  const index = indexObjects([parsed.object]);
  return readSecretBytes(index, { namespace: "default", name: "s", key: "token" });
}

t.test("readSecretBytes() gives bytes that a header could not carry", async (t) => {
  for (const value of [" päss wörd ", "sk-1", "€"]) {
    t.same(bytesOf(value), { kind: "found", bytes: Buffer.from(value) });
  }
  t.same(bytesOf(Buffer.of(0x80, 0xff)), { kind: "found", bytes: Buffer.of(0x80, 0xff) });
});

t.test("readSecretBytes() takes one line end off and says so", async (t) => {
  t.same(bytesOf("ä\r\n"), {
    kind: "found",
    bytes: Buffer.from("ä"),
    note: 'Key "token" of Secret default/s ends with a line end, which is left out',
  });
});

const rejectedBytes = [
  { value: "", message: "is empty" },
  { value: "\n", message: "is empty" },
  { value: "a\nb", message: "has a line end inside" },
  { value: "a\n\n", message: "has a line end inside" },
  { value: "a\u0000", message: "has a control character" },
  { value: "a\tb", message: "has a control character" },
  { value: "a\u007f", message: "has a control character" },
];

for (const { value, message } of rejectedBytes) {
  t.test(`readSecretBytes() refuses ${JSON.stringify(value)}`, async (t) => {
    t.same(bytesOf(value), {
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
