/** Tests of what is told of telemetry that cannot be had. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { ManualClock } from "../../gateway/clock.ts";
import { silentLogger } from "../../gateway/log.ts";
import { TelemetryService } from "./telemetry-service.ts";

t.test("whoever asks is told that there is no store, and not what the system said", async (t) => {
  const root = t.testdir();
  writeFileSync(join(root, "taken"), "");
  const service = new TelemetryService({
    ...{ isOff: false, clock: new ManualClock(), log: silentLogger },
    ...{ directory: join(root, "taken", "telemetry"), recordsDirectory: join(root, "records") },
  });
  t.teardown(() => service.close());
  t.match(service.now, { kind: "unavailable", reason: /is starting: try again in a moment$/ });
  service.start();
  for (;;) {
    const { problem } = await service.report();
    if (problem !== null) {
      t.match(problem, join(root, "taken"), "for admins");
      break;
    }
    await new Promise(setImmediate);
  }
  t.same(service.now, {
    kind: "unavailable",
    reason: "The telemetry store is not ready: clrk status says why",
  });
});
