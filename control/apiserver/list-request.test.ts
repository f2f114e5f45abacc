/** Tests of lists, over HTTP: pages of one state, selectors, revisions, forms. */
import t from "tap";
import { policies, policy, startApi } from "./testdata/api-rig.ts";
import type { ApiRig, RigAnswer } from "./testdata/api-rig.ts";

async function fill(api: ApiRig, count: number): Promise<void> {
  const names = Array.from({ length: count }, (_, index) => `p${String(index).padStart(4, "0")}`);
  await Promise.all(
    names.map((name, index) => {
      const labels = { half: index % 2 === 0 ? "even" : "odd" };
      return api.send("POST", policies, { body: policy(name, { metadata: { labels } }) });
    }),
  );
}

const names = ({ body }: RigAnswer): string[] =>
  body.items.map((one: { metadata: { name: string } }) => one.metadata.name);

const list = (api: ApiRig, query: Record<string, string>) =>
  api.send("GET", `${policies}?${new URLSearchParams(query)}`);

t.test("a list names its kind and revision, of one namespace or all", async (t) => {
  const api = await startApi(t);
  await fill(api, 3);
  const all = await api.send("GET", "/apis/clrk.apoxy.dev/v1alpha1/ratelimitpolicies");
  t.match(all.body, {
    kind: "RateLimitPolicyList",
    apiVersion: "clrk.apoxy.dev/v1alpha1",
    metadata: { resourceVersion: String(api.store.revision) },
    items: [{ kind: "RateLimitPolicy" }, {}, {}],
  });
  const none = await api.send("GET", policies.replace("/default/", "/other/"));
  t.same(none.body.items, []);
});

t.test("pages are of one state, whatever is written meanwhile", async (t) => {
  const api = await startApi(t);
  await fill(api, 25);
  const first = await list(api, { limit: "10" });
  t.equal(first.body.items.length, 10);
  t.equal(first.body.metadata.remainingItemCount, 15);
  await api.send("DELETE", `${policies}/p0015`);
  await api.send("POST", policies, { body: policy("p0000a") });
  await api.send("POST", policies, { body: policy("p0012a") });
  const second = await list(api, { limit: "10", continue: first.body.metadata.continue });
  const third = await list(api, { limit: "10", continue: second.body.metadata.continue });
  t.equal(third.body.metadata.continue, undefined);
  const seen = [first, second, third].flatMap(names);
  t.same(
    seen,
    Array.from({ length: 25 }, (_, index) => `p${String(index).padStart(4, "0")}`),
  );
  for (const page of [second, third]) {
    t.equal(page.body.metadata.resourceVersion, first.body.metadata.resourceVersion);
  }
  t.equal(names(await list(api, {})).length, 26);
});

t.test("a page that is too old is gone, and a token that is not ours is refused", async (t) => {
  const api = await startApi(t, { store: { keptRevisions: 5 } });
  await fill(api, 4);
  const { body } = await list(api, { limit: "2" });
  await fill(api, 0);
  for (let count = 0; count < 12; count++) {
    await api.send("POST", policies, { body: policy(`more-${count}`) });
  }
  const late = await list(api, { limit: "2", continue: body.metadata.continue });
  t.match(late, {
    status: 410,
    body: { reason: "Expired", message: /too old to display a consistent list/ },
  });
  for (const token of [
    "x",
    Buffer.from('["v1",99999,"a","b"]').toString("base64url"),
    Buffer.from("[]").toString("base64url"),
  ]) {
    t.equal((await list(api, { continue: token })).status, 400, token);
  }
  t.equal((await list(api, { continue: "x", resourceVersion: "3" })).status, 400);
});

t.test("selectors find by label and field", async (t) => {
  const api = await startApi(t);
  await fill(api, 6);
  const cases: [Record<string, string>, string[]][] = [
    [{ labelSelector: "half=even" }, ["p0000", "p0002", "p0004"]],
    [{ labelSelector: "half in (odd)" }, ["p0001", "p0003", "p0005"]],
    [{ labelSelector: "!half" }, []],
    [{ fieldSelector: "metadata.name=p0003" }, ["p0003"]],
    [{ fieldSelector: "metadata.name!=p0003", labelSelector: "half=odd" }, ["p0001", "p0005"]],
    [{ fieldSelector: "metadata.namespace=other" }, []],
  ];
  for (const [query, found] of cases)
    t.same(names(await list(api, query)), found, JSON.stringify(query));
  const paged = await list(api, { labelSelector: "half=odd", limit: "2" });
  t.same(names(paged), ["p0001", "p0003"]);
  t.equal(paged.body.metadata.remainingItemCount, undefined);
  const rest = await list(api, {
    labelSelector: "half=odd",
    limit: "2",
    continue: paged.body.metadata.continue,
  });
  t.same(names(rest), ["p0005"]);
  t.match(await list(api, { fieldSelector: "spec.requests=5" }), {
    status: 400,
    body: { message: "field label not supported: spec.requests" },
  });
  t.equal((await list(api, { labelSelector: "a b" })).status, 400);
});

t.test("a list of a past revision is what was there", async (t) => {
  const api = await startApi(t);
  await fill(api, 2);
  const past = String(api.store.revision);
  await api.send("DELETE", `${policies}/p0000`);
  const exact = await list(api, { resourceVersion: past, resourceVersionMatch: "Exact" });
  t.same(names(exact), ["p0000", "p0001"]);
  t.equal(exact.body.metadata.resourceVersion, past);
  t.same(names(await list(api, { resourceVersion: past })), ["p0001"]);
  t.same(names(await list(api, { resourceVersion: "0" })), ["p0001"]);
  t.match(await list(api, { resourceVersion: "99999" }), {
    status: 504,
    body: { details: { causes: [{ reason: "ResourceVersionTooLarge" }] } },
  });
  for (const query of [
    { resourceVersion: "abc" },
    { resourceVersionMatch: "Exact" },
    { resourceVersion: "0", resourceVersionMatch: "Exact" },
    { resourceVersion: "1", resourceVersionMatch: "Other" },
    { limit: "-1" },
  ]) {
    t.equal((await list(api, query)).status, 400, JSON.stringify(query));
  }
});

t.test("tables have the columns of the kind, and ages instead of dates", async (t) => {
  const api = await startApi(t);
  await fill(api, 2);
  const accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
  const { body } = await api.send("GET", policies, { accept });
  t.match(body, { kind: "Table", apiVersion: "meta.k8s.io/v1" });
  t.same(
    body.columnDefinitions.map(({ name }: { name: string }) => name),
    ["Name", "Requests", "Window", "Scope", "Age"],
  );
  t.same(body.rows[0].cells.slice(0, 4), ["p0000", 5, "1m", "PerAgent"]);
  t.match(body.rows[0].cells[4], /^\d+s$/);
  t.match(body.rows[0].object, { kind: "PartialObjectMetadata", metadata: { name: "p0000" } });
  const one = await api.send("GET", `${policies}/p0001?includeObject=Object`, { accept });
  t.match(one.body.rows, [{ cells: ["p0001"], object: { kind: "RateLimitPolicy", spec: {} } }]);
  const bare = await api.send("GET", `${policies}?includeObject=None`, { accept });
  t.equal(bare.body.rows[0].object, undefined);
  const partial = await api.send("GET", policies, {
    accept: "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
  });
  t.match(partial.body, {
    kind: "PartialObjectMetadataList",
    items: [{ metadata: { name: "p0000" } }, {}],
  });
  t.equal(partial.body.items[0].spec, undefined);
  t.equal(
    (await api.send("GET", policies, { accept: "application/vnd.kubernetes.protobuf" })).status,
    406,
  );
});
