/** Tests of discovery in both forms, and of the OpenAPI documents that kubectl reads. */
import t from "tap";
import type { ConnectedResource } from "./api-context.ts";
import { startApi } from "./testdata/api-rig.ts";

const aggregated =
  "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

interface Discovered {
  readonly resource?: string;
  readonly name?: string;
}

t.test(
  "the aggregated form has all groups, with the content type that clients insist on",
  async (t) => {
    const api = await startApi(t);
    const groups = await api.send("GET", "/apis", { accept: aggregated });
    t.equal(
      groups.headers["content-type"],
      "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
    );
    t.match(groups.body, { kind: "APIGroupDiscoveryList", apiVersion: "apidiscovery.k8s.io/v2" });
    const own = groups.body.items.find(
      (one: { metadata: { name: string } }) => one.metadata.name === "clrk.apoxy.dev",
    );
    t.match(own.versions[0], { version: "v1alpha1", freshness: "Current" });
    const policy = own.versions[0].resources.find(
      ({ resource }: Discovered) => resource === "ratelimitpolicies",
    );
    t.match(policy, {
      responseKind: { group: "clrk.apoxy.dev", version: "v1alpha1", kind: "RateLimitPolicy" },
      scope: "Namespaced",
      singularResource: "ratelimitpolicy",
      shortNames: ["rlp"],
      categories: ["clrk"],
      verbs: ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
    });
    const gateway = own.versions[0].resources.find(
      ({ resource }: Discovered) => resource === "egressgateways",
    );
    t.match(gateway.subresources, [{ subresource: "status" }]);
    const core = await api.send("GET", "/api", { accept: aggregated });
    t.match(core.body.items, [{ versions: [{ version: "v1" }] }]);
    t.equal(core.body.items[0].metadata.name, undefined);
    t.match(
      core.body.items[0].versions[0].resources.find(
        ({ resource }: Discovered) => resource === "namespaces",
      ),
      { scope: "Cluster" },
    );
  },
);

t.test("the old form says the same", async (t) => {
  const api = await startApi(t);
  t.match((await api.send("GET", "/api")).body, { kind: "APIVersions", versions: ["v1"] });
  const { body } = await api.send("GET", "/apis");
  const names = body.groups.map(({ name }: Discovered) => name);
  t.same(names, [
    "clrk.apoxy.dev",
    "events.k8s.io",
    "authentication.k8s.io",
    "authorization.k8s.io",
  ]);
  t.match((await api.send("GET", "/apis/clrk.apoxy.dev")).body, {
    kind: "APIGroup",
    preferredVersion: { version: "v1alpha1" },
  });
  const list = await api.send("GET", "/apis/clrk.apoxy.dev/v1alpha1");
  t.equal(list.body.kind, "APIResourceList");
  const resources = list.body.resources.map(({ name }: Discovered) => name);
  t.ok(resources.includes("backends") && resources.includes("egressgateways/status"));
  t.match((await api.send("GET", "/apis/authorization.k8s.io/v1")).body.resources, [
    { verbs: ["create"] },
    {},
  ]);
  t.equal((await api.send("GET", "/api/v1")).body.groupVersion, "v1");
  for (const path of [
    "/api/v2",
    "/apis/none",
    "/apis/clrk.apoxy.dev/v2",
    "/apis/clrk.apoxy.dev/v1alpha1/x/y/z/a/b/c",
  ]) {
    t.equal((await api.send("GET", path)).status, 404, path);
  }
});

t.test(
  "every group has an OpenAPI document that names kinds, parameters and schemas",
  async (t) => {
    const api = await startApi(t);
    const index = await api.send("GET", "/openapi/v3");
    const path = "apis/clrk.apoxy.dev/v1alpha1";
    t.same(Object.keys(index.body.paths).sort(), ["api/v1", path, "apis/events.k8s.io/v1"]);
    for (const [name, { serverRelativeURL }] of Object.entries<{ serverRelativeURL: string }>(
      index.body.paths,
    )) {
      t.match(serverRelativeURL, new RegExp(`^/openapi/v3/${name}\\?hash=[\\dA-F]{64}$`));
      const { body, status } = await api.send("GET", serverRelativeURL);
      t.equal(status, 200);
      checkReferences(t, body);
    }
    const { body } = await api.send("GET", `/openapi/v3/${path}`);
    const item = body.paths[`/${path}/namespaces/{namespace}/backends/{name}`];
    t.match(item.patch["x-kubernetes-group-version-kind"], { kind: "Backend" });
    const parameters = item.patch.parameters.map(({ name }: Discovered) => name);
    for (const name of ["dryRun", "fieldManager", "fieldValidation", "force"])
      t.ok(parameters.includes(name), name);
    t.notOk("application/strategic-merge-patch+json" in item.patch.requestBody.content);
    const schema = body.components.schemas["dev.apoxy.clrk.v1alpha1.Backend"];
    t.match(schema, {
      "x-kubernetes-group-version-kind": [
        { group: "clrk.apoxy.dev", version: "v1alpha1", kind: "Backend" },
      ],
      properties: { spec: { type: "object" } },
    });
    t.equal((await api.send("GET", "/openapi/v3/apis/none/v1")).status, 404);
    t.equal((await api.send("GET", "/openapi/v2")).status, 404);
  },
);

const answered = (plural: string, subresource: string, more: Partial<ConnectedResource> = {}) => ({
  ...{ group: "clrk.apoxy.dev", version: "v1alpha1", plural, subresource, kind: "TaskAgent" },
  ...{ namespaced: true, needsObject: false, verbs: ["get"] as const },
  answer: async () => ({ status: 200, body: "{}" }),
  ...more,
});
const connected: readonly ConnectedResource[] = [
  answered("taskagents", "logs", { parameters: ["since", "follow"] }),
  answered("taskagents", "invoke", { verbs: ["create"] }),
  answered("processes", "logs", { kind: "Process" }),
  answered("traces", "", { kind: "TracesData" }),
  answered("metrics", "", {
    ...{ group: "metrics.clrk.apoxy.dev", kind: "Metric", namespaced: false, verbs: ["list"] },
  }),
  answered("taskagentmetrics", "series", { group: "metrics.clrk.apoxy.dev" }),
];

t.test("both forms list what is below objects, as a real server lists subresources", async (t) => {
  const api = await startApi(t, { connected });
  const list = await api.send("GET", "/apis/clrk.apoxy.dev/v1alpha1");
  const found = (name: string) =>
    list.body.resources.find((one: Discovered) => one.name === name) ?? {};
  for (const [name, kind, verbs] of [
    ["taskagents/status", "TaskAgent", ["get", "patch", "update"]],
    ["taskagents/logs", "TaskAgent", ["get"]],
    ["taskagents/invoke", "TaskAgent", ["create"]],
    ["processes/logs", "Process", ["get"]],
  ] as const) {
    t.same(found(name), { name, singularName: "", namespaced: true, kind, verbs });
  }
  const names = list.body.resources.map(({ name }: Discovered) => name);
  t.same(names, names.toSorted(), "in the order of names");
  t.equal(new Set(names).size, names.length);
  const groups = await api.send("GET", "/apis", { accept: aggregated });
  const resources = groups.body.items[0].versions[0].resources;
  const agent = resources.find(({ resource }: Discovered) => resource === "taskagents");
  t.same(
    agent.subresources.map(({ subresource }: { subresource: string }) => subresource),
    ["status", "logs", "invoke"],
  );
  const processes = resources.find(({ resource }: Discovered) => resource === "processes");
  t.same(processes, {
    ...{ resource: "processes", scope: "Namespaced", singularResource: "", verbs: [] },
    subresources: [
      {
        subresource: "logs",
        responseKind: { group: "clrk.apoxy.dev", version: "v1alpha1", kind: "Process" },
        verbs: ["get"],
      },
    ],
  });
});

t.test(
  "OpenAPI has their paths, and rules of access name those that a viewer may read",
  async (t) => {
    const api = await startApi(t, { connected });
    const path = "apis/clrk.apoxy.dev/v1alpha1";
    const { body } = await api.send("GET", `/openapi/v3/${path}`);
    checkReferences(t, body);
    const root = `/${path}/namespaces/{namespace}`;
    const logs = body.paths[`${root}/taskagents/{name}/logs`];
    t.match(logs.get, {
      "x-kubernetes-action": "get",
      parameters: [{ name: "since", in: "query" }, {}],
    });
    t.match(logs.parameters, [{ name: "namespace", in: "path", required: true }, { name: "name" }]);
    t.notOk("post" in logs);
    t.match(body.paths[`${root}/taskagents/{name}/invoke`], {
      post: { "x-kubernetes-action": "connect" },
    });
    t.ok(`${root}/traces/{name}` in body.paths);
    t.notOk("delete" in body.paths[`${root}/backends/{name}/status`], "405 is what it is answered");
    const metrics = await api.send("GET", "/openapi/v3/apis/metrics.clrk.apoxy.dev/v1alpha1");
    t.same(Object.keys(metrics.body.paths), [
      "/apis/metrics.clrk.apoxy.dev/v1alpha1/metrics",
      "/apis/metrics.clrk.apoxy.dev/v1alpha1/namespaces/{namespace}/taskagentmetrics/{name}/series",
    ]);
    const rules = await api.send("POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", {
      ...{ body: { spec: { namespace: "default" } }, token: "viewer-token" },
    });
    const readable = rules.body.status.resourceRules.flatMap(
      (rule: { resources: string[]; verbs: string[] }) =>
        rule.resources.map((name) => `${name}: ${rule.verbs.join()}`),
    );
    for (const rule of [
      "taskagents/status: get",
      "taskagentmetrics/series: get",
      "metrics: list",
    ]) {
      t.ok(readable.includes(rule), rule);
    }
    t.notMatch(readable.join("\n"), /logs|traces|invoke|secrets|patch|update/);
  },
);

function checkReferences(t: { ok(value: unknown, message: string): void }, document: object): void {
  const text = JSON.stringify(document);
  const names = new Set(
    [...text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name),
  );
  for (const name of names) t.ok(text.includes(`"${name}":{`), `${name} is there`);
}
