import { chmod, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import t from "tap";
import { ManualClock, systemClock } from "../clock.ts";
import type { RefreshTokenRecipe } from "../mint-plan.ts";
import { SecretValue } from "../secret-value.ts";
import { temporaryDirectory } from "../testdata/processes.ts";
import { grantFile } from "./grant-file.ts";

function recipe(refreshToken = "first", clientId = "me"): RefreshTokenRecipe {
  return {
    kind: "OAuth2RefreshToken",
    tokenUrl: "https://login.example/token",
    scopes: [],
    parameters: [],
    clientAuthentication: "Basic",
    clientId: new SecretValue(clientId),
    refreshToken: new SecretValue(refreshToken),
  };
}

async function opened(directory: string, of = recipe()) {
  const grant = grantFile(directory, of);
  (await grant.lock(systemClock))?.release();
  return grant;
}

t.test("write() leaves one file that only its user can read", async (t) => {
  const directory = await temporaryDirectory(t);
  const grant = await opened(directory);
  t.equal(await grant.read(), undefined);
  await grant.write(new SecretValue("second"));
  await grant.write(new SecretValue("third"));
  t.equal((await grant.read())?.reveal(), "third");
  const [folder = "", ...others] = await readdir(directory);
  t.same(others, []);
  t.match(folder, /^[0-9a-f]{32}$/);
  t.same(await readdir(path.join(directory, folder)), ["grant.json"]);
  t.equal((await stat(path.join(directory, folder, "grant.json"))).mode & 0o777, 0o600);
  t.equal((await stat(path.join(directory, folder))).mode & 0o777, 0o700);
});

t.test("grantFile() is another one for another first token, client or endpoint", async (t) => {
  const directory = await temporaryDirectory(t);
  await (await opened(directory)).write(new SecretValue("second"));
  for (const other of [
    recipe("new"),
    recipe("first", "you"),
    { ...recipe(), tokenUrl: "https://x/" },
  ]) {
    t.equal(await (await opened(directory, other)).read(), undefined);
  }
  const scoped = await opened(directory, { ...recipe(), scopes: ["a"] });
  t.equal((await scoped.read())?.reveal(), "second", "scopes are no part of a grant");
});

t.test(
  "read() refuses a file that is open to others, or malformed, and shows none of it",
  async (t) => {
    const directory = await temporaryDirectory(t);
    const grant = await opened(directory);
    await grant.write(new SecretValue("second"));
    const [folder = ""] = await readdir(directory);
    const file = path.join(directory, folder, "grant.json");
    await chmod(file, 0o644);
    await t.rejects(grant.read(), { message: /it is open to other users$/ });
    await chmod(file, 0o600);
    for (const text of ["", "hunter2", "{}", '{"version":2,"refreshToken":"hunter2"}', "null"]) {
      await writeFile(file, text);
      const error: unknown = await grant.read().catch((raised: unknown) => raised);
      t.match(error, { message: /does not hold a refresh token$/ }, text);
      t.notMatch(String(error), "hunter2");
      t.equal(await readFile(file, "utf8"), text, "and leaves it as it is");
    }
  },
);

t.test("lock() has one holder at a time, and gives up after 15 s", async (t) => {
  const directory = await temporaryDirectory(t);
  await mkdir(directory, { recursive: true });
  const held = await grantFile(directory, recipe()).lock(systemClock);
  const waiting = grantFile(directory, recipe()).lock(systemClock);
  held?.release();
  const next = await waiting;
  t.ok(next);
  const clock = new ManualClock();
  const late = grantFile(directory, recipe()).lock(clock);
  let isOver = false;
  void late.then(() => {
    isOver = true;
  });
  while (!isOver) {
    clock.advance(500);
    await new Promise((resolve) => setImmediate(resolve));
  }
  t.equal(await late, undefined);
  next?.release();
});
