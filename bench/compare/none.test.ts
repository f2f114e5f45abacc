/** The floor on a real Envoy (skipped without one). */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { openProbe } from "../load/probe.ts";
import { createRig } from "../load/rig.ts";
import { createNone } from "./none.ts";

t.test("start() carries requests in both modes", async (t) => {
  const none = createNone(process.env);
  const found = await none.find();
  if (found.kind === "absent") {
    t.comment(`skipped: ${found.reason}`);
    return;
  }
  const rig = await createRig();
  t.teardown(() => rig.close());
  for (const mode of ["connect", "transparent"] as const) {
    const directory = join(rig.directory, mode);
    mkdirSync(directory);
    const running = await none.start({
      mode,
      upstream: rig.upstream,
      authority: rig.authority,
      wildcards: [],
      serverNames: [],
      directory,
    });
    t.teardown(() => running.stop());
    const target = { ...running.proxy, mode, caPem: running.caPem };
    const probe = await openProbe(target, "a.bench.test");
    t.equal(await probe.ask("/v1/messages"), 200, mode);
    t.equal(await probe.ask("/credential-required"), 401, `${mode} adds no credential`);
    probe.close();
    t.ok(running.pids.envoy !== undefined && running.pids.server === undefined);
    await running.stop();
  }
});
