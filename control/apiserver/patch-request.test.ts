/** Tests of patches, over HTTP: the four forms, who owns what afterwards, conflicts, and forms that are not read. */
import t from "tap";
import { policies, policy, startApi } from "./testdata/api-rig.ts";
import type { ApiRig } from "./testdata/api-rig.ts";

const merge = "application/merge-patch+json";
const json = "application/json-patch+json";
const strategic = "application/strategic-merge-patch+json";
const applyType = "application/apply-patch+yaml";

const patch = (api: ApiRig, path: string, type: string, body: unknown) =>
  api.send("PATCH", path, { type, body });

const apply = (api: ApiRig, manager: string, spec: object, query = "") =>
  api.send("PATCH", `${policies}/a?fieldManager=${manager}${query}`, {
    type: applyType,
    body: { ...policy("a"), spec },
  });

const managers = (object: {
  metadata: { managedFields: { manager: string; operation: string }[] };
}) => object.metadata.managedFields.map(({ manager, operation }) => `${manager} ${operation}`);

t.test("a merge patch changes what it names, and insists on a version that it names", async (t) => {
  const api = await startApi(t);
  await api.send("POST", policies, {
    body: policy("a", { metadata: { labels: { a: "1", b: "2" } } }),
  });
  const answer = await patch(api, `${policies}/a`, merge, {
    metadata: { labels: { a: null, c: "3" } },
    spec: { requests: 8 },
  });
  t.match(answer, {
    status: 200,
    body: { spec: { requests: 8, window: "1m" }, metadata: { generation: 2 } },
  });
  t.same(answer.body.metadata.labels, { b: "2", c: "3" });
  const old = { metadata: { resourceVersion: "1" }, spec: { requests: 9 } };
  t.equal((await patch(api, `${policies}/a`, merge, old)).status, 409);
  t.equal((await patch(api, `${policies}/none`, merge, {})).status, 404);
  t.equal((await patch(api, `${policies}/a`, merge, [])).status, 400);
  t.equal((await patch(api, `${policies}/a`, merge, { spec: { requests: "x" } })).status, 422);
  t.equal((await patch(api, `${policies}/a`, merge, { metadata: { name: "b" } })).status, 400);
  t.equal((await patch(api, `${policies}/a`, merge, { kind: "Backend" })).status, 422);
});

t.test("a JSON patch is applied whole or not at all", async (t) => {
  const api = await startApi(t);
  await api.send("POST", policies, { body: policy("a") });
  const good = [
    { op: "test", path: "/spec/requests", value: 5 },
    { op: "replace", path: "/spec/requests", value: 6 },
    { op: "add", path: "/metadata/labels", value: { a: "b" } },
  ];
  t.match(await patch(api, `${policies}/a`, json, good), {
    status: 200,
    body: { spec: { requests: 6 }, metadata: { labels: { a: "b" } } },
  });
  const failing = [
    { op: "replace", path: "/spec/requests", value: 7 },
    { op: "test", path: "/spec/window", value: "9m" },
  ];
  t.match(await patch(api, `${policies}/a`, json, failing), {
    status: 422,
    body: { reason: "Invalid" },
  });
  t.equal((await api.send("GET", `${policies}/a`)).body.spec.requests, 6);
  t.equal((await patch(api, `${policies}/a`, json, { op: "add" })).status, 400);
});

t.test("a strategic merge patch is for Kubernetes' own kinds", async (t) => {
  const api = await startApi(t);
  await api.send("POST", policies, { body: policy("a") });
  t.match(await patch(api, `${policies}/a`, strategic, { spec: { requests: 8 } }), {
    status: 415,
    body: {
      reason: "UnsupportedMediaType",
      message:
        /accepted media types include: application\/json-patch\+json, application\/merge-patch\+json, application\/apply-patch\+yaml$/,
    },
  });
  const configMaps = "/api/v1/namespaces/default/configmaps";
  await api.send("POST", configMaps, {
    body: {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "c", finalizers: ["a.b/1"] },
      data: { a: "1", b: "2" },
    },
  });
  const answer = await patch(api, `${configMaps}/c`, strategic, {
    data: { a: null, c: "3" },
    metadata: { finalizers: ["a.b/2"], "$setElementOrder/finalizers": ["a.b/1", "a.b/2"] },
  });
  t.match(answer, { status: 200, body: { metadata: { finalizers: ["a.b/1", "a.b/2"] } } });
  t.same(answer.body.data, { b: "2", c: "3" });
});

t.test("server-side apply creates, owns, shares, conflicts, forces, and gives up", async (t) => {
  const api = await startApi(t);
  const made = await apply(api, "one", { requests: 5, window: "1m" });
  t.equal(made.status, 201);
  t.same(managers(made.body), ["one Apply"]);
  const same = await apply(api, "one", { requests: 5, window: "1m" });
  t.equal(
    same.body.metadata.resourceVersion,
    made.body.metadata.resourceVersion,
    "nothing is written",
  );
  t.equal((await apply(api, "two", { requests: 5, window: "1m" })).status, 200);
  const conflicting = await apply(api, "two", { requests: 6, window: "1m" });
  t.match(conflicting, {
    status: 409,
    body: {
      reason: "Conflict",
      message: 'Apply failed with 1 conflict: conflict with "one": .spec.requests',
      details: { causes: [{ reason: "FieldManagerConflict", field: ".spec.requests" }] },
    },
  });
  const forced = await apply(
    api,
    "two",
    { requests: 6, window: "1m", scope: "PerRoute" },
    "&force=true",
  );
  t.match(forced, {
    status: 200,
    body: { spec: { requests: 6, scope: "PerRoute" }, metadata: { generation: 2 } },
  });
  const givenUp = await apply(api, "two", { requests: 6, window: "1m" });
  t.equal(
    givenUp.body.spec.scope,
    "PerAgent",
    "what nobody applies any more has its default again",
  );
});

t.test("what others write is theirs, and the status path owns status alone", async (t) => {
  const api = await startApi(t);
  await apply(api, "one", { requests: 5, window: "1m" });
  const answer = await api.send("PATCH", `${policies}/a?fieldManager=editor`, {
    type: merge,
    body: { spec: { requests: 7 } },
  });
  t.same(managers(answer.body).sort(), ["editor Update", "one Apply"]);
  const { managedFields } = answer.body.metadata;
  const editor = managedFields.find((entry: { manager: string }) => entry.manager === "editor");
  t.same(editor.fieldsV1, { "f:spec": { "f:requests": {} } });
  t.match(await apply(api, "one", { requests: 5, window: "1m" }), {
    status: 409,
    body: { message: /conflict with "editor" using clrk\.apoxy\.dev\/v1alpha1: \.spec\.requests/ },
  });
});

t.test("an apply needs a manager, an object, and no owners of its own", async (t) => {
  const api = await startApi(t);
  const path = `${policies}/a?fieldManager=one`;
  t.match(await patch(api, `${policies}/a`, applyType, policy("a")), {
    status: 400,
    body: { message: /fieldManager: Required value/ },
  });
  t.equal((await patch(api, path, applyType, [])).status, 400);
  const owned = policy("a", { metadata: { managedFields: [{ manager: "x" }] } });
  t.match(await patch(api, path, applyType, owned), {
    status: 400,
    body: { message: /managedFields must be nil/ },
  });
  t.equal((await patch(api, `${path}&force=true`, merge, {})).status, 400);
  t.equal((await patch(api, path, "application/x-unknown", {})).status, 415);
  const yaml =
    "apiVersion: clrk.apoxy.dev/v1alpha1\nkind: RateLimitPolicy\nspec: {requests: 1, window: 1m}\n";
  const made = await api.send("PATCH", path, { type: applyType, raw: yaml });
  t.match(made, { status: 201, body: { metadata: { name: "a" }, spec: { requests: 1 } } });
  t.equal(
    (await api.send("PATCH", `${path}&dryRun=All`, { type: applyType, body: policy("a") })).status,
    200,
  );
  t.equal((await api.send("GET", `${policies}/a`)).body.spec.requests, 1);
});
