/**
 * Our CRDs on a real Kubernetes API server: they are established, they refuse what the kinds refuse, and what is stored
 * has the same defaults. The cases are the tables of the kinds' own tests.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { fillDefaults } from "../../crds/defaulting.ts";
import type { KindDefinition } from "../../crds/kind-definition.ts";
import { kindExample } from "../../crds/kind-examples.ts";
import { expectObject, kindCases } from "../../crds/testdata/kind-cases.ts";
import type { KindCase } from "../../crds/testdata/kind-cases.ts";
import { listFiles, repositoryRoot } from "../checks/repository.ts";
import { needsKubekit } from "../harness/kubekit.ts";
import type { KubeAnswer, KubeApiServer } from "../harness/kubekit.ts";
import {
  collectionPath,
  crdKinds,
  createObject,
  describeAnswer,
  memberOf,
  readConditions,
  startKindServer,
} from "./kind-server.ts";
import { knownDifferences } from "./known-differences.ts";

const root = repositoryRoot();
const { skip } = await needsKubekit();

await loadTables();

if (skip === false) {
  const server = await startKindServer(t);
  for (const definition of crdKinds) testKind(server, definition);
  testKubectl(server);
} else {
  t.test("CRDs on a real API server", { skip }, () => {});
}

/** Tables register their cases when the tests that hold them are loaded. */
async function loadTables(): Promise<void> {
  for (const path of listFiles(root)) {
    if (!/^crds\/[^/]+\.test\.ts$/.test(path)) continue;
    const file = join(root, path);
    if (readFileSync(file, "utf8").includes("testdata/kind-cases.ts")) await import(file);
  }
}

function testKind(server: KubeApiServer, definition: KindDefinition<unknown>): void {
  const { kind } = definition;
  const cases = kindCases.filter((one) => one.definition.kind === kind);

  t.test(`${kind}: the CRD is established, structural and without a complaint`, async (t) => {
    t.strictSame([...(await readConditions(server, definition))].toSorted(), [
      ["Established", true],
      ["NamesAccepted", true],
    ]);
  });

  t.test(`${kind}: ${cases.length} cases of the tables are judged alike`, async (t) => {
    t.ok(cases.length > 0);
    for (const one of cases) {
      const answer = await createObject(server, definition, { body: one.value, dryRun: true });
      const isTaken = answer.status === 201;
      const difference = findDifference(one);
      if (difference !== undefined) {
        t.ok(isTaken && !one.isValid, `${one.name} differs: ${difference.reason}`);
        continue;
      }
      t.equal(isTaken, one.isValid, `${one.name}: ${isTaken ? "" : describeAnswer(answer)}`);
      if (isTaken && one.isValid) compareStored(t, definition, { written: one.value, answer });
    }
  });

  t.test(`${kind}: the example is stored with its defaults, and takes a status`, async (t) => {
    const example = kindExample(kind);
    const created = await createObject(server, definition, { body: example });
    t.equal(created.status, 201, describeAnswer(created));
    compareStored(t, definition, { written: example, answer: created });
    const name = String(Reflect.get(Object(memberOf(created.body, "metadata")), "name"));
    const path = `${collectionPath(definition)}/${name}`;
    const kept = await server.request("GET", path);
    compareStored(t, definition, { written: example, answer: kept });
    await testStatus(t, server, path);
  });
}

async function testStatus(t: Tap, server: KubeApiServer, path: string): Promise<void> {
  const condition = {
    type: "Accepted",
    status: "True",
    reason: "Accepted",
    message: "",
    lastTransitionTime: "2026-01-02T03:04:05Z",
  };
  const patch = (conditions: unknown) =>
    server.request("PATCH", `${path}/status?fieldValidation=Strict`, {
      body: statusAround(path, conditions),
      type: "application/merge-patch+json",
    });
  const taken = await patch([condition]);
  t.equal(taken.status, 200, describeAnswer(taken));
  t.match(
    JSON.stringify(memberOf(taken.body, "status")),
    /"lastTransitionTime":"2026-01-02T03:04:05Z"/,
  );
  const doubled = await patch([condition, condition]);
  t.equal(doubled.status, 422, "two conditions of one type");
  const wrong = await patch([{ ...condition, status: "Perhaps" }]);
  t.equal(wrong.status, 422, "a status that is none");
}

/** Routes speak of each parent, policies of each target, all others of themselves. */
function statusAround(path: string, conditions: unknown): unknown {
  const group = "clrk.apoxy.dev";
  const controllerName = "clrk.apoxy.dev/gateway";
  const parentRef = { group, kind: "EgressGateway", name: "default" };
  if (/routes\//.test(path))
    return { status: { parents: [{ parentRef, controllerName, conditions }] } };
  if (!/(?:injection|deny|routing)polic/.test(path)) return { status: { conditions } };
  const kind = "AIProviderRoute";
  const ancestors = [{ ancestorRef: { group, kind, name: "a" }, controllerName, conditions }];
  return { status: { ancestors } };
}

function testKubectl(server: KubeApiServer): void {
  t.test("kubectl get clrk lists every kind with its columns", async (t) => {
    for (const { plural, printerColumns } of crdKinds) {
      const { stdout, exitCode } = await server.kubectl(["get", plural, "-o", "wide"]);
      const [head = ""] = stdout.split("\n");
      t.equal(exitCode, 0);
      const columns = ["Name", ...printerColumns.map(({ name }) => name)];
      t.strictSame(
        head.trim().split(/\s{2,}/),
        columns.map((name) => name.toUpperCase()),
      );
    }
    const { stdout } = await server.kubectl(["get", "clrk", "-o", "name"]);
    t.equal(stdout.trim().split("\n").length, crdKinds.length);
  });

  t.test("kubectl explain knows every field's description", async (t) => {
    const { stdout, stderr } = await server.kubectl(["explain", "ta.spec.schedule"]);
    t.match(stdout, /When it is run besides calls, as cron writes it/, stderr);
  });

  t.test("kubectl apply of all examples by the server, twice, changes nothing", async (t) => {
    const items = crdKinds.map(({ kind }) => kindExample(kind));
    const input = JSON.stringify({ apiVersion: "v1", kind: "List", items });
    const apply = () =>
      server.kubectl(["apply", "--server-side", "--force-conflicts", "-f", "-"], { input });
    const first = await apply();
    t.equal(first.exitCode, 0, first.stderr);
    const versions = async () => (await server.kubectl(["get", "clrk", "-o", "json"])).stdout;
    const before = versionsIn(await versions());
    const second = await apply();
    t.equal(second.exitCode, 0, second.stderr);
    t.same(versionsIn(await versions()), before);
  });

  t.test(
    "old spellings are for our own readers; Kubernetes says that it does not know them",
    async (t) => {
      const definition = crdKinds.find(({ kind }) => kind === "FallbackRoutingPolicy");
      const example = Object(kindExample("FallbackRoutingPolicy"));
      const { targetRefs, ...rest } = Object(example.spec);
      const old = { ...example, spec: { ...rest, parentRefs: targetRefs } };
      if (definition === undefined) throw new Error("Cannot find the kind: it is not there");
      t.equal(definition.parse(old).kind, "valid");
      const answer = await createObject(server, definition, { body: old, dryRun: true });
      t.equal(answer.status, 400);
      t.match(describeAnswer(answer), /unknown field "spec.parentRefs"/);
    },
  );

  t.test("known differences are all still there", (t) => {
    const unseen = knownDifferences.filter(
      (known) => !kindCases.some((one) => findDifference(one) === known),
    );
    t.strictSame(unseen, []);
    t.end();
  });
}

/** What was stored: defaults and nothing else, and to the kinds the same object as what was written. */
function compareStored(
  t: Tap,
  definition: KindDefinition<unknown>,
  { written, answer }: { readonly written: unknown; readonly answer: KubeAnswer },
): void {
  const filled = memberOf(fillDefaults(definition, written), "spec");
  const kept = memberOf(answer.body, "spec");
  t.strictSame(kept, filled);
  const specOf = (object: unknown) =>
    JSON.stringify(memberOf(expectObject(definition.parse(object)), "spec"));
  t.equal(specOf(answer.body), specOf(written));
}

function findDifference({ definition, name }: KindCase) {
  return knownDifferences.find((known) => known.kind === definition.kind && known.name === name);
}

function versionsIn(text: string): unknown[] {
  const items = memberOf(JSON.parse(text), "items");
  if (!Array.isArray(items)) return [];
  return items.map(({ kind, metadata }) => [kind, metadata.resourceVersion]);
}

/** The part of a tap test that comparing needs. */
type Tap = Pick<typeof t, "equal" | "strictSame" | "match">;
