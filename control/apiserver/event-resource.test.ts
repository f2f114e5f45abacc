/** Tests of Events: one object in two groups, its columns, what is refused. */
import t from "tap";
import { startApi } from "./testdata/api-rig.ts";

const core = "/api/v1/namespaces/default/events";
const group = "/apis/events.k8s.io/v1/namespaces/default/events";

const about = {
  kind: "Backend",
  namespace: "default",
  name: "b",
  uid: "u",
  apiVersion: "clrk.apoxy.dev/v1alpha1",
};
const event = (name: string, fields: object = {}) => ({
  apiVersion: "v1",
  kind: "Event",
  metadata: { name },
  involvedObject: about,
  reason: "Resolved",
  message: "has an address",
  type: "Normal",
  source: { component: "me" },
  ...fields,
});

t.test("an Event of one group is read in the other", async (t) => {
  const api = await startApi(t);
  t.equal((await api.send("POST", core, { body: event("a") })).status, 201);
  const { body: converted } = await api.send("GET", `${group}/a`);
  t.notOk("reportingController" in converted, "only the core group writes empty fields");
  t.match(converted, {
    apiVersion: "events.k8s.io/v1",
    regarding: about,
    note: "has an address",
    deprecatedSource: { component: "me" },
    eventTime: null,
  });
  const other = {
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata: { name: "b" },
    regarding: about,
    note: "again",
    reason: "Resolved",
    type: "Warning",
    eventTime: "2026-01-01T00:00:00.000000Z",
    reportingController: "clrk.apoxy.dev/me",
  };
  t.equal((await api.send("POST", group, { body: other })).status, 201);
  t.match((await api.send("GET", `${core}/b`)).body, {
    apiVersion: "v1",
    involvedObject: about,
    message: "again",
    reportingComponent: "clrk.apoxy.dev/me",
  });
  const list = await api.send("GET", group);
  t.same(
    list.body.items.map((one: { apiVersion: string }) => one.apiVersion),
    ["events.k8s.io/v1", "events.k8s.io/v1"],
  );
  const watch = await api.watch(`${group}?watch=1`);
  t.match(await watch.next(), {
    object: { apiVersion: "events.k8s.io/v1", note: "has an address" },
  });
});

t.test("Events are found by what they are about", async (t) => {
  const api = await startApi(t);
  await api.send("POST", core, { body: event("a") });
  await api.send("POST", core, {
    body: event("b", { involvedObject: { ...about, name: "other" }, type: "Warning" }),
  });
  const names = async (path: string, selector: string) => {
    const { body } = await api.send("GET", `${path}?fieldSelector=${encodeURIComponent(selector)}`);
    return body.items.map((one: { metadata: { name: string } }) => one.metadata.name);
  };
  t.same(
    await names(core, "involvedObject.name=b,involvedObject.kind=Backend,involvedObject.uid=u"),
    ["a"],
  );
  t.same(await names(core, "type!=Normal"), ["b"]);
  t.same(await names(group, "regarding.name=other"), ["b"]);
  t.same(await names(core, "reason=Resolved,source=me"), ["a", "b"]);
});

t.test("tables tell when, what and about what", async (t) => {
  const api = await startApi(t);
  const lastTimestamp = new Date(Date.now() - 300_000).toISOString();
  await api.send("POST", core, { body: event("a", { lastTimestamp, count: 3 }) });
  for (const path of [core, group]) {
    const { body } = await api.send("GET", path, {
      accept: "application/json;as=Table;v=v1;g=meta.k8s.io",
    });
    t.match(body.rows[0].cells, [
      "5m",
      "Normal",
      "Resolved",
      "backend/b",
      "",
      "me",
      "has an address",
      "<unknown>",
      3,
      "a",
    ]);
  }
});

t.test("an Event of another namespace, or with fields of another sort, is refused", async (t) => {
  const api = await startApi(t);
  const elsewhere = event("a", { involvedObject: { ...about, namespace: "other" } });
  t.match(await api.send("POST", core, { body: elsewhere }), {
    status: 422,
    body: {
      message: /involvedObject\.namespace: Invalid value: "other": does not match event\.namespace/,
    },
  });
  for (const fields of [
    { count: "3" },
    { message: 7 },
    { source: "me" },
    { message: "x".repeat(4097) },
  ]) {
    t.equal((await api.send("POST", core, { body: event("a", fields) })).status, 422);
  }
  const unknown = await api.send("POST", `${core}?fieldValidation=Strict`, {
    body: event("a", { other: 1 }),
  });
  t.match(unknown, { status: 400, body: { message: /unknown field "other"/ } });
  const global = event("a", { involvedObject: { kind: "Node", name: "n" } });
  t.equal(
    (await api.send("POST", core, { body: global })).status,
    201,
    "what has no namespace is told in default",
  );
});
