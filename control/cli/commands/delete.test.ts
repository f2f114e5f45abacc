/** Tests of `clrk delete` against the real API server. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { policies, policy } from "../../apiserver/testdata/api-rig.ts";
import { openApiContext } from "../testdata/api-context.ts";
import { until } from "../testdata/fake-context.ts";

const group = "ratelimitpolicy.clrk.apoxy.dev";

t.test("deleteObjects() deletes by name, by labels and by file", async (t) => {
  const { context, api, create } = await openApiContext(t);
  for (const name of ["one", "two", "three", "four"]) {
    const labels = { even: String(name === "two" || name === "four") };
    await create(policies, policy(name, { metadata: { labels } }));
  }
  t.equal(await context.clrk("delete", "rlp", "one", "--dry-run"), 0);
  t.equal(context.stdout(), `${group}/one deleted (dry run)\n`);
  t.equal((await api.send("GET", `${policies}/one`)).status, 200);
  t.equal(await context.clrk("delete", "rlp/one", "--wait"), 0);
  t.equal(context.stdout(), `${group}/one deleted\n`);
  t.equal((await api.send("GET", `${policies}/one`)).status, 404);
  t.equal(await context.clrk("delete", "rlp", "-l", "even=true"), 0);
  t.same(context.stdout().trim().split("\n").sort(), [
    `${group}/four deleted`,
    `${group}/two deleted`,
  ]);
  t.equal(await context.clrk("delete", "rlp", "-l", "even=true"), 0);
  t.equal(context.stderr(), "Nothing to delete: no object fits\n");
  const file = join(context.workingDirectory, "a.json");
  writeFileSync(file, JSON.stringify(policy("three")));
  t.equal(await context.clrk("delete", "-f", file), 0);
  t.equal(context.stdout(), `${group}/three deleted\n`);
  t.equal(await context.clrk("delete", "-f", file, "--ignore-not-found"), 0);
  t.equal(context.stdout(), "");
});

t.test("deleteObjects() goes on past what is not there, and fails", async (t) => {
  const { context, create } = await openApiContext(t);
  await create(policies, policy("one"));
  t.equal(await context.clrk("delete", "rlp", "none", "one"), 1);
  t.equal(context.stdout(), `${group}/one deleted\n`);
  t.equal(
    context.stderr(),
    `clrk: Cannot delete ${group}/none: it is not there in namespace "default"\n`,
  );
});

t.test("deleteObjects() says what waits for finalizers, and who may not", async (t) => {
  const { context, api, create } = await openApiContext(t);
  await create(policies, policy("one", { metadata: { finalizers: ["example.com/kept"] } }));
  const waiting = context.clrk("delete", "rlp", "one", "--wait");
  await until(() => context.stdout() !== "", context.stdout);
  t.equal(context.stdout(), `${group}/one deleting\n`);
  const type = "application/merge-patch+json";
  await api.send("PATCH", `${policies}/one`, { body: { metadata: { finalizers: null } }, type });
  t.equal(await waiting, 0);
  const viewer = await openApiContext(t, { token: "viewer-token" });
  await viewer.create(policies, policy("one"));
  t.equal(await viewer.context.clrk("delete", "rlp", "one"), 1);
  t.match(viewer.context.stderr(), /^clrk: Cannot delete \S+: Not allowed: /);
});

t.test("deleteObjects() warns of what comes back", async (t) => {
  const { context, api } = await openApiContext(t);
  await api.send("PATCH", `${policies}/one?fieldManager=clrk-dev`, {
    body: policy("one"),
    type: "application/apply-patch+yaml",
  });
  t.equal(await context.clrk("delete", "rlp", "one"), 0);
  t.match(context.stderr(), /^\S+\/one is in a file of clrk dev: remove it there too/);
});

for (const { words, text } of [
  { words: [], text: "Cannot delete: nothing is named\nName something: clrk delete KIND NAME" },
  { words: ["rlp"], text: 'Cannot delete all of "rlp": wanted a NAME, or -l LABELS to say which' },
  { words: ["rlp", "a", "-l", "b"], text: "Cannot delete: names and -l exclude each other" },
  { words: ["rlp", "-f", "a"], text: "Cannot delete: -f excludes kinds, names and -l" },
]) {
  t.test(`deleteObjects() refuses ${words.join(" ") || "nothing"}`, async (t) => {
    const { context } = await openApiContext(t);
    t.equal(await context.clrk("delete", ...words), 2);
    t.equal(context.stderr(), `clrk: ${text}\n`);
  });
}
