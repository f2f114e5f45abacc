/** One kubectl script against a real Kubernetes API server with our CRDs and against ours: the outcomes are the same. */
import t from "tap";
import { customResourceDefinition } from "../../crds/custom-resource-definition.ts";
import { kinds } from "../../crds/kinds.ts";
import { GROUP } from "../../crds/meta.ts";
import { startControlProcess } from "../harness/control-process.ts";
import { needsKubekit, openKubectl, startKubeApiServer } from "../harness/kubekit.ts";
import type { KubeApiServer } from "../harness/kubekit.ts";
import { waitUntil } from "../harness/processes.ts";
import { kubectlChapters } from "./kubectl-chapters.ts";
import { playStep } from "./kubectl-step.ts";
import type { KubectlStep, StepOutcome } from "./kubectl-step.ts";

const { skip } = await needsKubekit();
/** Part of the names of chapters that are played; all when empty */
const wanted = process.env["CLRK_CHAPTER"] ?? "";

t.test("kubectl meets the same on a real API server and on ours", { skip }, async (t) => {
  const real = await startKubeApiServer(t, {
    controllers: ["garbage-collector-controller", "namespace-controller"],
  });
  const ours = await startControlProcess(t);
  const ourKubectl = await openKubectl(t, ours.kubeconfig);
  await defineKinds(real);
  for (const { name, steps } of kubectlChapters) {
    if (!name.includes(wanted)) continue;
    await t.test(name, async (t) => {
      for (const step of steps) {
        const [theirs, own] = await Promise.all([
          playStep(real.kubectl, step),
          playStep(ourKubectl, step),
        ]);
        compare(t, step, { theirs, own });
      }
    });
  }
});

interface Assertions {
  equal(found: unknown, wanted: unknown, message: string): unknown;
  same(found: unknown, wanted: unknown, message: string): unknown;
  notSame(found: unknown, wanted: unknown, message: string): unknown;
}

function compare(
  t: Assertions,
  step: KubectlStep,
  { theirs, own }: { readonly theirs: StepOutcome; readonly own: StepOutcome },
): void {
  const { name, differs, differsInExit } = step;
  if (differsInExit === undefined) t.equal(own.exitCode, theirs.exitCode, `${name}: exit code`);
  const reason = differsInExit ?? differs;
  if (reason === undefined) t.same(own, theirs, name);
  // A difference that is gone must leave the list.
  else t.notSame(own, theirs, `${name} differs: ${reason}`);
}

async function defineKinds(server: KubeApiServer): Promise<void> {
  const stored = kinds.filter((kind) => kind.stored && kind.group === GROUP);
  const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  for (const kind of stored) {
    const { status, body } = await server.request("POST", path, {
      body: customResourceDefinition(kind),
    });
    if (status !== 201) throw new Error(`Cannot define ${kind.kind}: ${JSON.stringify(body)}`);
  }
  const isServed = async ({ apiVersion, plural }: (typeof stored)[number]) =>
    (await server.request("GET", `/apis/${apiVersion}/${plural}`)).status === 200;
  await waitUntil(async () => (await Promise.all(stored.map(isServed))).every(Boolean), {
    deadlineMs: 30_000,
    what: "all kinds served",
    intervalMs: 100,
  });
}
