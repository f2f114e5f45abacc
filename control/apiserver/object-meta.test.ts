/** Tests of reading and carrying metadata, without a server. */
import t from "tap";
import { configMapResource, namespaceResource } from "./core-resources.ts";
import { changedMetadata, checkIdentity, newMetadata, readObject } from "./object-meta.ts";

const place = { namespace: "n", name: "" };
const body = (metadata: unknown) => ({ apiVersion: "v1", kind: "ConfigMap", metadata });

t.test("readObject() gives the place to the object, and drops what is null or empty", async (t) => {
  const written = {
    name: "a",
    labels: {},
    annotations: null,
    finalizers: [],
    creationTimestamp: null,
  };
  t.same(readObject(body(written), configMapResource, place).metadata, {
    name: "a",
    namespace: "n",
  });
  const named = readObject(body(undefined), configMapResource, { namespace: "n", name: "b" });
  t.same(named.metadata, { name: "b", namespace: "n" });
  const global = readObject({ ...body({ name: "x" }), kind: "Namespace" }, namespaceResource, {
    namespace: "",
    name: "",
  });
  t.same(global.metadata, { name: "x" });
});

t.test("readObject() refuses sorts that the server relies on", async (t) => {
  for (const metadata of [
    [],
    "text",
    { name: 7 },
    { name: "a", uid: 7 },
    { name: "a", finalizers: "x" },
    { name: "a", finalizers: [7] },
    { name: "a", ownerReferences: ["x"] },
    { name: "a", labels: ["x"] },
    { name: "a", annotations: { a: 1 } },
  ]) {
    t.throws(
      () => readObject(body(metadata), configMapResource, place),
      { code: 400 },
      JSON.stringify(metadata),
    );
  }
});

t.test("newMetadata() makes identity, whatever was written", async (t) => {
  const facts = { now: "2026-01-01T00:00:00Z", uid: "new", random: () => 0 };
  const written = {
    name: "a",
    uid: "old",
    generation: 9,
    deletionTimestamp: "x",
    labels: { a: "b" },
  };
  t.same(newMetadata(written, facts), {
    name: "a",
    labels: { a: "b" },
    uid: "new",
    creationTimestamp: "2026-01-01T00:00:00Z",
  });
  t.equal(newMetadata({ name: "", generateName: "x".repeat(99) }, facts).name.length, 63);
  t.equal(newMetadata({ name: "", generateName: "run-" }, facts).name, "run-bbbbb");
  t.equal(newMetadata({ name: "" }, facts).name, "");
});

t.test("changedMetadata() keeps identity, and refuses another one", async (t) => {
  const before = {
    ...body({}),
    metadata: { name: "a", namespace: "n", uid: "u", generation: 3, resourceVersion: "7" },
  };
  const written = { name: "a", namespace: "n", generation: 1, labels: { a: "b" } };
  t.same(changedMetadata(before, written, configMapResource), {
    ...before.metadata,
    labels: { a: "b" },
  });
  const other = { ...written, uid: "other" };
  t.throws(() => changedMetadata(before, other, configMapResource), {
    code: 422,
    message: /metadata\.uid/,
  });
  const sent = { ...before, metadata: other };
  t.throws(() => checkIdentity(before, sent, configMapResource), { code: 409 });
  t.doesNotThrow(() => checkIdentity(before, before, configMapResource));
});
