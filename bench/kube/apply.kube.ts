/** Ownership of fields as a real Kubernetes API server records it, against ours, over long random histories. */
import t from "tap";
import { objectSchema } from "../../control/apiserver/apply/object-schemas.ts";
import { fuzzRandom } from "../fuzz/fuzz-random.ts";
import { needsKubekit, startKubeApiServer } from "../harness/kubekit.ts";
import { waitUntil } from "../harness/processes.ts";
import { OwnershipOracle } from "./ownership-oracle.ts";
import { randomStep } from "./random-widget.ts";
import { widgetDefinition, widgetSchema } from "./widget.ts";

const { skip } = await needsKubekit();

const path = "/apis/bench.clrk.dev/v1/namespaces/default/widgets";

t.test("applies and updates leave the owners that a real API server records", { skip }, async (t) => {
  const server = await startKubeApiServer(t);
  const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  const made = await server.request("POST", definitions, { body: widgetDefinition });
  t.equal(made.status, 201);
  await waitUntil(async () => (await server.request("GET", path)).status === 200, {
    deadlineMs: 20_000,
    what: "a served widget",
  });
  const schema = objectSchema(widgetSchema);
  const seed = Number(process.env["SEED"] ?? "1");
  const statuses = new Map<number, number>();
  let bad = 0;
  for (let history = 0; history < Number(process.env["HISTORIES"] ?? "20"); history++) {
    const random = fuzzRandom(seed * 1000 + history);
    const oracle = new OwnershipOracle(server, { path, schema, hasStatus: true });
    const name = `w${history}`;
    for (let count = 0; count < 30; count++) {
      const before = oracle.find(name);
      const step = randomStep(random, name, before);
      const finding = await oracle.step(step);
      statuses.set(finding.status, (statuses.get(finding.status) ?? 0) + 1);
      if (finding.differences.length > 0 && bad++ < 3) {
        console.error(JSON.stringify(step), "\nBEFORE", JSON.stringify(before), "\nSPEC", JSON.stringify(finding.object), "\nDIFF", finding.differences.join("\n"),"\n\n");
      }
    }
  }
  console.error(statuses, bad);
  t.equal(bad, 0);
});
