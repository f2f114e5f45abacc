/** Unit tests of the probe against the fake upstream. */
import t from "tap";
import { openProbe, untilStatus } from "./probe.ts";
import { createRig } from "./rig.ts";

t.test("ask() and untilStatus() tell what the other side says", async (t) => {
  const rig = await createRig();
  t.teardown(() => rig.close());
  const { host, port } = rig.upstream;
  const target = { mode: "direct", host, port, caPem: rig.authority.caPem } as const;
  const probe = await openProbe(target, "a.bench.test");
  t.teardown(() => probe.close());
  t.equal(await probe.ask("/"), 200);
  t.equal(await probe.ask("/credential-required"), 401);
  const startedMs = performance.now();
  t.ok((await untilStatus(probe, "/", { status: 200, deadlineMs: 1_000 })) >= startedMs);
  await t.rejects(
    untilStatus(probe, "/", { status: 403, deadlineMs: 20 }),
    new Error('Cannot see "/" answered 403: still 200 after 20 ms'),
  );
  probe.close();
  await t.rejects(probe.ask("/"), new Error('Cannot ask "a.bench.test": connection closed'));
});
