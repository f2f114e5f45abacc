/** Tests of `clrk describe` against the real API server. */
import t from "tap";
import { policies, policy } from "../../apiserver/testdata/api-rig.ts";
import { openApiContext } from "../testdata/api-context.ts";

t.test("describe() shows metadata, spec, conditions, references and events", async (t) => {
  const { context, api, create } = await openApiContext(t);
  const apiVersion = "clrk.apoxy.dev/v1alpha1";
  const gateways = policies.replace("ratelimitpolicies", "egressgateways");
  const spec = {
    defaultPolicy: "deny-all",
    listeners: [{ name: "https", protocol: "HTTPS", port: 443 }],
  };
  await create(gateways, {
    apiVersion,
    kind: "EgressGateway",
    metadata: { name: "main", labels: { team: "red" } },
    spec,
  });
  const parentRefs = [{ group: "clrk.apoxy.dev", kind: "EgressGateway", name: "main" }];
  const rules = [{ matches: [{ path: { type: "PathPrefix", value: "/" } }] }];
  const route = { parentRefs, hostnames: ["api.example.com"], rules };
  const routes = policies.replace("ratelimitpolicies", "egresshttproutes");
  await create(routes, {
    apiVersion,
    kind: "EgressHTTPRoute",
    metadata: { name: "api" },
    spec: route,
  });
  // Of the clock of the command, which stands: a slow machine makes nothing younger.
  const agoMs = context.now() - 300_000;
  const lastTransitionTime = new Date(agoMs).toISOString().replace(/\.\d+/, "");
  const conditions = [
    {
      type: "Accepted",
      status: "False",
      reason: "Odd",
      message: "It is\u001b[2J odd",
      lastTransitionTime,
    },
  ];
  await api.send("PATCH", `${gateways}/main/status`, {
    body: { status: { conditions } },
    type: "application/merge-patch+json",
  });
  await create("/api/v1/namespaces/default/events", {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: "main.1" },
    involvedObject: { kind: "EgressGateway", namespace: "default", name: "main" },
    type: "Warning",
    reason: "Odd",
    message: "It looked odd",
    count: 3,
    lastTimestamp: lastTransitionTime,
  });
  t.equal(await context.clrk("describe", "egw", "main"), 0, context.stderr());
  const text = context.stdout();
  t.match(
    text,
    /^Name: {9}main\nNamespace: {4}default\nKind: {9}EgressGateway \(clrk\S+\)\nLabels: {7}team=red\n/,
  );
  t.match(text, /\nSpec:\n {2}defaultPolicy: deny-all\n/);
  t.match(
    text,
    /\nConditions:\n {2}TYPE +STATUS +AGE +REASON +MESSAGE\n {2}Accepted +False +5m +Odd +It is\\x1b\[2J odd\n/,
  );
  t.match(
    text,
    /\nReferred to by:\n.*\n {2}EgressHTTPRoute +default +api +spec\.parentRefs\[0\]\n/,
  );
  t.match(text, /\nEvents:\n.*\n {2}5m +Warning +Odd +3 +It looked odd\n/);
});

t.test("describe() shows no value of a Secret, and tells what is not there", async (t) => {
  const { context, create } = await openApiContext(t);
  const data = { token: Buffer.from("hunter2").toString("base64") };
  await create("/api/v1/namespaces/default/secrets", { metadata: { name: "openai" }, data });
  t.equal(await context.clrk("describe", "secret/openai", "secret/none"), 1);
  t.match(context.stdout(), /\nData:\n {2}token: "\[redacted\]"\n/);
  t.notOk(context.stdout().includes(data.token));
  t.equal(
    context.stderr(),
    'clrk: Cannot find Secret "none" in namespace "default": it is not there\nSee all: clrk get secrets -A\n',
  );
  t.equal(await context.clrk("describe", "backends"), 0);
  t.equal(context.stderr(), "Nothing to describe: there is no such object\n");
});

t.test("describe() tells a viewer that Secrets are not its to see", async (t) => {
  const { context, create } = await openApiContext(t, { token: "viewer-token" });
  await create(policies, policy("one"));
  t.equal(await context.clrk("describe", "rlp", "one"), 0, context.stderr());
  t.equal(await context.clrk("describe", "secret", "none"), 1);
  t.match(context.stderr(), /^clrk: Not allowed: /);
});
