/** Unit tests of the policy that our gateway is measured with. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { parseAllDocuments } from "yaml";
import { writeClrkPolicy } from "./clrk-policy.ts";
import type { StartOptions } from "./contender.ts";

const options: StartOptions = {
  mode: "connect",
  upstream: { host: "127.0.0.1", port: 7 },
  authority: { caPem: "PEM", caFile: "", certificateFile: "", keyFile: "" },
  serverNames: ["*.bench.test"],
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
  t.match(objects[0].spec, {
    defaultPolicy: "deny-all",
    upstreamTLS: { hostAliases: [{ ip: "127.0.0.1", port: 7, hostnames: ["*.bench.test"] }] },
  });
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
