import { Resolver } from "node:dns/promises";
import t from "tap";
import { startFakeDnsServer } from "./fake-dns-server.ts";
import type { AnswerName } from "./fake-dns-server.ts";

async function resolverOf(
  scope: { teardown(callback: () => unknown): unknown },
  answer: AnswerName,
) {
  const server = await startFakeDnsServer(scope, answer);
  const resolver = new Resolver({ timeout: 2_000, tries: 1 });
  resolver.setServers([`127.0.0.1:${server.port}`]);
  return { server, resolver };
}

t.test("startFakeDnsServer() answers both families, by another name too", async (test) => {
  const { server, resolver } = await resolverOf(test, (name) => {
    if (name === "a.test") return { addresses: ["192.0.2.1", "192.0.2.2", "2001:db8::1"] };
    if (name === "alias.test") return { addresses: ["192.0.2.3"], canonicalName: "real.test" };
    return undefined;
  });
  test.same(await resolver.resolve4("a.test"), ["192.0.2.1", "192.0.2.2"]);
  test.same(await resolver.resolve6("A.test"), ["2001:db8::1"]);
  test.same(await resolver.resolve4("alias.test"), ["192.0.2.3"]);
  test.same(await resolver.resolveCname("alias.test"), ["real.test"]);
  await test.rejects(resolver.resolve4("none.test"), { code: "ENOTFOUND" });
  test.ok(server.asked.includes("none.test"));
});

t.test("startFakeDnsServer() may answer otherwise the next time", async (test) => {
  const { resolver } = await resolverOf(test, (_, count) => ({ addresses: [`192.0.2.${count}`] }));
  test.same(await resolver.resolve4("a.test"), ["192.0.2.1"]);
  test.same(await resolver.resolve4("a.test"), ["192.0.2.2"]);
});
