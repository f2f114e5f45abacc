/** Tests of `clrk apply --prune` against the real API server: what goes, what never does, what is said before. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { policies, policy } from "../apiserver/testdata/api-rig.ts";
import { applySetId, partOfLabel } from "./apply-set.ts";
import type { ApplySetParent } from "./apply-set.ts";
import { openObjectServer } from "./object-source.ts";
import { deletePruned, findPruned } from "./prune.ts";
import { openApiContext } from "./testdata/api-context.ts";

const group = "ratelimitpolicy.clrk.apoxy.dev";
const secrets = "/api/v1/namespaces/default/secrets";
const web: ApplySetParent = { kind: "Secret", namespace: "default", name: "web" };
const ofWeb = ["--applyset", "web", "--applyset-namespace", "default"];
const marks = { [partOfLabel]: applySetId(web) };

function manifest(name: string, labels = "{}", namespace = "default"): string {
  return `apiVersion: clrk.apoxy.dev/v1alpha1
kind: RateLimitPolicy
metadata: {name: ${name}, namespace: ${namespace}, labels: ${labels}}
spec: {requests: 5, window: 1m}
`;
}

async function open(t: Test) {
  const rig = await openApiContext(t);
  const file = join(rig.context.workingDirectory, "a.yaml");
  const apply = async (texts: readonly string[], ...words: string[]) => {
    writeFileSync(file, texts.join("---\n"));
    const code = await rig.context.clrk("apply", "-f", file, ...words);
    return { code, out: rig.context.stdout(), error: rig.context.stderr() };
  };
  const names = async () => {
    const { body } = await rig.api.send("GET", policies);
    return body.items.map((one: { metadata: { name: string } }) => one.metadata.name).join();
  };
  return { ...rig, apply, names };
}

t.test("what the manifests no longer name goes, named before, and nothing else", async (t) => {
  const { apply, names, api } = await open(t);
  await api.send("POST", policies, { body: policy("by-hand") });
  await apply([manifest("one"), manifest("two"), manifest("three")], ...ofWeb);
  await apply([manifest("other")], "--applyset", "mail", "-n", "default");
  await apply([manifest("plain")]);
  const all = "by-hand,one,other,plain,three,two";
  t.equal(await names(), all);
  const { body } = await api.send("GET", `${policies}/one`);
  t.same(body.metadata.labels, marks);
  const dry = await apply([manifest("one")], "--prune", ...ofWeb, "--dry-run");
  t.match(dry, {
    code: 0,
    out: `${group}/one unchanged (dry run)\n${group}/three pruned (dry run)\n${group}/two pruned (dry run)\n`,
    error: "",
  });
  t.equal(await names(), all);
  const done = await apply([manifest("one")], "--prune", ...ofWeb);
  t.match(done, {
    code: 0,
    out: `${group}/one unchanged\n${group}/three pruned\n${group}/two pruned\n`,
    error: `Deleting what the manifests no longer name:\n  ${group}/three in namespace default\n  ${group}/two in namespace default\n`,
  });
  t.equal(await names(), "by-hand,one,other,plain");
  t.equal((await apply([manifest("one")], "--prune", ...ofWeb)).error, "");
});

t.test("a set is pruned in every namespace of it, labels in those of the manifests", async (t) => {
  const { apply, api, create, names } = await open(t);
  await create("/api/v1/namespaces", { metadata: { name: "team" } });
  const inTeam = policies.replace("/default/", "/team/");
  const count = async () => (await api.send("GET", inTeam)).body.items.length;
  const red = "{team: red}";
  await apply([manifest("one", red), manifest("two", red, "team")]);
  await apply([manifest("one", red)], "--prune", "-l", "team=red");
  t.equal(await count(), 1, "no manifest is in that namespace any more");
  await apply([manifest("one", red), manifest("two", red, "team")], ...ofWeb);
  t.equal((await apply([manifest("one", red)], "--prune", ...ofWeb)).code, 0);
  t.equal(await count(), 0);
  await apply([manifest("one", red), manifest("three", red), manifest("blue", "{team: blue}")]);
  const { out } = await apply([manifest("one", red)], "--prune", "-l", "team=red");
  t.match(out, `${group}/three pruned\n`);
  t.equal(await names(), "blue,one");
});

t.test(
  "Namespaces, and Secrets that were not applied, are refused, and nothing is written",
  async (t) => {
    const { apply, api, create, names } = await open(t);
    const labels = marks;
    const team = "apiVersion: v1\nkind: Namespace\nmetadata: {name: team}\n";
    const secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: mine}\nstringData: {a: b}\n";
    await apply([manifest("one"), manifest("two"), secret, team], ...ofWeb);
    await create(secrets, { metadata: { name: "key", labels }, type: "Opaque" });
    const refused = await apply([manifest("new"), manifest("one")], "--prune", ...ofWeb);
    t.equal(refused.code, 1);
    t.equal(refused.out, "");
    t.match(refused.error.split("\n").toSorted(), [
      "",
      "clrk: Cannot prune, nothing was written:",
      "namespace/team: with a Namespace all that is in it would go; take the label from it, or delete it by name",
      "secret/key: it was not applied by clrk apply; take the label from it, or delete it by name",
    ]);
    t.equal(await names(), "one,two");
    await api.send("DELETE", `${secrets}/key`);
    await api.send("DELETE", "/api/v1/namespaces/team");
    const { out } = await apply([manifest("one")], "--prune", ...ofWeb);
    t.match(out, "secret/mine pruned\n", "one that it applied goes");
  },
);

t.test("what somebody else made stays, and is told", async (t) => {
  const { apply, api, names } = await open(t);
  const labels = { team: "red" };
  await api.send("POST", policies, { body: policy("by-hand", { metadata: { labels } }) });
  const { code, error } = await apply(
    [manifest("one", "{team: red}")],
    "--prune",
    "-l",
    "team=red",
  );
  t.equal(code, 0);
  t.equal(error, `Kept ${group}/by-hand: it was not applied by clrk apply\n`);
  t.equal(await names(), "by-hand,one");
});

t.test("an object is of one set, and leaves it only with a word", async (t) => {
  const { apply } = await open(t);
  await apply([manifest("one")], ...ofWeb);
  const stolen = await apply([manifest("one")], "--applyset", "mail", "-n", "default");
  t.equal(stolen.code, 1);
  const id = applySetId(web);
  t.equal(
    stolen.error.split("\n").slice(0, 2).join("\n"),
    `clrk: Cannot apply, nothing was written:\na.yaml:1: RateLimitPolicy default/one: it belongs to another applyset, whose parent has the label applyset.kubernetes.io/id=${id}; take its label ${partOfLabel} away, or apply it with that set`,
  );
  const left = await apply([manifest("one")]);
  t.equal(left.code, 0);
  t.match(left.error, `Warning: ${group}/one leaves its applyset: apply it with --applyset to`);
  t.match(left.error, `The set's parent has the label applyset.kubernetes.io/id=${id}\n`);
  const other = `{${partOfLabel}: mail}`;
  const said = await apply([manifest("one", other)], ...ofWeb);
  t.match(said, {
    code: 1,
    error: `a.yaml:1: RateLimitPolicy default/one: its label ${partOfLabel} says "mail"`,
  });
});

t.test("what says too little, or too much, is wrong usage", async (t) => {
  const { apply, names } = await open(t);
  for (const [words, error] of [
    [["--prune"], /^clrk: Cannot prune: nothing says which objects belong .*\nSay it: --applyset/],
    [["-l", "a=b"], /^clrk: Cannot apply: -l says what --prune may delete\n/],
    [["--prune", "-l", "a=b", "--applyset", "x"], /exclude each other/],
    [["--prune", "-l", ""], /objects without labels fit\nName a label/],
    [["--prune", "-l", "team!=red"], /objects without labels fit/],
    [["--prune", "-l", "a in b"], /^clrk: Cannot use -l "a in b": /],
    [["--applyset", "a b"], /^clrk: Cannot use --applyset "a b": wanted the name of a Secret, or/],
    [["--applyset", "pod/a"], /^clrk: Cannot use --applyset "pod\/a": wanted the name of a Secret/],
    [["--applyset", "a"], /nothing says of which namespace\nSay it: -n NAMESPACE, or --applyset-n/],
    [["--applyset-namespace", "a"], /--applyset-namespace names no set\nAdd --applyset NAME/],
  ] as const) {
    const refused = await apply([manifest("one", "{a: b}")], ...words);
    t.equal(refused.code, 2, words.join(" "));
    t.match(refused.error, error);
  }
  const unfit = await apply([manifest("one")], "--prune", "-l", "a=b");
  t.match(unfit, { code: 1, error: /a\.yaml:1: .*it has not the labels of -l a=b/ });
  t.equal(await names(), "");
});

t.test("what leaves the set, or is another object, after it was named stays", async (t) => {
  const { apply, api, context, names } = await open(t);
  await apply([manifest("kept"), manifest("made-again"), manifest("gone")], ...ofWeb);
  const server = await openObjectServer(context, {});
  const pruned = await findPruned(context, server, {
    ...{ scope: { kind: "set", parent: web, id: applySetId(web) }, manager: "clrk" },
    ...{ named: new Set(), namespaces: new Set(["default"]), hasClusterScope: true },
  });
  t.equal(pruned.length, 3);
  const none = { metadata: { labels: { [partOfLabel]: null } } };
  const patch = { body: none, type: "application/merge-patch+json" };
  t.equal((await api.send("PATCH", `${policies}/kept`, patch)).status, 200);
  await api.send("DELETE", `${policies}/made-again`);
  const again = policy("made-again", { metadata: { labels: marks } });
  await api.send("POST", policies, { body: again });
  context.stdout();
  await deletePruned(context, server, { pruned, isDryRun: false });
  t.equal(context.stdout().split("\n").at(-2), `${group}/gone pruned`);
  t.match(context.stderr(), `Kept ${group}/kept: it belongs to the set no more\n`);
  t.equal(await names(), "kept,made-again");
});
