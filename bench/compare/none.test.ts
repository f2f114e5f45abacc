/** The floor on a real Envoy (skipped without one), and reading its admin answer. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { openProbe } from "../load/probe.ts";
import { createRig } from "../load/rig.ts";
import { createNone, parseListenerPort } from "./none.ts";

t.test("parseListenerPort() finds the proxy's port among the listeners", async (t) => {
  t.equal(parseListenerPort("mitm::envoy://mitm/\nproxy::127.0.0.1:4711\n"), 4711);
  for (const text of [
    "",
    "other::127.0.0.1:1\n",
    "proxy::127.0.0.1:0\n",
    "xproxy::127.0.0.1:5\n",
  ]) {
    t.equal(parseListenerPort(text), undefined);
  }
});

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
