/** What compiles is accepted by the real Envoy: no manifest that we call valid may leave a gateway on its old rules. */

import { readChoices } from "../choices.ts";
import type { Finding, FuzzTarget } from "../fuzz-target.ts";
import { openEnvoy } from "./fuzzed-envoy.ts";
import type { FuzzedEnvoy } from "./fuzzed-envoy.ts";
import { compileObjects, manifestsTarget, readObjects } from "./manifests.ts";

const verdictMs = 5_000;

/** Manifests as in `manifests`, published to an Envoy of the machine. */
export const envoyConfigurationTarget: FuzzTarget = {
  name: "envoy-configuration",
  promise: "the real Envoy accepts every configuration that compiles, and lives",
  covers: ["/crds/", "/gateway/compile", "/gateway/xds"],
  maxInputBytes: 4_096,
  maxCpuMs: 250,
  seeds: () => manifestsTarget.seeds(),
  invent: (random) => manifestsTarget.invent(random),
  async open() {
    const envoy = await openEnvoy();
    return { check: (input) => publish(envoy, input), close: () => envoy.close() };
  },
};

async function publish(envoy: FuzzedEnvoy, input: Buffer): Promise<Finding> {
  const { objects } = readObjects(input);
  if (objects.length === 0) return undefined;
  const { snapshot, credentials } = compileObjects(objects);
  const { gateways } = snapshot;
  const gateway = gateways[readChoices(input.subarray(-1)).below(Math.max(1, gateways.length))];
  if (gateway === undefined) return undefined;
  const revealed = Object.fromEntries(
    [...credentials].map(([name, value]) => [name, value.reveal()]),
  );
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => late.resolve(undefined), verdictMs);
  const changes = { credentials: revealed, engineSockets: ["/run/engine.sock"] };
  const named = { ...gateway, namespace: "default", name: "egress" };
  const verdict = await Promise.race([envoy.rig.publish(named, changes), late.promise]);
  clearTimeout(timer);
  if (!envoy.isAlive()) return "Envoy ended";
  if (verdict === undefined) return "Envoy gives no verdict";
  return verdict.kind === "live" ? undefined : `Envoy rejects it: ${verdict.message}`;
}
