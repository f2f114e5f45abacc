/** A real Envoy for targets that need one, and the end of all that it started. */

import { realEnvoy, startRig } from "../../../gateway/testdata/envoy-rig.ts";
import type { EnvoyRig } from "../../../gateway/testdata/envoy-rig.ts";

/** A running Envoy. */
export interface FuzzedEnvoy {
  readonly rig: EnvoyRig;
  /** Whether it is the same process as at the beginning */
  isAlive(): boolean;
  close(): Promise<void>;
}

/** Starts one that has no configuration yet; raises an error where there is none to start. */
export async function openEnvoy(): Promise<FuzzedEnvoy> {
  if (realEnvoy === undefined)
    throw new Error("Cannot start Envoy: none is installed (CLRK_ENVOY)");
  const endings: (() => unknown)[] = [];
  const rig = await startRig({ teardown: (end) => void endings.push(end) });
  return {
    rig,
    isAlive: () => rig.envoy.pid !== undefined && rig.envoy.restarts === 0,
    async close() {
      for (const end of endings.toReversed()) await end();
    },
  };
}
