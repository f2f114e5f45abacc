/** `clrk provider list`: the table and the JSON, with plugins that are named or served. */
import { join } from "node:path";
import t from "tap";
import { summarizeProvider } from "../../../providers/provider-summary.ts";
import { providers } from "../../../providers/registry.ts";
import { createFakeContext } from "../testdata/fake-context.ts";
import { openFakeControl, statusWith } from "../testdata/fake-control.ts";

t.test("listProviders() lists built-in providers within 80 columns", async (t) => {
  const context = await createFakeContext(t);
  t.equal(await context.clrk("provider", "list"), 0);
  const [head = "", ...lines] = context.stdout().trimEnd().split("\n");
  t.match(head, /^NAME +HOSTS +DIALECT +SERVED$/);
  for (const { name, hosts } of providers) {
    const line = lines.find((one) => one.startsWith(name)) ?? "";
    const [first = ""] = hosts;
    t.ok(line.includes(first.slice(0, 20)), name);
    t.equal(line.includes(`+${hosts.length - 1}`), hosts.length > 1, name);
  }
  t.same(
    lines.filter((line) => line.length > 80),
    [],
  );
});

t.test("listProviders() lists plugins that are named, with their dialects", async (t) => {
  const context = await createFakeContext(t);
  await context.clrk("provider", "new", "acme");
  t.equal(await context.clrk("provider", "list", "--provider", "./acme"), 0);
  t.match(context.stdout(), /\nacme +api\.acme\.example +acme-chat +yes\n/);
  t.match(context.stdout(), /\n\nacme is the plugin acme\/provider\.ts\n$/);
});

t.test("listProviders() prints JSON", async (t) => {
  const context = await createFakeContext(t);
  await context.clrk("provider", "new", "acme");
  t.equal(await context.clrk("provider", "list", "--provider", "./acme", "-o", "json"), 0);
  const { providers: listed } = JSON.parse(context.stdout());
  t.same(listed[0], { ...summarizeProvider(providers[0] ?? failed()), source: "built-in" });
  t.same(listed.at(-1), {
    name: "acme",
    aliases: [],
    hosts: ["api.acme.example"],
    operations: ["chat"],
    dialects: [{ name: "acme-chat", operation: "chat", isCalled: true, isServed: true }],
    source: join(context.home.root, "acme/provider.ts"),
  });
});

t.test("listProviders() lists plugins of running gateways once", async (t) => {
  const context = await createFakeContext(t);
  await using control = await openFakeControl(context.home);
  const served = {
    name: "acme",
    aliases: [],
    hosts: [],
    operations: ["chat"],
    dialects: [],
    specifier: "./acme",
    path: "/elsewhere/acme/provider.ts",
  };
  control.status = statusWith({ plugins: [served] });
  t.equal(await context.clrk("provider", "list"), 0);
  t.match(
    context.stdout(),
    /\nacme +<none> +\(metered only\) +no\n\nacme is the plugin \/elsewhere\/acme\/provider\.ts\n$/,
  );
  await context.clrk("provider", "new", "acme");
  await context.clrk("provider", "list", "--provider", "./acme");
  t.equal(context.stdout().match(/^acme +/gm)?.length, 2, "one row, and one line about its file");
});

t.test("listProviders() says why a plugin cannot be listed", async (t) => {
  const context = await createFakeContext(t);
  t.equal(await context.clrk("provider", "list", "--provider", "./acme"), 1);
  t.match(context.stderr(), /^clrk: Cannot load provider plugin "\.\/acme": \S+ does not exist\n$/);
});

function failed(): never {
  throw new Error("Cannot test: there is no built-in provider");
}
