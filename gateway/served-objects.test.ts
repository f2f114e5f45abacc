/** Tests what is told of objects: their state beside what was written, and no secret. */
import t from "tap";
import type { BackendState } from "./backend-health.ts";
import { compile } from "./compile.ts";
import { parseManifests } from "./manifests.ts";
import type { GatewayStatus, ServedObject } from "./control-api.ts";
import type { SecretSourceStatus } from "./secret-source-status.ts";
import { servedObjects } from "./served-objects.ts";

const apiVersion = "clrk.apoxy.dev/v1alpha1";
const parentRefs = [{ group: "clrk.apoxy.dev", kind: "EgressGateway", name: "egress" }];
const route = (name: string, hostnames: readonly string[], rules: readonly object[] = [{}]) => ({
  kind: "EgressHTTPRoute",
  metadata: { name },
  spec: { parentRefs, hostnames, rules },
});
const policy = (kind: string, target: object, spec: object) => ({
  kind,
  metadata: { name: "policy" },
  spec: { targetRefs: [{ group: "clrk.apoxy.dev", ...target }], ...spec },
});
const gateway = {
  kind: "EgressGateway",
  metadata: { name: "egress" },
  spec: { listeners: [{ name: "https", protocol: "HTTPS", port: 443 }] },
};

/** Objects as they are served; each is found by kind and name. */
function serve(...objects: readonly object[]): (kind: string, name: string) => ServedObject {
  return serveWith([], ...objects);
}

function serveWith(
  backendStates: readonly BackendState[],
  ...objects: readonly object[]
): (kind: string, name: string) => ServedObject {
  const text = objects.map((it) => JSON.stringify({ apiVersion, ...it })).join("\n---\n");
  const { objects: sourced, problems } = parseManifests("policy.yaml", text);
  t.same(problems, []);
  const { statuses, snapshot } = compile({
    objects: sourced.map(({ object }) => object),
    revision: 1,
    environment: { ownAddresses: [] },
  });
  const { gateways } = snapshot;
  const items = servedObjects(sourced, {
    statuses,
    gateways,
    gatewayStatus: () => undefined,
    backendStates,
    secretSources: [],
  });
  return (kind, name) => {
    const found = items.find(({ object }) => object.kind === kind && object.metadata.name === name);
    if (found === undefined) throw new Error(`No ${kind} ${name}`);
    return found;
  };
}

const native = "Envoy's own filters decide everything that the route asks for";

t.test("servedObjects() says of a route that Envoy decides", async (t) => {
  const item = serve(gateway, route("web", ["a.test"]))("EgressHTTPRoute", "web");
  t.same(item.tier, { name: "native", why: native });
  t.equal(item.source, "policy.yaml:3");
  t.match(item.object.status, { conditions: [{ type: "Accepted", status: "True" }, {}] });
  t.notMatch(item.object.status, { problems: [] });
});

t.test("servedObjects() says which policy refuses a route", async (t) => {
  const target = { kind: "EgressHTTPRoute", name: "web" };
  const denied = policy("EgressDenyPolicy", target, { denyResponse: { message: "Ask first" } });
  const item = serve(gateway, route("web", ["a.test"]), denied)("EgressHTTPRoute", "web");
  t.same(item.tier, { name: "refused", why: "EgressDenyPolicy default/policy: Ask first" });
  t.match(item.conditions, [{ type: "Accepted", status: "True" }]);
  t.match(item.object.status, {
    problems: ["All of its traffic is refused by EgressDenyPolicy default/policy"],
  });
});

t.test("servedObjects() says that a credential is missing", async (t) => {
  const credential = policy(
    "CredentialInjectionPolicy",
    { kind: "EgressHTTPRoute", name: "web" },
    { secretRef: { name: "none" }, target: "Header", headerName: "Authorization" },
  );
  const { tier } = serve(gateway, route("web", ["a.test"]), credential)("EgressHTTPRoute", "web");
  t.equal(tier?.name, "refused");
  t.match(
    tier?.why,
    /^Refused because CredentialInjectionPolicy default\/policy gives no credential: /,
  );
});

t.test("servedObjects() says that a route is not accepted, or in force nowhere", async (t) => {
  const lost = { ...route("lost", ["a.test"]), spec: { ...route("", ["a.test"]).spec } };
  lost.spec.parentRefs = [{ group: "clrk.apoxy.dev", kind: "EgressGateway", name: "none" }];
  const found = serve(gateway, lost)("EgressHTTPRoute", "lost");
  t.match(found.tier, { name: "refused", why: /none/ });
});

t.test("servedObjects() has no tier for what is no route, and its gateway's status", async (t) => {
  const find = serve(gateway);
  t.equal(find("EgressGateway", "egress").tier, undefined);
  const { objects } = parseManifests("x", JSON.stringify({ apiVersion, ...gateway }));
  const status: GatewayStatus = {
    ...{ namespace: "default", name: "egress", defaultPolicy: "deny-all", ready: true },
    ...{ reason: "", liveRevision: 1, rejection: "", listeners: [] },
    routes: { native: 0, engine: 0, refused: 0 },
    envoy: { restarts: 0, adminSocket: "/admin.sock" },
    certificates: { minted: 0, live: 0, refused: 0, directory: "/ca" },
    trust: { bundle: "/bundle.pem", directory: "/certs" },
  };
  const [item] = servedObjects(objects, {
    statuses: [],
    gateways: [],
    gatewayStatus: (key) => (key === "default/egress" ? status : undefined),
    backendStates: [],
    secretSources: [],
  });
  t.match(item?.object.status, { conditions: [], gateway: status });
});

t.test("servedObjects() shows a Secret without a value as its sources have it", async (t) => {
  const source: SecretSourceStatus = {
    ...{ namespace: "default", name: "openai", key: "token", kind: "file" },
    ...{ origin: "--secret openai=file:key", state: "missing", warning: "" },
    failure: 'file "/key": no such file or directory',
  };
  const other = { ...source, key: "org" };
  const items = servedObjects([], {
    statuses: [],
    gateways: [],
    gatewayStatus: () => undefined,
    backendStates: [],
    secretSources: [source, other, { ...source, name: "elsewhere" }],
  });
  t.match(items[0], {
    object: { kind: "Secret", data: {}, status: { sources: [source, other] } },
    source: "--secret openai=file:key",
  });
  t.same(
    items.map(({ object }) => object.metadata.name),
    ["openai", "elsewhere"],
  );
});

t.test("servedObjects() shows the keys of a Secret and nothing of its values", async (t) => {
  const secret = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "key" },
    stringData: { token: "canary" },
  };
  const item = serve(gateway, secret)("Secret", "key");
  t.match(item.object, { data: { token: "[redacted]" } });
  t.notMatch(JSON.stringify(item), /canary|Y2FuYXJ5/);
});

const upstream = (name: string) => ({
  kind: "Backend",
  metadata: { name },
  spec: { upstream: { host: "a.test" } },
});
const stateOf = (name: string, changes: Partial<BackendState> = {}): BackendState => ({
  backend: { namespace: "default", name },
  failures: 0,
  ejectedForMs: 0,
  lastStatus: 200,
  ...changes,
});

t.test("servedObjects() says how a backend does, the worst of what rules found", async (t) => {
  const states = [
    stateOf("a", { failures: 2, lastStatus: 500 }),
    stateOf("a", { ejectedForMs: 5, lastStatus: 503 }),
    stateOf("a"),
    stateOf("b", { failures: 1, lastStatus: 0 }),
    stateOf("c"),
    stateOf("c", { failures: 2, lastStatus: 502 }),
  ];
  const find = serveWith(states, upstream("a"), upstream("b"), upstream("c"), upstream("d"));
  const healthOf = (name: string) => find("Backend", name).object.status;
  t.match(healthOf("a"), { health: { failures: 0, ejectedForMs: 5, lastStatus: 503 } });
  t.match(healthOf("b"), { health: { failures: 1, ejectedForMs: 0, lastStatus: 0 } });
  t.match(healthOf("c"), { health: { failures: 2, ejectedForMs: 0, lastStatus: 502 } });
  t.notOk("health" in Object(healthOf("d")), "nobody falls back to it");
});

t.test("servedObjects() says nothing of a backend of that name elsewhere", async (t) => {
  const other = { ...stateOf("a"), backend: { namespace: "team", name: "a" } };
  const { object } = serveWith([other], upstream("a"))("Backend", "a");
  t.notOk("health" in Object(object.status));
});
