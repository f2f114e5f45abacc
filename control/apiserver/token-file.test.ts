/** Tests of the tokens of the API server: who they are of, what is refused, and that none is printed. */
import { chmodSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { createTokenAuthenticator, openTokenFile, readBearer } from "./token-file.ts";

t.test("openTokenFile() makes a token of each role, and reads the same ones again", async (t) => {
  const file = join(t.testdir(), "tokens");
  const made = await openTokenFile(file);
  t.same(
    made.map(({ name, role }) => `${role} ${name}`),
    ["admin admin", "viewer viewer"],
  );
  t.ok(made.every(({ token }) => token.length === 43));
  t.not(made[0]?.token, made[1]?.token);
  t.equal(statSync(file).mode & 0o777, 0o600);
  t.same(await openTokenFile(file), made);
});

t.test(
  "openTokenFile() refuses what others read, and what is malformed, without showing it",
  async (t) => {
    const file = join(t.testdir(), "tokens");
    const [admin] = await openTokenFile(file);
    chmodSync(file, 0o640);
    await t.rejects(openTokenFile(file), {
      code: "CLRK_PRECONDITION_FAILED",
      message: /others can read it/,
    });
    chmodSync(file, 0o600);
    const secret = "x".repeat(40);
    for (const text of [
      `root me ${secret}\n`,
      `admin me ${secret.slice(9)}\n`,
      `viewer me ${secret}\n`,
      "",
      `admin ${secret}\n`,
    ]) {
      writeFileSync(file, text);
      const error = await openTokenFile(file).then(
        () => undefined,
        (thrown: Error) => thrown,
      );
      t.match(
        error,
        { code: "CLRK_MALFORMED_MESSAGE", message: /Cannot read tokens/ },
        text.slice(0, 9),
      );
      t.notMatch(error?.message, /xxxx/);
    }
    writeFileSync(file, Array.from({ length: 257 }, () => `admin me ${secret}\n`).join(""));
    await t.rejects(openTokenFile(file), { message: /257 of them, at most 256/ });
    t.ok(admin);
  },
);

t.test("createTokenAuthenticator() finds callers by the whole token only", async (t) => {
  const file = join(t.testdir(), "tokens");
  writeFileSync(
    file,
    `# comment\nadmin boss ${"a".repeat(40)}\n\nviewer eve@x ${"b".repeat(40)}\n`,
    { mode: 0o600 },
  );
  const authenticate = createTokenAuthenticator(await openTokenFile(file));
  t.same(authenticate("a".repeat(40)), { name: "boss", role: "admin" });
  t.same(authenticate("b".repeat(40)), { name: "eve@x", role: "viewer" });
  for (const token of ["", "a".repeat(39), "a".repeat(41), `${"a".repeat(39)}b`, "comment"]) {
    t.equal(authenticate(token), undefined);
  }
  t.match(readFileSync(file, "utf8"), /^viewer eve@x /m);
});

t.test("readBearer() reads that scheme and nothing else", async (t) => {
  t.equal(readBearer("Bearer abc-_.~+/=="), "abc-_.~+/==");
  t.equal(readBearer("bearer abc"), "abc");
  for (const header of [
    undefined,
    "",
    "Bearer",
    "Bearer ",
    "Bearer a b",
    "Basic abc",
    "Bearer  abc",
    "abc",
  ]) {
    t.equal(readBearer(header), undefined, String(header));
  }
});
