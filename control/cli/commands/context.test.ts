/** Tests of `clrk context`. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { choiceFile, ownKubeconfig } from "../api-target.ts";
import { openApiContext } from "../testdata/api-context.ts";
import { createFakeContext } from "../testdata/fake-context.ts";

t.test("context list, use and current choose the server that is asked", async (t) => {
  const other = join(t.testdir(), "other");
  const { context } = await openApiContext(t, { env: { KUBECONFIG: other } });
  const text = readFileSync(ownKubeconfig(context), "utf8");
  const renamed = text.replaceAll('"clrk"', '"work"').replace(/https:[^"]+/, "https://127.0.0.1:1");
  writeFileSync(other, renamed);
  t.equal(await context.clrk("context", "current"), 0);
  t.equal(context.stdout(), "clrk\n");
  t.equal(await context.clrk("context", "list"), 0);
  t.match(
    context.stdout(),
    /^CURRENT +NAME +SERVER .*\n\* +clrk +https:.*\n- +work +https:\/\/127\.0\.0\.1:1 /,
  );
  t.equal(await context.clrk("context", "use", "work"), 0);
  t.equal(context.stdout(), "work\n");
  t.match(context.stderr(), /^Commands about objects now ask https:\S+\nWarning: Cannot reach /);
  t.notMatch(readFileSync(choiceFile(context), "utf8"), /admin-token/);
  t.equal(await context.clrk("get", "ns"), 1);
  t.match(context.stderr(), /Is context "work" the right one\?/);
  t.equal(await context.clrk("get", "ns", "--context", "clrk"), 0);
  await context.clrk("context", "list", "-o", "json");
  t.match(JSON.parse(context.stdout()), {
    contexts: [
      { name: "clrk", current: false },
      { name: "work", current: true, kubeconfig: other },
    ],
  });
  t.notMatch(context.stdout(), /admin-token/);
  t.equal(await context.clrk("context", "use", "clrk"), 0);
  t.notOk(existsSync(choiceFile(context)));
});

t.test("context tells when there is none, and leads out of a broken choice", async (t) => {
  const context = await createFakeContext(t);
  t.equal(await context.clrk("context", "list"), 0);
  t.match(context.stderr(), /^No contexts: there is no kubeconfig\n/);
  t.equal(await context.clrk("context", "current"), 1);
  t.match(context.stderr(), /^clrk: Cannot find an API server: /);
  t.equal(await context.clrk("context", "use", "none"), 1);
  t.match(context.stderr(), /^clrk: Cannot find context "none": there are none\n/);
  t.equal(await context.clrk("context", "use", "a", "b"), 2);
  writeFileSync(choiceFile(context), "{");
  t.equal(await context.clrk("context", "list"), 0);
  t.match(context.stderr(), /it is no choice of a context\nChoose again: /);
});
