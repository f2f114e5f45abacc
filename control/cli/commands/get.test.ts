import t from "tap";
import type { Test } from "tap";
import { parse } from "yaml";
import { createFakeContext } from "../testdata/fake-context.ts";
import { gatewayWith, objectWith, openFakeControl } from "../testdata/fake-control.ts";

const conditions = [{ type: "Accepted", status: "True", reason: "Accepted", message: "Valid" }];
const objects = [
  objectWith("EgressGateway", {
    name: "default",
    spec: { defaultPolicy: "deny-all" },
    gateway: gatewayWith(),
  }),
  objectWith("AIProviderRoute", { conditions, tier: { name: "native", why: "Envoy decides" } }),
  objectWith("AIProviderRoute", { name: "anthropic", namespace: "team" }),
  objectWith("Secret", { other: { data: { token: "[redacted]" }, spec: undefined } }),
];

async function openContext(t: Test) {
  const context = await createFakeContext(t);
  const control = await openFakeControl(context.home);
  t.teardown(() => control.close());
  control.objects = objects;
  return context;
}

t.test("get() shows EgressGateways as a table", async (t) => {
  const context = await openContext(t);
  for (const kind of ["egressgateways", "EgressGateway", "EGW", "egressgateways.clrk.apoxy.dev"]) {
    t.equal(await context.clrk("get", kind), 0);
    t.equal(
      context.stdout(),
      [
        "NAME      POLICY     LISTENERS   ROUTES   TIER       READY   AGE",
        "default   deny-all   2           3        3 native   True    6m",
        "",
      ].join("\n"),
    );
  }
});

t.test("get() shows one namespace, another, or all", async (t) => {
  const context = await openContext(t);
  const names = async (...words: string[]) => {
    await context.clrk("get", "aipr", ...words);
    return context
      .stdout()
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => line.split(/\s+/).slice(0, 2).join(" "));
  };
  t.same(await names(), ["openai True"]);
  t.same(await names("-n", "team"), ["anthropic <none>"]);
  t.same(await names("-A"), ["default openai", "team anthropic"]);
  t.same(await names("--all-namespaces"), ["default openai", "team anthropic"]);
});

t.test("get() without a kind counts objects by kind", async (t) => {
  const context = await openContext(t);
  t.equal(await context.clrk("get"), 0);
  t.match(context.stdout(), /^KIND +SHORT +OBJECTS\negressgateways +egw +1\n/);
  t.match(context.stdout(), /\naiproviderroutes +aipr +2\n/);
  t.match(context.stdout(), /\nbackends +be +0\n/);
  await context.clrk("get", "-o", "json");
  t.match(JSON.parse(context.stdout()), { kinds: [{ kind: "EgressGateway", objects: 1 }] });
});

t.test("get() prints one object, or a List, as JSON and YAML", async (t) => {
  const context = await openContext(t);
  await context.clrk("get", "aipr", "openai", "-o", "json");
  const object = JSON.parse(context.stdout());
  t.equal(object.kind, "AIProviderRoute");
  t.same(object.status, {
    conditions,
    tier: { name: "native", why: "Envoy decides" },
    source: "policy/route.yaml:14",
  });
  await context.clrk("get", "aipr", "openai", "-o", "yaml");
  t.same(parse(context.stdout()), object);
  await context.clrk("get", "aipr", "-A", "-o", "json");
  const list = JSON.parse(context.stdout());
  t.equal(list.kind, "List");
  t.equal(list.items.length, 2);
  await context.clrk("get", "backends", "-o", "json");
  t.same(JSON.parse(context.stdout()), { apiVersion: "v1", kind: "List", items: [] });
});

t.test("get() says so on stderr when there are none", async (t) => {
  const context = await openContext(t);
  t.equal(await context.clrk("get", "backends"), 0);
  t.equal(context.stdout(), "");
  t.equal(context.stderr(), 'No backends in namespace "default"\n');
  await context.clrk("get", "aipr", "-n", "other");
  t.equal(context.stderr(), 'No aiproviderroutes in namespace "other"; 2 elsewhere: add -A\n');
  await context.clrk("get", "backends", "-A");
  t.equal(context.stderr(), "No backends\n");
});

for (const { words, text } of [
  {
    words: ["egressgatway"],
    text: 'Cannot get "egressgatway": there is no such kind; did you mean "egressgateway"?\nSee all kinds: clrk get',
  },
  {
    words: ["\u001b[2J"],
    text: 'Cannot get "\\x1b[2J": there is no such kind\nSee all kinds: clrk get',
  },
  {
    words: ["constructor"],
    text: 'Cannot get "constructor": there is no such kind\nSee all kinds: clrk get',
  },
  {
    words: ["aipr", "opnai"],
    text: 'Cannot find AIProviderRoute "opnai": it is not served; did you mean "openai"?\nSee all: clrk get aiproviderroutes -A',
  },
  {
    words: ["aipr", "anthropic"],
    text: 'Cannot find AIProviderRoute "anthropic" in namespace "default": it is in "team"\nAdd the namespace: -n team',
  },
]) {
  t.test(`get() refuses ${JSON.stringify(words)}`, async (t) => {
    const context = await openContext(t);
    t.equal(await context.clrk("get", ...words), 1);
    t.equal(context.stderr(), `clrk: ${text}\n`);
    t.equal(context.stdout(), "");
  });
}

t.test("get() names the next step when nothing runs", async (t) => {
  const context = await createFakeContext(t);
  t.equal(await context.clrk("get", "egw"), 1);
  t.equal(
    context.stderr(),
    "clrk: Cannot get objects: no gateway is running\nStart one: clrk dev -f DIR\n",
  );
});

t.test("get() shows placeholders, which are no objects", async (t) => {
  const context = await createFakeContext(t);
  const control = await openFakeControl(context.home);
  t.teardown(() => control.close());
  const item = { namespace: "default", name: "openai", key: "token", policies: ["p"] };
  control.placeholders = [{ ...item, placeholder: "sk-fake" }];
  t.equal(await context.clrk("get", "placeholders"), 0);
  t.match(context.stdout(), /\ndefault +openai +token +sk-fake +p\n/);
});
