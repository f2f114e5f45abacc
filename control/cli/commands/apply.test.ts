/** Tests of `clrk apply` against the real API server. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { policies, policy } from "../../apiserver/testdata/api-rig.ts";
import { openApiContext } from "../testdata/api-context.ts";

function manifest(name: string, requests: number, namespace = ""): string {
  const within = namespace === "" ? "" : `, namespace: ${namespace}`;
  return `apiVersion: clrk.apoxy.dev/v1alpha1
kind: RateLimitPolicy
metadata: {name: ${name}${within}}
spec:
  requests: ${requests}
  window: 1m
`;
}

const group = "ratelimitpolicy.clrk.apoxy.dev";

t.test("apply() creates, changes and leaves alone", async (t) => {
  const { context, api } = await openApiContext(t);
  const file = join(context.workingDirectory, "a.yaml");
  const apply = async (requests: number, ...words: string[]) => {
    writeFileSync(file, manifest("one", requests));
    t.equal(await context.clrk("apply", "-f", "a.yaml".replace("a.yaml", file), ...words), 0);
    return context.stdout();
  };
  t.equal(await apply(5, "--dry-run"), `${group}/one created (dry run)\n`);
  t.equal((await api.send("GET", `${policies}/one`)).status, 404);
  t.equal(await apply(5), `${group}/one created\n`);
  t.equal(await apply(5), `${group}/one unchanged\n`);
  t.equal(await apply(5, "--dry-run"), `${group}/one unchanged (dry run)\n`);
  t.equal(await apply(6, "--dry-run"), `${group}/one configured (dry run)\n`);
  t.equal(await apply(6), `${group}/one configured\n`);
  const { body } = await api.send("GET", `${policies}/one`);
  t.match(body, { spec: { requests: 6 }, metadata: { managedFields: [{ manager: "clrk" }] } });
});

t.test("apply() reads folders with what is below them, and standard input", async (t) => {
  const { context } = await openApiContext(t, { input: manifest("three", 3) });
  const folder = join(context.workingDirectory, "policy");
  mkdirSync(join(folder, "more"), { recursive: true });
  writeFileSync(join(folder, "one.yaml"), manifest("one", 1, "team"));
  writeFileSync(
    join(folder, "more", "two.yaml"),
    "apiVersion: v1\nkind: Namespace\nmetadata: {name: team}\n",
  );
  t.equal(await context.clrk("apply", "-R", "-f", folder, "-f", "-"), 0, context.stderr());
  t.same(context.stdout().trim().split("\n").sort(), [
    "namespace/team created",
    `${group}/one created`,
    `${group}/three created`,
  ]);
  t.equal(context.stdout().indexOf("namespace/team"), 0, "namespaces go first");
});

t.test("apply() writes nothing when one object is wrong", async (t) => {
  const { context, api } = await openApiContext(t);
  const file = join(context.workingDirectory, "a.yaml");
  writeFileSync(file, `${manifest("one", 5)}---\n${manifest("two", -5)}`);
  t.equal(await context.clrk("apply", "-f", file), 1);
  t.match(
    context.stderr(),
    /^clrk: Cannot apply, nothing was written:\na\.yaml:12: spec\.requests: /,
  );
  t.equal((await api.send("GET", `${policies}/one`)).status, 404);
  // What only the server can know
  writeFileSync(file, `${manifest("one", 5)}---\n${manifest("two", 5, "none")}`);
  t.equal(await context.clrk("apply", "-f", file), 1);
  t.match(
    context.stderr(),
    /\na\.yaml:8: RateLimitPolicy none\/two: namespaces "none" not found\n$/,
  );
  t.equal((await api.send("GET", `${policies}/one`)).status, 404);
  t.equal(context.stdout(), "");
});

t.test("apply() tells conflicts, and takes fields only when it is told to", async (t) => {
  const { context, api } = await openApiContext(t);
  await api.send("POST", `${policies}?fieldManager=kubectl`, { body: policy("one") });
  const file = join(context.workingDirectory, "a.yaml");
  writeFileSync(file, manifest("one", 9));
  t.equal(await context.clrk("apply", "-f", file), 1);
  t.match(
    context.stderr(),
    /^clrk: Cannot apply, nothing was written:\na\.yaml:5: RateLimitPolicy default\/one: \.spec\.requests: conflict with "kubectl" using \S+\nTake the fields over from their owners: --force-conflicts\n$/,
  );
  t.equal((await api.send("GET", `${policies}/one`)).body.spec.requests, 5);
  t.equal(await context.clrk("apply", "-f", file, "--force-conflicts"), 0);
  t.equal(context.stdout(), `${group}/one configured\n`);
  t.equal((await api.send("GET", `${policies}/one`)).body.spec.requests, 9);
});

t.test("apply() tells what it needs, and who may not", async (t) => {
  const { context } = await openApiContext(t, { token: "viewer-token" });
  const file = join(context.workingDirectory, "a.yaml");
  t.equal(await context.clrk("apply"), 2);
  t.match(context.stderr(), /^clrk: Cannot apply: no manifests are named\n/);
  writeFileSync(file, "");
  t.equal(await context.clrk("apply", "-f", file), 1);
  t.match(context.stderr(), /^clrk: Cannot apply ".*a\.yaml": there are no objects in it\n/);
  t.equal(await context.clrk("apply", "-f", join(context.workingDirectory, "none")), 1);
  t.match(context.stderr(), /^clrk: Cannot apply, nothing was written:\nnone: /);
  writeFileSync(file, manifest("one", 5));
  t.equal(await context.clrk("apply", "-f", file), 1);
  t.match(context.stderr(), /\na\.yaml:1: .*not allowed: ratelimitpolicies.* "one" is forbidden/);
  t.equal(await context.clrk("apply", "-f", file, "-n", "team"), 1);
  t.match(
    context.stderr(),
    /^clrk: Cannot apply to namespace "team", nothing was written:\na\.yaml:1: /,
  );
});
