/** Tests of creating and changing objects, over HTTP: defaults, identity, generations, versions, status, dry runs. */
import t from "tap";
import { policies, policy, startApi } from "./testdata/api-rig.ts";

const merge = "application/merge-patch+json";

t.test("create gives identity, defaults and owners of fields", async (t) => {
  const api = await startApi(t);
  const { status, body } = await api.send("POST", `${policies}?fieldManager=me`, {
    body: policy("a", {
      metadata: { uid: "mine", generation: 7, creationTimestamp: "2001-01-01T00:00:00Z" },
      status: { conditions: [] },
    }),
  });
  t.equal(status, 201);
  t.match(body, {
    apiVersion: "clrk.apoxy.dev/v1alpha1",
    kind: "RateLimitPolicy",
    metadata: {
      name: "a",
      namespace: "default",
      generation: 1,
      uid: /^[\da-f]{8}-[\da-f-]{27}$/,
      creationTimestamp: /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/,
      resourceVersion: /^\d+$/,
      managedFields: [{ manager: "me", operation: "Update", fieldsType: "FieldsV1" }],
    },
    spec: { requests: 5, window: "1m", scope: "PerAgent" },
  });
  t.not(body.metadata.creationTimestamp, "2001-01-01T00:00:00Z");
  t.same((await api.send("GET", `${policies}/a`)).body, body);
});

t.test("create refuses what is there, what is elsewhere, and what is something else", async (t) => {
  const api = await startApi(t);
  await api.send("POST", policies, { body: policy("a") });
  const cases: [object, number, RegExp][] = [
    [policy("a"), 409, /^ratelimitpolicies\.clrk\.apoxy\.dev "a" already exists$/],
    [policy("b", { kind: "Backend" }), 400, /kind in the data \(Backend\) does not match/],
    [policy("b", { apiVersion: "v1" }), 400, /API version in the data \(v1\) does not match/],
    [policy("b", { metadata: { namespace: "other" } }), 400, /namespace of the provided object/],
    [policy("", { metadata: {} }), 422, /name or generateName is required/],
    [
      policy("Upper"),
      422,
      /metadata\.name: Invalid value: "Upper": a lowercase RFC 1123 subdomain/,
    ],
    [policy("b", { metadata: { finalizers: ["a b"] } }), 422, /metadata\.finalizers/],
    [
      policy("b", { metadata: { ownerReferences: [{ kind: "A" }] } }),
      422,
      /metadata\.ownerReferences\.uid: Invalid value: "": must not be empty/,
    ],
    [policy("b", { metadata: { labels: { "a b": "c" } } }), 422, /metadata\.labels/],
    [
      policy("b", { metadata: { labels: { a: 1 } } }),
      400,
      /metadata\.labels is no object of strings/,
    ],
    [[], 400, /no object/],
    [{ apiVersion: "clrk.apoxy.dev/v1alpha1" }, 400, /Object 'Kind' is missing/],
  ];
  for (const [body, status, message] of cases) {
    const answer = await api.send("POST", policies, { body });
    t.equal(answer.status, status, String(message));
    t.match(answer.body.message, message);
  }
  const elsewhere = policies.replace("/default/", "/nowhere/");
  t.match(await api.send("POST", elsewhere, { body: policy("a") }), {
    status: 404,
    body: { message: 'namespaces "nowhere" not found' },
  });
});

t.test("an invalid object is told field by field", async (t) => {
  const api = await startApi(t);
  const spec = { requests: "many", scope: "Nobody", window: null };
  const { status, body } = await api.send("POST", policies, { body: policy("a", { spec }) });
  t.equal(status, 422);
  t.match(body, {
    reason: "Invalid",
    message:
      /^RateLimitPolicy\.clrk\.apoxy\.dev "a" is invalid: \[spec\.requests: Invalid value: "many": /,
    details: {
      name: "a",
      group: "clrk.apoxy.dev",
      kind: "RateLimitPolicy",
      causes: [
        { reason: "FieldValueInvalid", field: "spec.requests" },
        { reason: "FieldValueInvalid", field: "spec.window" },
        {
          reason: "FieldValueNotSupported",
          field: "spec.scope",
          message: /^Unsupported value: "Nobody"/,
        },
      ],
    },
  });
  const missing = policy("a", { spec: { requests: 5, window: undefined } });
  const { body: told } = await api.send("POST", policies, { body: missing });
  t.match(told.details.causes, [{ reason: "FieldValueRequired", field: "spec.window" }]);
  t.match(told.message, /spec\.window: Required value/);
});

t.test("unknown fields are refused, told or dropped, as the caller wants", async (t) => {
  const api = await startApi(t);
  const body = policy("a", { spec: { wndow: "2m", requests: 5 } });
  const strict = await api.send("POST", `${policies}?fieldValidation=Strict`, { body });
  t.match(strict, {
    status: 400,
    body: { message: /strict decoding error: unknown field "spec\.wndow"$/ },
  });
  const warned = await api.send("POST", `${policies}?fieldValidation=Warn`, { body });
  t.equal(warned.status, 201);
  t.match(warned.headers["warning"], /^299 - "unknown field \\"spec\.wndow\\""$/);
  t.notOk("wndow" in warned.body.spec);
  const ignored = await api.send("POST", `${policies}?fieldValidation=Ignore`, {
    body: { ...body, metadata: { name: "b" } },
  });
  t.equal(ignored.status, 201);
  t.equal(ignored.headers["warning"], undefined);
  t.equal((await api.send("POST", `${policies}?fieldValidation=Other`, { body })).status, 400);
});

t.test("generateName completes names", async (t) => {
  const api = await startApi(t);
  const made = new Set<string>();
  for (let count = 0; count < 5; count++) {
    const body = policy("", { metadata: { name: undefined, generateName: "run-" } });
    const answer = await api.send("POST", policies, { body });
    t.match(answer.body.metadata.name, /^run-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    made.add(answer.body.metadata.name);
  }
  t.equal(made.size, 5);
});

t.test("update keeps identity, counts generations, and needs the version it changes", async (t) => {
  const api = await startApi(t);
  const { body: made } = await api.send("POST", policies, { body: policy("a") });
  const put = (body: object, query = "") => api.send("PUT", `${policies}/a${query}`, { body });
  const changed = await put({ ...made, spec: { ...made.spec, requests: 6 } });
  t.match(changed, { status: 200, body: { metadata: { generation: 2, uid: made.metadata.uid } } });
  const labelled = await put({
    ...changed.body,
    metadata: { ...changed.body.metadata, labels: { a: "b" } },
  });
  t.match(labelled.body.metadata, { generation: 2, labels: { a: "b" } });
  const same = await put(labelled.body);
  t.equal(
    same.body.metadata.resourceVersion,
    labelled.body.metadata.resourceVersion,
    "nothing is written",
  );
  t.match(await put(made), {
    status: 409,
    body: {
      reason: "Conflict",
      message:
        /^Operation cannot be fulfilled on ratelimitpolicies\.clrk\.apoxy\.dev "a": the object has been modified; /,
    },
  });
  t.match(await put(policy("a")), {
    status: 422,
    body: { details: { causes: [{ field: "metadata.resourceVersion" }] } },
  });
  const other = { ...labelled.body, metadata: { ...labelled.body.metadata, uid: "other" } };
  t.match(await put(other), { status: 409, body: { message: /UID in precondition: other/ } });
  t.match(await put(policy("b")), { status: 400, body: { message: /name of the object \(b\)/ } });
  t.equal((await api.send("PUT", `${policies}/none`, { body: policy("none") })).status, 404);
});

t.test("status is written by its own path, and only there", async (t) => {
  const api = await startApi(t);
  const gateways = "/apis/clrk.apoxy.dev/v1alpha1/namespaces/default/egressgateways";
  const gateway = {
    apiVersion: "clrk.apoxy.dev/v1alpha1",
    kind: "EgressGateway",
    metadata: { name: "a" },
    spec: {
      listeners: [{ name: "https", port: 443, protocol: "TLS", tls: { mode: "Terminate" } }],
    },
  };
  const { body: made, status } = await api.send("POST", gateways, { body: gateway });
  t.equal(status, 201, made.message);
  const condition = {
    type: "Accepted",
    status: "True",
    reason: "Accepted",
    message: "",
    lastTransitionTime: "2026-01-01T00:00:00Z",
  };
  const written = await api.send("PUT", `${gateways}/a/status`, {
    body: {
      ...made,
      spec: { listeners: [] },
      metadata: { ...made.metadata, labels: { x: "y" } },
      status: { conditions: [condition] },
    },
  });
  t.match(written, { status: 200, body: { status: { conditions: [condition] }, spec: made.spec } });
  t.equal(written.body.metadata.generation, 1);
  t.equal(written.body.metadata.labels, undefined);
  const again = await api.send("PATCH", `${gateways}/a`, {
    body: { status: null, spec: made.spec },
    type: merge,
  });
  t.match(again.body.status, { conditions: [condition] }, "the other path leaves it alone");
  const patched = await api.send("PATCH", `${gateways}/a/status`, {
    body: { status: { conditions: [{ ...condition, status: "False" }] } },
    type: merge,
  });
  t.equal(patched.body.status.conditions[0].status, "False");
  const wrong = await api.send("PATCH", `${gateways}/a/status`, {
    body: { status: { conditions: [{ type: 7 }] } },
    type: merge,
  });
  t.match(wrong, { status: 422, body: { message: /status\.conditions\[0\]/ } });
  t.match(await api.send("GET", `${gateways}/a/status`), {
    status: 200,
    body: { kind: "EgressGateway" },
  });
});

t.test("a dry run answers and stores nothing", async (t) => {
  const api = await startApi(t);
  const { revision } = api.store;
  t.equal((await api.send("POST", `${policies}?dryRun=All`, { body: policy("a") })).status, 201);
  t.equal((await api.send("GET", `${policies}/a`)).status, 404);
  const { body: made } = await api.send("POST", policies, { body: policy("a") });
  const put = { ...made, spec: { ...made.spec, requests: 9 } };
  t.match(await api.send("PUT", `${policies}/a?dryRun=All`, { body: put }), {
    body: {
      metadata: { resourceVersion: made.metadata.resourceVersion },
      spec: { requests: 9 },
    },
  });
  t.equal((await api.send("DELETE", `${policies}/a?dryRun=All`)).status, 200);
  const body = { dryRun: ["All"] };
  t.equal((await api.send("DELETE", `${policies}/a`, { body })).status, 200);
  t.match(await api.send("GET", `${policies}/a`), { status: 200, body: { spec: { requests: 5 } } });
  t.equal(api.store.revision, revision + 1);
  t.equal((await api.send("POST", `${policies}?dryRun=Some`, { body: policy("b") })).status, 400);
});

t.test("an object that is older than a rule can still be labelled", async (t) => {
  const api = await startApi(t);
  const old = policy("old", {
    metadata: { namespace: "default", uid: "u" },
    spec: { requests: -1 },
  });
  const key = { resource: "ratelimitpolicies.clrk.apoxy.dev", namespace: "default", name: "old" };
  await api.store.write((transaction) => transaction.put(key, old as never));
  const label = { metadata: { finalizers: ["example.com/hold"] } };
  const answer = await api.send("PATCH", `${policies}/old`, { body: label, type: merge });
  t.match(answer, { status: 200, body: { metadata: { finalizers: ["example.com/hold"] } } });
  const wrong = { metadata: { labels: { "a b": "c" } } };
  const refused = await api.send("PATCH", `${policies}/old`, { body: wrong, type: merge });
  t.equal(refused.status, 422);
  t.match(refused.body.message, /metadata\.labels/);
  t.notMatch(refused.body.message, /spec/);
  const changed = { spec: { window: "2m" } };
  t.equal((await api.send("PATCH", `${policies}/old`, { body: changed, type: merge })).status, 422);
});

t.test("of many who write at once with one version, one wins", async (t) => {
  const api = await startApi(t);
  const { body: made } = await api.send("POST", policies, { body: policy("a") });
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, index) =>
      api.send("PUT", `${policies}/a`, {
        body: { ...made, spec: { ...made.spec, requests: index + 10 } },
      }),
    ),
  );
  const codes = answers.map(({ status }) => status).sort();
  t.same(codes, [200, ...Array.from({ length: 9 }, () => 409)]);
});
