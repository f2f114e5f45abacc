/** Tests of `clrk get` against the real API server. */
import t from "tap";
import { parse } from "yaml";
import { policies, policy } from "../../apiserver/testdata/api-rig.ts";
import { openApiContext } from "../testdata/api-context.ts";
import { until } from "../testdata/fake-context.ts";
import { gatewayWith, objectWith, openFakeControl } from "../testdata/fake-control.ts";

const secrets = "/api/v1/namespaces/default/secrets";
const namespaces = "/api/v1/namespaces";

t.test("get() shows what the server has, by any name of the kind", async (t) => {
  const { context, create } = await openApiContext(t);
  await create(policies, policy("one"));
  for (const kind of ["ratelimitpolicies", "RateLimitPolicy", "rlp", "rlp.clrk.apoxy.dev"]) {
    t.equal(await context.clrk("get", kind), 0, kind);
    t.match(context.stdout(), /^NAME +REQUESTS +WINDOW +SCOPE +AGE\none +5 +1m +PerAgent +\d+s\n$/);
  }
  t.equal(await context.clrk("get", "rlp", "--no-headers"), 0);
  t.match(context.stdout(), /^one /);
  t.equal(await context.clrk("get", "rlp", "-o", "name"), 0);
  t.equal(context.stdout(), "ratelimitpolicy.clrk.apoxy.dev/one\n");
});

t.test("get() selects by labels, fields and namespaces, and takes several names", async (t) => {
  const { context, create } = await openApiContext(t);
  await create(namespaces, { metadata: { name: "team" } });
  await create(policies, policy("one", { metadata: { labels: { team: "red" } } }));
  await create(policies, policy("two"));
  await create(policies.replace("default", "team"), policy("three"));
  const names = async (...words: string[]) => {
    await context.clrk("get", ...words, "-o", "name");
    return context.stdout().replaceAll("ratelimitpolicy.clrk.apoxy.dev/", "").trim().split("\n");
  };
  t.same(await names("rlp"), ["one", "two"]);
  t.same(await names("rlp", "-A"), ["one", "two", "three"]);
  t.same(await names("rlp", "-n", "team"), ["three"]);
  t.same(await names("rlp", "-l", "team=red"), ["one"]);
  t.same(await names("rlp", "-l", "team!=red"), ["two"]);
  t.same(await names("rlp", "--field-selector", "metadata.name=two"), ["two"]);
  t.same(await names("rlp", "two", "one"), ["two", "one"]);
  t.same(await names("rlp/two", "ns/team"), ["two", "namespace/team"]);
  await context.clrk("get", "rlp", "-A");
  t.match(context.stdout(), /^NAMESPACE +NAME .*\ndefault +one .*\ndefault +two .*\nteam +three /);
  t.equal(await context.clrk("get", "rlp", "-l", "team in"), 1);
  t.match(context.stderr(), /^clrk: Refused by the API server: /);
});

t.test("get() reads on beyond a page, up to the limit", async (t) => {
  const { context, api } = await openApiContext(t);
  for (let at = 0; at < 1203; at += 50) {
    const part = Array.from({ length: Math.min(50, 1203 - at) }, (_, index) => at + index);
    await Promise.all(
      part.map((index) => api.send("POST", policies, { body: policy(`policy-${index}`) })),
    );
  }
  t.equal(await context.clrk("get", "rlp", "-o", "name"), 0);
  t.equal(new Set(context.stdout().trim().split("\n")).size, 1203);
  t.equal(await context.clrk("get", "rlp", "--limit", "700", "--no-headers"), 0);
  t.equal(context.stdout().trim().split("\n").length, 700);
  t.equal(context.stderr(), "There are more ratelimitpolicies: raise --limit\n");
});

t.test("get() prints whole objects, without values of Secrets", async (t) => {
  const { context, create } = await openApiContext(t);
  const copy = { "kubectl.kubernetes.io/last-applied-configuration": '{"token":"hunter2"}' };
  const token = Buffer.from("hunter2").toString("base64");
  await create(secrets, { metadata: { name: "openai", annotations: copy }, data: { token } });
  for (const [output, read] of [
    ["json", (text: string) => JSON.parse(text)],
    ["yaml", (text: string) => parse(text)],
  ] as const) {
    t.equal(await context.clrk("get", "secret", "openai", "-o", output), 0);
    const object = read(context.stdout());
    t.match(object, {
      kind: "Secret",
      metadata: { name: "openai" },
      data: { token: "[redacted]" },
    });
    t.equal(object.metadata.managedFields, undefined);
    t.notMatch(context.stdout(), /hunter2/);
    t.notOk(context.stdout().includes(token));
  }
  await context.clrk("get", "secrets", "-A", "-o", "json");
  t.match(JSON.parse(context.stdout()), { apiVersion: "v1", kind: "List", items: [{}] });
});

t.test("get() never shows what is forbidden as missing", async (t) => {
  const { context, create } = await openApiContext(t, { token: "viewer-token" });
  await create(secrets, { metadata: { name: "openai" } });
  for (const words of [["secrets"], ["secret", "none"], ["secret", "openai"]]) {
    t.equal(await context.clrk("get", ...words), 1);
    t.match(context.stderr(), /^clrk: Not allowed: secrets .*is forbidden: User "viewer"/);
    t.equal(context.stdout(), "");
  }
  t.equal(await context.clrk("get"), 0);
  t.match(context.stdout(), /\nsecrets +<none> +not allowed\n/);
  t.match(context.stdout(), /\nnamespaces +ns +1\n/);
});

for (const { words, code, text } of [
  {
    words: ["rlp", "on"],
    code: 1,
    text: 'Cannot find RateLimitPolicy "on": it is not there; did you mean "one"?\nSee all: clrk get ratelimitpolicies -A',
  },
  {
    words: ["rlp", "three"],
    code: 1,
    text: 'Cannot find RateLimitPolicy "three" in namespace "default": it is in "team"\nAdd the namespace: -n team',
  },
  {
    words: ["ratelimitpolcy"],
    code: 1,
    text: 'Cannot get "ratelimitpolcy": there is no such kind; did you mean "ratelimitpolicy"?\nSee all kinds: clrk get',
  },
  { words: ["rlp/a/b"], code: 2, text: 'Cannot get "rlp/a/b": wanted KIND/NAME' },
  {
    words: ["rlp", "a/b"],
    code: 2,
    text: 'Cannot get "a/b": wanted names after KIND, or only KIND/NAME',
  },
  {
    words: ["rlp", "-n", "a", "-A"],
    code: 2,
    text: "Cannot get objects: -n and -A exclude each other",
  },
  {
    words: ["rlp", "a", "-l", "b"],
    code: 2,
    text: "Cannot get objects: names and selectors exclude each other",
  },
  { words: ["-w"], code: 2, text: "Cannot watch: KIND is missing" },
  { words: ["rlp", ".."], code: 1, text: 'Cannot ask for "..": it is no name' },
  {
    words: ["rlp", "--context", "none"],
    code: 1,
    text: 'Cannot find context "none": there are "clrk"\nSee all: clrk context list',
  },
]) {
  t.test(`get() refuses ${words.join(" ")}`, async (t) => {
    const { context, create } = await openApiContext(t);
    await create(namespaces, { metadata: { name: "team" } });
    await create(policies, policy("one"));
    await create(policies.replace("default", "team"), policy("three"));
    t.equal(await context.clrk("get", ...words), code);
    t.equal(context.stderr(), `clrk: ${text}\n`);
    t.equal(context.stdout(), "");
  });
}

t.test("get() shows those that are there, and tells those that are not", async (t) => {
  const { context, create } = await openApiContext(t);
  await create(policies, policy("one"));
  t.equal(await context.clrk("get", "rlp", "one", "nothing", "neither", "--no-headers"), 1);
  t.match(context.stdout(), /^one /);
  t.match(context.stderr(), /^clrk: Cannot find .*"nothing".*\n.*\nclrk: Cannot find .*"neither"/);
});

t.test("get() says so on standard error when there are none", async (t) => {
  const { context, create } = await openApiContext(t);
  await create(policies, policy("one"));
  t.equal(await context.clrk("get", "rlp", "-n", "other"), 0);
  t.equal(context.stdout(), "");
  t.equal(context.stderr(), 'No ratelimitpolicies in namespace "other"; 1 elsewhere: add -A\n');
});

t.test(
  "get() joins what gateways know, and falls back to them when the server is away",
  async (t) => {
    const { context, api, create } = await openApiContext(t);
    const control = await openFakeControl(context.home);
    t.teardown(() => control.close());
    const conditions = [{ type: "Accepted", status: "True", reason: "Accepted", message: "Valid" }];
    control.objects = [
      objectWith("EgressGateway", { name: "default", gateway: gatewayWith(), conditions }),
      objectWith("Secret", { name: "flag", other: { data: { token: "[redacted]" } } }),
    ];
    const gateways = policies.replace("ratelimitpolicies", "egressgateways");
    const spec = {
      defaultPolicy: "deny-all",
      listeners: [{ name: "https", protocol: "HTTPS", port: 443 }],
    };
    const gateway = { apiVersion: "clrk.apoxy.dev/v1alpha1", kind: "EgressGateway" };
    await create(gateways, { ...gateway, metadata: { name: "default" }, spec });
    t.equal(await context.clrk("get", "egw"), 0);
    t.match(
      context.stdout(),
      /^NAME +POLICY +LISTENERS +ROUTES +TIER +READY +AGE\ndefault +deny-all +2 +3 +3 native +True +\d+s\n$/,
    );
    await context.clrk("get", "egw", "default", "-o", "json");
    t.match(JSON.parse(context.stdout()), {
      metadata: { uid: String, creationTimestamp: String },
      status: { conditions, source: "policy/route.yaml:14", gateway: { ready: true } },
    });
    await context.clrk("get", "secrets");
    t.match(context.stdout(), /\nflag /);
    await api.server.close();
    t.equal(await context.clrk("get", "egw"), 0);
    t.match(context.stdout(), /default +deny-all|default +<none>/);
    t.equal(await context.clrk("get", "egw", "-l", "a=b"), 1);
    t.match(context.stderr(), /^clrk: Cannot use -l: no API server runs, /);
    await control.close();
    t.equal(await context.clrk("get", "egw"), 1);
    t.match(context.stderr(), /nothing listens there\nStart it: clrk dev -f DIR\n$/);
  },
);

t.test("get() with -w goes on with changes until it is interrupted", async (t) => {
  const { context, api, create } = await openApiContext(t);
  await create(policies, policy("one"));
  const done = context.clrk("get", "rlp", "-w");
  await until(() => /\none /.test(context.stdout()), context.stdout);
  await create(policies, policy("two"));
  await until(() => /\ntwo /.test(context.stdout()), context.stdout);
  await api.send("DELETE", `${policies}/one`);
  await until(() => /\none .*\(deleted\)\n/.test(context.stdout()), context.stdout);
  context.interrupt("SIGINT");
  t.equal(await done, 0);
  t.equal(context.stdout().split("NAME").length, 2, "one line of headings");
  const events = context.clrk("get", "rlp", "two", "-w", "-o", "json");
  await until(() => context.stdout().includes("\n"), context.stdout);
  context.interrupt("SIGINT");
  t.equal(await events, 0);
  t.match(JSON.parse(context.stdout()), { type: "ADDED", object: { metadata: { name: "two" } } });
});
