/** Ownership of fields as a real Kubernetes API server records it, against ours. */
import t from "tap";
import type { Test } from "tap";
import type { JsonMap } from "../../control/apiserver/json-tree.ts";
import { findCoreSchema, objectSchema } from "../../control/apiserver/apply/object-schemas.ts";
import { widgetSchema } from "../../control/apiserver/apply/testdata/widget.ts";
import { fuzzRandom } from "../fuzz/fuzz-random.ts";
import { needsKubekit, startKubeApiServer } from "../harness/kubekit.ts";
import { waitUntil } from "../harness/processes.ts";
import { takeOverCases, widgetCases } from "./ownership-cases.ts";
import type { OwnershipCase } from "./ownership-cases.ts";
import { OwnershipOracle } from "./ownership-oracle.ts";
import type { OracleStep } from "./ownership-oracle.ts";
import { randomStep } from "./random-step.ts";
import { widgetDefinition } from "./widget-definition.ts";

const { skip } = await needsKubekit();
const path = "/apis/bench.clrk.dev/v1/namespaces/default/widgets";
const widgets = { path, schema: objectSchema(widgetSchema), hasStatus: true };
const histories = Number(process.env["CLRK_HISTORIES"] ?? "60");
const stepsEach = 30;
const seed = Number(process.env["CLRK_SEED"] ?? "1");

t.test("a real API server and ours", { skip }, async (t) => {
  const server = await startKubeApiServer(t);
  const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  const made = await server.request("POST", definitions, { body: widgetDefinition });
  t.equal(made.status, 201);
  await waitUntil(async () => (await server.request("GET", path)).status === 200, {
    deadlineMs: 20_000,
    what: "widgets that are served",
  });

  await t.test("leave the same owners over random histories", async (t) => {
    const counts = new Map<number, number>();
    for (let history = 0; history < histories; history++) {
      const random = fuzzRandom(seed * 1_000_003 + history);
      const oracle = new OwnershipOracle(server, widgets);
      const name = `random-${history}`;
      for (let count = 0; count < stepsEach; count++) {
        const step = randomStep(random, name, oracle.find(name));
        const { status, differences } = await oracle.step(step);
        counts.set(status, (counts.get(status) ?? 0) + 1);
        if (differences.length > 0) t.same(differences, [], JSON.stringify(step));
      }
    }
    const [merged = 0, conflicts = 0] = [200, 409].map((status) => counts.get(status));
    t.ok(merged > histories * 10, "most requests are merged");
    t.ok(conflicts > histories, "some are conflicts");
  });

  await t.test("do the same at the edges", async (t) => {
    const oracle = new OwnershipOracle(server, widgets);
    await playCases(t, oracle, widgetCases);
  });

  await t.test("take over what kubectl applied on the client's side", async (t) => {
    const removed = await server.request("PATCH", `${path}/edge`, {
      body: { metadata: { finalizers: null } },
      type: "application/merge-patch+json",
    });
    t.equal(removed.status, 200);
    t.equal((await server.request("DELETE", `${path}/edge`)).status, 200);
    await playCases(t, new OwnershipOracle(server, widgets), takeOverCases);
  });

  for (const { apiVersion, kind, plural, bodies } of coreObjects) {
    await t.test(`know ${apiVersion} ${kind}`, async (t) => {
      const [group, version] = apiVersion.includes("/") ? apiVersion.split("/") : ["", apiVersion];
      const root = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
      const schema = findCoreSchema(apiVersion, kind) ?? {};
      const collection = { path: `${root}/namespaces/default/${plural}`, schema, hasStatus: false };
      const oracle = new OwnershipOracle(server, collection);
      const suffix = apiVersion.replace(/\W/g, "-");
      for (const [index, fields] of bodies.entries()) {
        const object = (name: string, more: JsonMap = {}): JsonMap => ({
          apiVersion,
          kind,
          metadata: { name: `${name}-${suffix}`, namespace: "default" },
          ...fields,
          ...more,
        });
        const step = (name: string, rest: Pick<OracleStep, "way" | "manager">, more?: JsonMap) =>
          oracle.step({ name: `${name}-${suffix}`, body: object(name, more), ...rest });
        const created = `created-${index}`;
        const findings = [
          await step(created, { way: "create", manager: "anna" }),
          await step("applied", { way: "apply", manager: "anna" }),
          await step("applied", { way: "apply", manager: "bert" }),
          await step("applied", { way: "apply", manager: "bert" }, { nope: 1 }),
          await oracle.step({
            way: "merge",
            name: `${created}-${suffix}`,
            manager: "bert",
            body: { metadata: { labels: { a: "b" } } },
          }),
        ];
        t.equal(findings[0]?.status, 201);
        t.same(
          findings.flatMap(({ differences }) => differences),
          [],
        );
      }
    });
  }
});

const reference = { namespace: "default", name: "x", kind: "Widget" };
const time = "2026-01-01T00:00:00Z";

const coreObjects: { apiVersion: string; kind: string; plural: string; bodies: JsonMap[] }[] = [
  {
    apiVersion: "v1",
    kind: "ConfigMap",
    plural: "configmaps",
    bodies: [{ data: { a: "1" } }, { data: { a: "2", b: "1" }, binaryData: { c: "YQ==" } }, {}],
  },
  {
    apiVersion: "v1",
    kind: "Secret",
    plural: "secrets",
    bodies: [{ data: { a: "MQ==" } }, { data: { b: "MQ==" }, type: "Opaque" }, {}],
  },
  {
    apiVersion: "v1",
    kind: "ServiceAccount",
    plural: "serviceaccounts",
    bodies: [
      { secrets: [{ name: "a" }], imagePullSecrets: [{ name: "b" }] },
      { automountServiceAccountToken: true },
    ],
  },
  {
    apiVersion: "v1",
    kind: "Event",
    plural: "events",
    bodies: [
      {
        involvedObject: reference,
        reason: "Made",
        message: "made",
        type: "Normal",
        count: 1,
        source: { component: "bench" },
        firstTimestamp: time,
        lastTimestamp: time,
      },
    ],
  },
  {
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    plural: "events",
    bodies: [
      {
        regarding: reference,
        reason: "Made",
        note: "made",
        action: "Making",
        type: "Normal",
        eventTime: "2026-01-01T00:00:00.000000Z",
        reportingController: "clrk.dev/bench",
        reportingInstance: "bench-1",
      },
    ],
  },
];

async function playCases(
  t: Test,
  oracle: OwnershipOracle,
  cases: readonly OwnershipCase[],
): Promise<void> {
  for (const { what, step, differs } of cases) {
    const { differences } = await oracle.step(step(oracle.find("edge")));
    if (differs === undefined) t.same(differences, [], what);
    else t.not(differences.length, 0, `${what} differs: ${differs}`);
  }
}
