/** Tests of manifests that are read once. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { silentLogger } from "./log.ts";
import { parseManifests } from "./manifests.ts";
import { readManifests } from "./read-manifests.ts";

const gateway = `apiVersion: clrk.apoxy.dev/v1alpha1
kind: EgressGateway
metadata: { name: egress }
spec: { listeners: [{ name: http, protocol: HTTP }] }
`;
const secret = "apiVersion: v1\nkind: Secret\nmetadata: { name: key }\n";

t.test("readManifests() reads folders and files, and objects that are in none", async (t) => {
  const folder = t.testdir({ "a.yaml": gateway, below: { "b.yaml": secret }, "notes.txt": "x" });
  const others = parseManifests("flags", secret.replace("key", "other"));
  const { objects, problems } = readManifests({ paths: [folder], others, log: silentLogger });
  t.same(problems, []);
  t.same(
    objects.map(({ object }) => object.metadata.name),
    ["egress", "key", "other"],
  );
});

t.test("readManifests() tells what a gateway would not serve", async (t) => {
  const folder = t.testdir({});
  mkdirSync(join(folder, "policy"));
  writeFileSync(join(folder, "policy/a.yaml"), gateway.replace("protocol: HTTP", "protocol: FTP"));
  const read = readManifests({ paths: [join(folder, "policy")], log: silentLogger });
  t.match(read.problems, [{ line: 4, field: "spec.listeners[0].protocol" }]);
  const none = readManifests({ paths: [join(folder, "none")], log: silentLogger });
  t.equal(none.problems.length, 1);
});

t.test("readManifests() takes each object from one place", async (t) => {
  const folder = t.testdir({ "a.yaml": gateway, "b.yaml": gateway });
  const { problems } = readManifests({ paths: [folder], log: silentLogger });
  t.match(problems[0]?.message, /^EgressGateway default\/egress is in .* too/);
});
