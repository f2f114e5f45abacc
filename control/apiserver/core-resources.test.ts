/** Tests of Kubernetes' core kinds, over HTTP: values of Secrets stay secret, what is immutable stays, types are defaulted. */
import t from "tap";
import { startApi } from "./testdata/api-rig.ts";

const merge = "application/merge-patch+json";
const secrets = "/api/v1/namespaces/default/secrets";
const configMaps = "/api/v1/namespaces/default/configmaps";

const secret = (name: string, fields: object) => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name },
  ...fields,
});
const configMap = (name: string, fields: object) => ({
  ...secret(name, fields),
  kind: "ConfigMap",
});

t.test("a Secret takes plain text, gives base64, and has a type", async (t) => {
  const api = await startApi(t);
  const { body } = await api.send("POST", secrets, {
    body: secret("a", { type: "", stringData: { token: "plain" } }),
  });
  t.match(body, { type: "Opaque", data: { token: Buffer.from("plain").toString("base64") } });
  t.equal(body.stringData, undefined);
  t.equal(body.metadata.generation, undefined);
  const more = await api.send("PATCH", `${secrets}/a`, {
    body: { stringData: { other: "x" } },
    type: merge,
  });
  t.same(Object.keys(more.body.data).sort(), ["other", "token"]);
  const type = await api.send("PATCH", `${secrets}/a`, { body: { type: "other" }, type: merge });
  t.match(type, {
    status: 422,
    body: { message: /type: Invalid value: "other": field is immutable/ },
  });
  const found = await api.send("GET", `${secrets}?fieldSelector=type%3DOpaque`);
  t.equal(found.body.items.length, 1);
  const table = await api.send("GET", secrets, {
    accept: "application/json;as=Table;v=v1;g=meta.k8s.io",
  });
  t.same(table.body.rows[0].cells.slice(0, 3), ["a", "Opaque", 2]);
  t.notMatch(table.text, /cGxhaW4/);
});

t.test("no refusal shows a value of a Secret", async (t) => {
  const api = await startApi(t);
  const value = "hunter2-not-base64!";
  for (const fields of [
    { data: { token: value } },
    { data: value },
    { stringData: { token: { deep: value } } },
    { stringData: [value] },
    { data: { [`k ${"x"}`]: value } },
    { immutable: value, stringData: { a: value } },
  ]) {
    const answer = await api.send("POST", secrets, { body: secret("a", fields) });
    t.equal(answer.status, 422);
    if (!("immutable" in fields)) t.notMatch(answer.text, /hunter2/, JSON.stringify(fields));
  }
});

t.test("what is immutable is labelled, and not changed", async (t) => {
  const api = await startApi(t);
  for (const [path, object] of [
    [secrets, secret("a", { immutable: true, stringData: { k: "v" } })],
    [configMaps, configMap("a", { immutable: true, data: { k: "v" } })],
  ] as const) {
    await api.send("POST", path, { body: object });
    const change = (body: object) => api.send("PATCH", `${path}/a`, { body, type: merge });
    t.equal((await change({ metadata: { labels: { a: "b" } } })).status, 200, path);
    t.match(await change({ data: { k: "eA==" } }), {
      status: 422,
      body: { details: { causes: [{ reason: "FieldValueForbidden", field: "data" }] } },
    });
    const loosened = await change({ immutable: false });
    t.equal(loosened.body.details.causes.length, 1);
    t.match(loosened.body.details.causes, [{ field: "immutable" }]);
  }
});

t.test("a ConfigMap has text and bytes under different keys, within bounds", async (t) => {
  const api = await startApi(t);
  const good = configMap("a", { data: { text: "x" }, binaryData: { bytes: "AAA=" } });
  t.equal((await api.send("POST", configMaps, { body: good })).status, 201);
  for (const fields of [
    { data: { a: 1 } },
    { data: { "a b": "x" } },
    { binaryData: { a: "not base64" } },
    { data: { a: "x" }, binaryData: { a: "AAA=" } },
    { data: { a: "x".repeat(1_048_577) } },
  ]) {
    const answer = await api.send("POST", configMaps, { body: configMap("b", fields) });
    t.equal(answer.status, 422, JSON.stringify(fields).slice(0, 60));
  }
});

t.test("metadata is refused in Kubernetes' words, and finalizers are commented on", async (t) => {
  const api = await startApi(t);
  const send = (metadata: object) =>
    api.send("POST", configMaps, { body: configMap("a", { metadata }) });
  for (const [metadata, message] of [
    [{ name: "x".repeat(254) }, /must be no more than 253 characters/],
    [
      { name: "a", labels: { "a b": "c" } },
      /metadata\.labels: Invalid value: "a b": name part must consist of/,
    ],
    [{ name: "a", labels: { "A_B/c": "c" } }, /prefix part a lowercase RFC 1123 subdomain/],
    [{ name: "a", labels: { "a/b/c": "c" } }, /a qualified name must consist of/],
    [{ name: "a", labels: { a: "x".repeat(64) } }, /must be no more than 63 characters/],
    [{ name: "a", labels: { a: "c d" } }, /a valid label must be an empty string or/],
    [
      { name: "a", annotations: { "/a": "x" } },
      /metadata\.annotations: Invalid value: "\/a": prefix part must be non-empty/,
    ],
    [{ name: "a", annotations: { a: "x".repeat(262_145) } }, /metadata\.annotations: Too long/],
  ] as const) {
    const answer = await send(metadata);
    t.equal(answer.status, 422);
    t.match(answer.body.message, message);
  }
  const warned = await send({ name: "a", finalizers: ["plain"] });
  t.equal(warned.status, 201);
  t.match(warned.headers["warning"], /prefer a domain-qualified finalizer name/);
  const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "a.b" } };
  t.match(await api.send("POST", "/api/v1/namespaces", { body: namespace }), {
    status: 422,
    body: { message: /a lowercase RFC 1123 label must consist of/ },
  });
});
