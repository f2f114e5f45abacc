/** Unit tests of the policy that our gateway is measured with. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { parseAllDocuments } from "yaml";
import { clrkPolicy, writeClrkPolicy } from "./clrk-policy.ts";
import { parseAnyObject } from "../../crds/kinds.ts";
import { routeDocument } from "./route-files.ts";
import type { StartOptions } from "./contender.ts";

const options: StartOptions = {
  mode: "connect",
  upstream: { host: "127.0.0.1", port: 7 },
  authority: { caPem: "PEM", caFile: "", certificateFile: "", keyFile: "" },
  wildcards: ["*.bench.test"],
  serverNames: Array.from({ length: 70 }, (_, index) => `n${index}.bench.test`),
  directory: "/scratch",
};

async function kinds(directory: string, more: Partial<StartOptions> = {}) {
  await writeClrkPolicy(directory, { ...options, ...more });
  const text = readFileSync(join(directory, "bench.yaml"), "utf8");
  return parseAllDocuments(text).map((document) => document.toJS());
}

t.test("writeClrkPolicy() sends every name to the fake upstream", async (t) => {
  const objects = await kinds(t.testdir({}));
  t.same(
    objects.map((object) => object.kind),
    ["EgressGateway", "Secret", "EgressHTTPRoute"],
  );
  t.equal(objects[0].spec.defaultPolicy, "deny-all");
  const aliases: { hostnames: string[] }[] = objects[0].spec.upstreamTLS.hostAliases;
  t.match(aliases[0], { ip: "127.0.0.1", port: 7 });
  t.same(
    aliases.map((alias) => alias.hostnames.length),
    [32, 32, 6],
  );
  t.same(
    aliases.flatMap((alias) => alias.hostnames),
    options.serverNames,
  );
  t.same(objects[1].stringData, { "ca.crt": "PEM" });
});

t.test("writeClrkPolicy() injects a credential only when the case has one", async (t) => {
  const credential = { pathPrefix: "/x", authorization: "Bearer y" };
  const objects = await kinds(t.testdir({}), { credential });
  t.same(
    objects.slice(3).map((object) => object.kind),
    ["Secret", "CredentialInjectionPolicy"],
  );
  t.equal(objects[3].stringData.token, "Bearer y");
});

t.test("writeClrkPolicy() leaves routes to the benchmark that writes them", async (t) => {
  const objects = await kinds(t.testdir({}), { policyDirectory: "/policy" });
  t.notOk(objects.some((object) => object.kind === "EgressHTTPRoute"));
});

t.test("writeClrkPolicy() and routeDocument() write objects that the gateway takes", async (t) => {
  const credential = { pathPrefix: "/x", authorization: "Bearer y" };
  const objects = await kinds(t.testdir({}), { credential });
  const route = JSON.parse(routeDocument({ index: 1, pathPrefixes: ["/a", "/b"] }));
  for (const object of [...objects, route]) {
    const result = parseAnyObject(object);
    t.equal(result.kind, "valid", object.kind);
    if (result.kind === "invalid") t.same(result.problems, []);
  }
});

t.test("clrkPolicy() rejects more names than the object holds", async (t) => {
  const serverNames = Array.from({ length: 2_049 }, (_, index) => `n${index}.bench.test`);
  t.throws(
    () => clrkPolicy({ ...options, serverNames }),
    new RangeError("Cannot write policy for 2049 names: hostAliases hold at most 2048"),
  );
});
