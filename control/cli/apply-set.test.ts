/** Tests of sets and their parents against the real API server: whose a set is, and what its parent says of it. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { policies, policy } from "../apiserver/testdata/api-rig.ts";
import { applySetId, openApplySet, partOfLabel, writeApplySet } from "./apply-set.ts";
import { openObjectServer } from "./object-source.ts";
import { openApiContext } from "./testdata/api-context.ts";

const group = "ratelimitpolicy.clrk.apoxy.dev";
const tooling = "applyset.kubernetes.io/tooling";
const groupKinds = "applyset.kubernetes.io/contains-group-kinds";
const additional = "applyset.kubernetes.io/additional-namespaces";

function manifest(name: string, namespace: string): string {
  return `apiVersion: clrk.apoxy.dev/v1alpha1
kind: RateLimitPolicy
metadata: {name: ${name}, namespace: ${namespace}}
spec: {requests: 5, window: 1m}
`;
}

async function open(t: Test, ...namespaces: readonly string[]) {
  const rig = await openApiContext(t);
  for (const name of namespaces) await rig.create("/api/v1/namespaces", { metadata: { name } });
  const file = join(rig.context.workingDirectory, "a.yaml");
  const apply = async (texts: readonly string[], words: string) => {
    writeFileSync(file, texts.join("---\n"));
    const code = await rig.context.clrk("apply", "-f", file, ...words.split(" "));
    return { code, out: rig.context.stdout(), error: rig.context.stderr() };
  };
  const metadataOf = async (path: string) => (await rig.api.send("GET", path)).body.metadata;
  const namesIn = async (namespace: string) => {
    const path = policies.replace("/default/", `/${namespace}/`);
    const { body } = await rig.api.send("GET", path);
    return body.items.map((one: { metadata: { name: string } }) => one.metadata.name).join();
  };
  return { ...rig, apply, namesIn, metadataOf };
}

t.test("applySetId() is the one of KEP-3659", async (t) => {
  const parent = { kind: "Secret", namespace: "test", name: "mySet" } as const;
  t.equal(applySetId(parent), "applyset-nqNkDlL072a9O3FBtGMDroXnF18TNtgUetAA6vsaglI-v1");
});

t.test("sets of one name in two namespaces are two, and neither prunes the other", async (t) => {
  const { apply, namesIn } = await open(t, "red", "blue");
  const red = "--applyset web --applyset-namespace red";
  await apply([manifest("one", "red"), manifest("both", "blue")], red);
  await apply([manifest("one", "blue")], "--applyset web -n blue");
  const pruned = await apply([manifest("two", "blue")], "--prune --applyset web -n blue");
  t.match(pruned, { code: 0, out: `${group}/two created\n${group}/one pruned\n` });
  t.equal(await namesIn("blue"), "both,two");
  t.equal(await namesIn("red"), "one");
  await apply([manifest("two", "red")], `--prune ${red}`);
  t.equal(await namesIn("blue"), "two", "its own of another namespace went");
  t.equal(await namesIn("red"), "two");
});

t.test("the parent says what is in the set, and the less once it was pruned", async (t) => {
  const { apply, api, metadataOf } = await open(t, "red");
  const parent = "/api/v1/namespaces/default/secrets/web";
  const words = "--applyset web --applyset-namespace default";
  const secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: mine}\nstringData: {a: b}\n";
  const wide = [manifest("one", "default"), manifest("two", "red"), secret];
  t.equal((await apply(wide, `${words} --dry-run`)).code, 0);
  t.equal((await api.send("GET", parent)).status, 404, "a dry run");
  t.equal((await apply(wide, words)).code, 0);
  const id = applySetId({ kind: "Secret", namespace: "default", name: "web" });
  const made = await metadataOf(parent);
  t.same(made.labels, { "applyset.kubernetes.io/id": id });
  t.match(made.annotations, {
    [tooling]: /^clrk\/v\d/,
    [groupKinds]: "RateLimitPolicy.clrk.apoxy.dev,Secret",
    [additional]: "red",
  });
  const { code } = await apply([manifest("one", "default")], `${words} --prune -n default`);
  t.equal(code, 0);
  t.match((await metadataOf(parent)).annotations, { [additional]: "red" }, "-n saw a part");
  t.equal((await apply([manifest("one", "default")], `${words} --prune`)).code, 0);
  t.match((await metadataOf(parent)).annotations, {
    [groupKinds]: "RateLimitPolicy.clrk.apoxy.dev",
    [additional]: "",
  });
  const { resourceVersion } = await metadataOf(parent);
  await apply([manifest("one", "default")], `${words} --prune`);
  t.equal((await metadataOf(parent)).resourceVersion, resourceVersion, "nothing new to say");
});

t.test("a parent may be a ConfigMap, and be in a Namespace of the manifests", async (t) => {
  const { apply, metadataOf } = await open(t);
  const namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: red}\n";
  const texts = [namespace, manifest("one", "red")];
  const { code, error } = await apply(texts, "--prune --applyset configmap/web -n red");
  t.equal(code, 0, error);
  const id = applySetId({ kind: "ConfigMap", namespace: "red", name: "web" });
  const { labels } = await metadataOf("/api/v1/namespaces/red/configmaps/web");
  t.equal(labels["applyset.kubernetes.io/id"], id);
  const member = await metadataOf(`${policies.replace("/default/", "/red/")}/one`);
  t.equal(member.labels[partOfLabel], id);
});

t.test("with -n nothing outside of the namespace is looked at, nor forgotten", async (t) => {
  const { apply, metadataOf } = await open(t);
  const namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: red}\n";
  const words = "--applyset web -n red";
  const first = await apply([namespace, manifest("one", "red")], words);
  t.equal(first.code, 0, first.error);
  const { code, error } = await apply([manifest("two", "red")], `${words} --prune`);
  t.equal(code, 0, error);
  const parent = await metadataOf("/api/v1/namespaces/red/secrets/web");
  t.equal(
    parent.annotations[groupKinds],
    "Namespace,RateLimitPolicy.clrk.apoxy.dev",
    "it may have a Namespace still",
  );
});

t.test("what is no parent of ours is never taken over, and nothing is written", async (t) => {
  const { apply, api, create, namesIn } = await open(t);
  const id = applySetId({ kind: "Secret", namespace: "default", name: "web" });
  const whole = {
    labels: { "applyset.kubernetes.io/id": id },
    annotations: { [tooling]: "clrk/v1", [groupKinds]: "Secret" },
  };
  const { labels, annotations } = whole;
  const secrets = "/api/v1/namespaces/default/secrets";
  for (const [metadata, why] of [
    [{}, `it is there already, and without the annotation ${tooling}`],
    [
      { labels, annotations: { ...annotations, [tooling]: "kubectl/v1.36" } },
      /belongs to "kubectl"/,
    ],
    [{ annotations }, `its label applyset.kubernetes.io/id says "", wanted "${id}"`],
    [
      { labels, annotations: { [tooling]: "clrk/v1" } },
      /lacks the annotation .*contains-group-kin/,
    ],
    [
      { labels, annotations: { ...annotations, [groupKinds]: "Pot" } },
      /has no kind "Pot", of which/,
    ],
  ] as const) {
    await create(secrets, { metadata: { name: "web", ...metadata }, type: "Opaque" });
    const refused = await apply([manifest("one", "default")], "--prune --applyset web -n default");
    t.equal(refused.code, 1);
    t.match(refused.error, /^clrk: Cannot use secret\/web in namespace default as an applyset: /);
    t.match(refused.error, why);
    t.equal(await namesIn("default"), "");
    await api.send("DELETE", `${secrets}/web`);
  }
});

t.test("a parent is no member of its set", async (t) => {
  const { apply } = await open(t);
  const secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: web}\nstringData: {a: b}\n";
  const refused = await apply([secret], "--applyset web -n default");
  t.match(refused, { code: 1, error: "Secret default/web: it is the set's own parent" });
});

t.test("what was not pruned yet stays known, and is found by the next that prunes", async (t) => {
  const { apply, namesIn } = await open(t, "red");
  const words = "--applyset web --applyset-namespace default";
  const secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: mine}\nstringData: {a: b}\n";
  await apply([manifest("one", "red"), secret], words);
  await apply([manifest("one", "default")], words);
  const { out } = await apply([manifest("one", "default")], `${words} --prune`);
  t.equal(out, `${group}/one unchanged\n${group}/one pruned\nsecret/mine pruned\n`);
  t.equal(await namesIn("red"), "");
});

t.test("the parent goes on to say where members are that were kept", async (t) => {
  const { apply, api, create, metadataOf, namesIn } = await open(t, "red");
  const words = "--applyset web --applyset-namespace default";
  const id = applySetId({ kind: "Secret", namespace: "default", name: "web" });
  const reds = policies.replace("/default/", "/red/");
  t.equal((await apply([manifest("one", "default"), manifest("two", "red")], words)).code, 0);
  await create(reds, policy("by-hand", { metadata: { labels: { [partOfLabel]: id } } }));
  const placesAfter = async () => {
    const { code, error } = await apply([manifest("one", "default")], `${words} --prune`);
    t.equal(code, 0, error);
    const { annotations } = await metadataOf("/api/v1/namespaces/default/secrets/web");
    return annotations[additional];
  };
  t.equal(await placesAfter(), "red");
  t.equal(await namesIn("red"), "by-hand");
  await api.send("DELETE", `${reds}/by-hand`);
  t.equal(await placesAfter(), "");
});

t.test("writeApplySet() writes over nothing that it has not read", async (t) => {
  const { context, metadataOf } = await open(t);
  const server = await openObjectServer(context, {});
  const parent = { kind: "Secret", namespace: "default", name: "web" } as const;
  const extentOf = (kind: string) => ({
    extent: { kinds: new Set([kind]), namespaces: new Set<string>() },
    isDryRun: false,
  });
  const message =
    "Cannot use secret/web in namespace default as an applyset: somebody else changed it meanwhile\nApply again";
  const none = await openApplySet(server, parent);
  const made = await writeApplySet(server, none, extentOf("Secret"));
  await t.rejects(writeApplySet(server, none, extentOf("ConfigMap")), { message }, "made before");
  await writeApplySet(server, made, extentOf("RateLimitPolicy.clrk.apoxy.dev"));
  await t.rejects(
    writeApplySet(server, made, extentOf("ConfigMap")),
    { message },
    "changed before",
  );
  const { annotations } = await metadataOf("/api/v1/namespaces/default/secrets/web");
  t.equal(annotations[groupKinds], "RateLimitPolicy.clrk.apoxy.dev");
});
