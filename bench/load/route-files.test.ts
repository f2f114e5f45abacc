/** Unit tests of the route files: their content and that a change is one rename. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { parse } from "yaml";
import { replaceRoute, routeDocument, routeHost, writeRoutes } from "./route-files.ts";

t.test("routeDocument() is YAML with one host and a rule a prefix", async (t) => {
  const object = parse(routeDocument({ index: 17, pathPrefixes: ["/a", "/b"] }));
  t.equal(object.kind, "EgressHTTPRoute");
  t.same(object.metadata, { name: "r17", namespace: "default" });
  t.same(object.spec.hostnames, ["r17.bench.test"]);
  t.same(
    object.spec.rules.map((rule: { matches: [{ path: object }] }) => rule.matches[0].path),
    [
      { type: "PathPrefix", value: "/a" },
      { type: "PathPrefix", value: "/b" },
    ],
  );
});

t.test("writeRoutes() writes one file a host", async (t) => {
  const directory = join(t.testdir({}), "policy");
  await writeRoutes(directory, { count: 12, pathPrefix: "/a" });
  const files = readdirSync(directory).sort();
  t.equal(files.length, 12);
  t.equal(files[0], "route-0000.yaml");
  const hosts = files.map(
    (file) => parse(readFileSync(join(directory, file), "utf8")).spec.hostnames[0],
  );
  t.same(
    hosts,
    Array.from({ length: 12 }, (_, index) => routeHost(index)),
  );
});

t.test("replaceRoute() puts a new file in place and leaves nothing behind", async (t) => {
  const directory = join(t.testdir({}), "policy");
  const staging = join(t.testdirName, "staging");
  await writeRoutes(directory, { count: 2, pathPrefix: "/a" });
  const file = join(directory, "route-0001.yaml");
  const before = statSync(file).ino;
  const startedMs = performance.now();
  const replacedMs = await replaceRoute({ index: 1, pathPrefixes: ["/b"] }, { directory, staging });
  t.ok(replacedMs >= startedMs && replacedMs <= performance.now());
  t.not(statSync(file).ino, before, "another file, not the old one rewritten");
  t.equal(parse(readFileSync(file, "utf8")).spec.rules[0].matches[0].path.value, "/b");
  t.same(readdirSync(staging), []);
  t.equal(readdirSync(directory).length, 2);
});
