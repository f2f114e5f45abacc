/** Tests of what the shell is proposed, by the hidden verb that it asks. */
import t from "tap";
import { policies, policy } from "../apiserver/testdata/api-rig.ts";
import { openApiContext } from "./testdata/api-context.ts";
import { createFakeContext } from "./testdata/fake-context.ts";

t.test("proposeObjects() completes kinds, names and KIND/NAME", async (t) => {
  const { context, api, create } = await openApiContext(t);
  await create(policies, policy("one"));
  await create(policies, policy("other"));
  const propose = async (...words: string[]) => {
    await context.clrk("__complete", ...words);
    return context
      .stdout()
      .split("\n")
      .filter((line) => line !== "");
  };
  t.same(await propose("get", "back"), ["backends"]);
  t.same(await propose("get", "placeh"), ["placeholders"]);
  t.same(await propose("describe", "configm"), ["configmaps"]);
  t.same(await propose("delete", "rlp", "o"), ["one", "other"]);
  t.same(await propose("get", "rlp/ot"), ["rlp/other"]);
  t.same(await propose("get", "rlp", "-n", "none", "o"), []);
  t.same(await propose("get", "nothing", "o"), []);
  await api.server.close();
  t.same(await propose("get", "rlp", "o"), []);
  t.same(await propose("get", "back"), ["backends"], "kinds are known without a server");
});

t.test("proposeObjects() needs no server for kinds", async (t) => {
  const context = await createFakeContext(t);
  await context.clrk("__complete", "get", "budg");
  t.equal(context.stdout(), "budgets\n");
});
