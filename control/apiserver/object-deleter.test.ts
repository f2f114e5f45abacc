/** Tests of deleting objects, over HTTP: finalizers, preconditions, collections, what must stay. */
import t from "tap";
import { readDeleteOptions } from "./object-deleter.ts";
import { policies, policy, startApi } from "./testdata/api-rig.ts";

const merge = "application/merge-patch+json";

t.test("delete answers with a Status that names what is gone", async (t) => {
  const api = await startApi(t);
  const { body: made } = await api.send("POST", policies, { body: policy("a") });
  t.match(await api.send("DELETE", `${policies}/a`), {
    status: 200,
    body: {
      kind: "Status",
      status: "Success",
      details: {
        name: "a",
        group: "clrk.apoxy.dev",
        kind: "ratelimitpolicies",
        uid: made.metadata.uid,
      },
    },
  });
  t.match(await api.send("DELETE", `${policies}/a`), { status: 404, body: { reason: "NotFound" } });
});

t.test("an object with finalizers stays until they are gone", async (t) => {
  const api = await startApi(t);
  const finalizers = ["example.com/one", "example.com/two"];
  await api.send("POST", policies, { body: policy("a", { metadata: { finalizers } }) });
  const marked = await api.send("DELETE", `${policies}/a`);
  t.match(marked, {
    status: 200,
    body: {
      kind: "RateLimitPolicy",
      metadata: { deletionTimestamp: /Z$/, deletionGracePeriodSeconds: 0, generation: 2 },
    },
  });
  const again = await api.send("DELETE", `${policies}/a`);
  t.equal(again.body.metadata.resourceVersion, marked.body.metadata.resourceVersion);
  const patch = (list: string[]) =>
    api.send("PATCH", `${policies}/a`, { body: { metadata: { finalizers: list } }, type: merge });
  t.match(await patch([...finalizers, "example.com/three"]), {
    status: 422,
    body: {
      message:
        /no new finalizers can be added if the object is being deleted, found new finalizers \[\]string\{"example\.com\/three"\}/,
    },
  });
  t.equal((await patch(["example.com/two"])).status, 200);
  t.equal((await api.send("GET", `${policies}/a`)).status, 200);
  t.equal((await patch([])).status, 200);
  t.equal((await api.send("GET", `${policies}/a`)).status, 404);
});

t.test("preconditions hold", async (t) => {
  const api = await startApi(t);
  const { body: made } = await api.send("POST", policies, { body: policy("a") });
  for (const preconditions of [{ uid: "other" }, { resourceVersion: "999" }]) {
    const answer = await api.send("DELETE", `${policies}/a`, { body: { preconditions } });
    t.match(answer, { status: 409, body: { message: /Precondition failed/ } });
  }
  const { uid, resourceVersion } = made.metadata;
  const right = { preconditions: { uid, resourceVersion } };
  t.equal((await api.send("DELETE", `${policies}/a`, { body: right })).status, 200);
});

t.test("a collection is deleted as far as selectors find it, within one namespace", async (t) => {
  const api = await startApi(t);
  for (const name of ["a", "b", "c"]) {
    const labels = { part: name === "c" ? "keep" : "drop" };
    await api.send("POST", policies, { body: policy(name, { metadata: { labels } }) });
  }
  const gone = await api.send("DELETE", `${policies}?labelSelector=part%3Ddrop`);
  t.match(gone, { status: 200, body: { kind: "RateLimitPolicyList", items: [{}, {}] } });
  const left = await api.send("GET", policies);
  t.same(
    left.body.items.map((one: { metadata: { name: string } }) => one.metadata.name),
    ["c"],
  );
  t.equal((await api.send("DELETE", `${policies}?dryRun=All`)).status, 200);
  t.equal((await api.send("GET", `${policies}/c`)).status, 200);
});

t.test("the default namespace stays", async (t) => {
  const api = await startApi(t);
  t.match(await api.send("DELETE", "/api/v1/namespaces/default"), {
    status: 403,
    body: { message: 'namespaces "default" is forbidden: this namespace may not be deleted' },
  });
});

t.test("readDeleteOptions() refuses what it does not understand", async (t) => {
  t.same(readDeleteOptions(undefined), { dryRun: false });
  t.match(readDeleteOptions({ orphanDependents: true }), { propagationPolicy: "Orphan" });
  t.match(readDeleteOptions({ orphanDependents: false }), { propagationPolicy: "Background" });
  for (const body of [[], 7, { propagationPolicy: "Sideways" }, { dryRun: ["Most"] }]) {
    t.throws(() => readDeleteOptions(body), { code: 400 }, JSON.stringify(body));
  }
});
