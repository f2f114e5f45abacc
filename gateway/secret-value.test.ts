/** Tests that no ordinary way of showing a value shows the secret. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { format, inspect } from "node:util";
import t from "tap";
import { SecretValue } from "./secret-value.ts";

const text = "sk-not-a-real-key";

const showings: ReadonlyArray<{ name: string; show: (secret: SecretValue) => string }> = [
  { name: "String()", show: (secret) => String(secret) },
  { name: "template literal", show: (secret) => `${secret}` },
  { name: "JSON.stringify()", show: (secret) => JSON.stringify(secret) },
  { name: "JSON.stringify() nested", show: (secret) => JSON.stringify({ a: [secret] }) },
  { name: "util.inspect()", show: (secret) => inspect(secret) },
  {
    name: "util.inspect() with everything on",
    show: (secret) => inspect({ secret }, { showHidden: true, depth: 9 }),
  },
  { name: "util.format()", show: (secret) => format("%s %o %j", secret, secret, secret) },
  { name: "an Error's cause", show: (secret) => inspect(new Error("x", { cause: secret })) },
  { name: "Array.join()", show: (secret) => [secret].join() },
];

for (const { name, show } of showings) {
  t.test(`SecretValue shows [redacted] when printed by ${name}`, async (t) => {
    const shown = show(new SecretValue(text));
    t.match(shown, "[redacted]");
    t.notMatch(shown, text);
  });
}

t.test("SecretValue has nothing to enumerate, spread or clone", async (t) => {
  const secret = new SecretValue(text);
  t.same(Object.keys(secret), []);
  t.same(Reflect.ownKeys(secret), []);
  t.same({ ...secret }, {});
  t.same(Reflect.ownKeys(structuredClone(secret)), []);
});

t.test("SecretValue.reveal() gives the secret", async (t) => {
  t.equal(new SecretValue(text).reveal(), text);
  t.equal(new SecretValue("").reveal(), "");
});

t.test("SecretValue.equals() compares content when lengths and types differ", async (t) => {
  const secret = new SecretValue(text);
  t.equal(secret.equals(new SecretValue(text)), true);
  t.equal(secret.equals(text), true);
  t.equal(secret.equals(`${text}x`), false);
  t.equal(secret.equals(""), false);
  t.equal(secret.equals(new SecretValue("sk-not-a-real-kez")), false);
  t.equal(new SecretValue("").equals(""), true);
});

t.test("SecretValue.version follows the content and is no plain hash", async (t) => {
  const version = new SecretValue(text).version;
  t.match(version, /^[0-9a-f]{12}$/);
  t.equal(new SecretValue(text).version, version);
  t.not(new SecretValue("other").version, version);
  t.notOk(createHash("sha256").update(text).digest("hex").startsWith(version));
});

t.test("SecretValue.version differs between processes", async (t) => {
  const script = `import { SecretValue } from ${JSON.stringify(new URL("./secret-value.ts", import.meta.url).href)};
    process.stdout.write(new SecretValue("x").version)`;
  const other = execFileSync(process.execPath, ["--input-type=module", "-e", script], {
    encoding: "utf8",
  });
  t.match(other, /^[0-9a-f]{12}$/);
  t.not(other, new SecretValue("x").version);
});

t.test("SecretValue() throws without showing the value when it is not a string", async (t) => {
  const notText: unknown = 12345;
  t.throws(
    () => Reflect.construct(SecretValue, [notText]),
    new TypeError("Cannot create SecretValue: want a string, got number"),
  );
});
