/** Secret: values go in and never come out in a message or a print. */
import { inspect } from "node:util";
import t from "tap";
import { readSecretValue, secretKind } from "./secret.ts";
import {
  change,
  expectObject,
  messagesOf,
  testAcceptance,
  testRefusals,
} from "./testdata/kind-cases.ts";

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const least = {
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "openai" },
  data: { token: base64("hunter2") },
};

t.test("parse() keeps data in base64 and says what the Secret is for", (t) => {
  t.same(expectObject(secretKind.parse(least)), {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "openai", namespace: "default", labels: {}, annotations: {} },
    type: "Opaque",
    data: { token: base64("hunter2") },
  });
  t.end();
});

t.test("parse() makes stringData part of data, over what data says", (t) => {
  const value = {
    ...least,
    stringData: { token: "new", "tls.crt": "é" },
    immutable: true,
    type: "example.com/key",
  };
  const secret = expectObject(secretKind.parse(value));
  t.same(secret.data, { token: base64("new"), "tls.crt": base64("é") });
  t.notOk("stringData" in secret);
  t.match(secret, { immutable: true, type: "example.com/key" });
  t.ok(Object.isFrozen(secret) && Object.isFrozen(secret.data));
  t.end();
});

t.test("parse() takes base64 in several lines", (t) => {
  const secret = expectObject(
    secretKind.parse(change(least, "data.token", "aHVu\ndGVy\r\nMg==\n")),
  );
  t.equal(secret.data["token"], base64("hunter2"));
  t.end();
});

t.test("readSecretValue() gives the bytes, or undefined", (t) => {
  const secret = expectObject(secretKind.parse(change(least, "data.raw", "/+8=")));
  t.same(readSecretValue(secret, "raw"), Buffer.from([0xff, 0xef]));
  t.equal(Buffer.from(readSecretValue(secret, "token") ?? []).toString(), "hunter2");
  t.equal(readSecretValue(secret, "missing"), undefined);
  t.equal(readSecretValue(secret, "constructor"), undefined);
  t.end();
});

t.test("a parsed Secret that is printed shows only its keys", (t) => {
  const text = inspect(expectObject(secretKind.parse(least)), { depth: 9 });
  t.match(text, "data: { token: [redacted] }");
  t.notMatch(text, /hunter2|aHVudGVyMg/);
  t.end();
});

testAcceptance(secretKind, least, [
  ["data", undefined],
  ["data", {}],
  ["data.token", ""],
  ["stringData", { token: "line\nline\n" }],
  ["status", {}],
]);

const key = 'a Secret key: letters, digits, "-", "_" and "."';
testRefusals(secretKind, least, [
  [
    "apiVersion",
    "clrk.apoxy.dev/v1alpha1",
    'apiVersion: found "clrk.apoxy.dev/v1alpha1", wanted "v1"',
  ],
  ["metadata", undefined, "metadata: not set, wanted an object"],
  ["data", "hunter2", "data: found a string, wanted an object"],
  ["data", ["hunter2"], "data: found a list of 1, wanted an object"],
  [
    "data.token",
    "hunter2!",
    "data.token: found a string, wanted base64 text: a character that is not base64; plain text goes into stringData",
  ],
  [
    "data.token",
    "hunter2",
    "data.token: found a string, wanted base64 text: cut short or not padded; plain text goes into stringData",
  ],
  [
    "data.token",
    "aHVu====",
    "data.token: found a string, wanted base64 text: a character that is not base64; plain text goes into stringData",
  ],
  [
    "data.token",
    "a-_=",
    "data.token: found a string, wanted base64 text: a character that is not base64; plain text goes into stringData",
  ],
  ["data.token", 1234, "data.token: found a number, wanted base64 text"],
  ["data.token", null, "data.token: found null, wanted base64 text"],
  ["data.token", { hunter2: 1 }, "data.token: found an object, wanted base64 text"],
  ["stringData", { token: 98_765 }, "stringData.token: found a number, wanted a string"],
  ["stringData", { token: true }, "stringData.token: found a boolean, wanted a string"],
  ["stringData", { "a b": "x" }, `stringData["a b"]: key is not ${key}`],
  ["stringdata", { token: "hunter2" }, 'stringdata: unknown field, did you mean "stringData"?'],
  [
    "token",
    "hunter2",
    'token: unknown field; known: "apiVersion", "kind", "metadata", "type", "data", "stringData", "immutable", "status"',
  ],
  [
    "stringData",
    { a: "x".repeat(1_048_577) },
    "stringData.a: found 1048577 characters, wanted at most 1048576 characters",
  ],
  [
    "stringData",
    { a: "x".repeat(1_000_000), b: "x".repeat(100_000) },
    "data: 1100007 bytes in all, wanted at most 1048576",
  ],
  [
    "metadata.annotations",
    { "kubectl.kubernetes.io/last-applied-configuration": { data: "hunter2" } },
    'metadata.annotations["kubectl.kubernetes.io/last-applied-configuration"]: found an object, wanted a string',
  ],
]);

t.test("no message of a Secret ever holds a value", (t) => {
  const places = [
    "data",
    "data.token",
    "stringData",
    "stringData.token",
    "metadata.annotations",
    "data.token.deep",
  ];
  for (const place of places) {
    for (const value of [
      "hunter2",
      ["hunter2"],
      { inner: "hunter2" },
      { a: ["hunter2"] },
      4711,
      "hunter2\n!",
    ]) {
      t.notMatch(messagesOf(secretKind.parse(change(least, place, value))).join(), /hunter|4711/);
    }
  }
  t.notMatch(messagesOf(secretKind.parse("hunter2")).join(), "nothing");
  t.end();
});

t.test("parse() warns about a value that ends with a line end, without showing it", (t) => {
  const warnings = (value: unknown): string[] => {
    const result = secretKind.parse(value);
    return result.kind === "valid" ? result.warnings.map(({ message }) => message) : ["invalid"];
  };
  const message = "ends with a line end, which becomes part of the value";
  t.strictSame(warnings(change(least, "data.token", base64("hunter2\n"))), [
    `data.token: ${message}`,
  ]);
  t.strictSame(warnings({ ...least, stringData: { token: "hunter2\r\n" } }), [
    `stringData.token: ${message}`,
  ]);
  t.strictSame(
    warnings(change(least, "data.token", base64("-----BEGIN\nx\n"))),
    [],
    "several lines end in one",
  );
  t.strictSame(warnings(least), []);
  t.end();
});
