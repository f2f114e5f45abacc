/** What `route-change` and `endurance` share: our gateway, running on a directory of thousands of route files. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { benchWildcards } from "./cases.ts";
import { createClrk } from "./clrk-contender.ts";
import type { Contender, RunningContender } from "./contender.ts";
import { UsageError } from "./options.ts";
import { createRig } from "./rig.ts";
import type { Rig } from "./rig.ts";
import { replaceRoute, routeHost, writeRoutes } from "./route-files.ts";
import type { BenchRoute } from "./route-files.ts";
import type { Target } from "./workload.ts";

/** Path prefix that every route allows at first. */
export const firstPrefix = "/a";

/** Our gateway on its route files. */
export interface PolicyBench {
  readonly rig: Rig;
  readonly running: RunningContender;
  readonly target: Target;
  /** Puts a changed route in place; resolves with the time just before (`performance.now()`). */
  replace(route: BenchRoute): Promise<number>;
  /** Stops everything. Idempotent. */
  close(): Promise<void>;
}

/** Writes `routes` route files, starts `contender` on them and waits until it is up. UsageError when it is absent. */
export async function startPolicyBench(
  routes: number,
  contender: Contender = createClrk(process.env),
): Promise<PolicyBench> {
  const found = await contender.find();
  if (found.kind === "absent") {
    throw new UsageError(`Cannot run benchmark: ${contender.name} is absent: ${found.reason}`);
  }
  const rig = await createRig();
  try {
    const directory = join(rig.directory, "policy");
    const staging = join(rig.directory, "staging");
    await writeRoutes(directory, { count: routes, pathPrefix: firstPrefix });
    const own = join(rig.directory, "contender");
    await mkdir(own);
    const running = await contender.start({
      mode: "connect",
      upstream: rig.upstream,
      authority: rig.authority,
      wildcards: benchWildcards,
      serverNames: Array.from({ length: routes }, (_, index) => routeHost(index)),
      directory: own,
      policyDirectory: directory,
    });
    return {
      rig,
      running,
      target: { ...running.proxy, mode: running.mode, caPem: running.caPem },
      replace: (route) => replaceRoute(route, { directory, staging }),
      async close() {
        await running.stop();
        await rig.close();
      },
    };
  } catch (error) {
    await rig.close();
    throw error;
  }
}
