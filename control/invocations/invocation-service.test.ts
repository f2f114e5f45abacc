/** Tests of invocations as a part of a process: what is told before, after, and where they cannot be opened. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import t from "tap";
import { systemClock } from "../../gateway/clock.ts";
import { silentLogger } from "../../gateway/log.ts";
import { InvocationService } from "./invocation-service.ts";
import { openInvocations } from "./open-invocations.ts";

async function temporaryFolder(scope: { teardown(work: () => unknown): void }): Promise<string> {
  const directory = await mkdtemp(path.join(tmpdir(), "clrk-invocations-"));
  scope.teardown(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

t.test("InvocationService opens behind the back of its process, and ends with it", async (t) => {
  const directory = await temporaryFolder(t);
  const options = { directory, clock: systemClock, logger: silentLogger };
  const service = new InvocationService(options);
  t.teardown(() => service.close());
  t.same(service.now, {
    kind: "unavailable",
    message: "Invocations are being opened: try again in a moment",
  });
  service.start();
  service.start();
  while (service.status.state !== "open") await new Promise(setImmediate);
  t.equal(service.now.kind, "open");
  await service.close();
  await service.close();
  t.match(service.now, { kind: "unavailable", message: /the control process ends/ });
  t.equal(service.status.state, "closed");
});

t.test("InvocationService tries again while another process has the files", async (t) => {
  const directory = await temporaryFolder(t);
  const options = { directory, clock: systemClock, logger: silentLogger };
  const other = await openInvocations(options);
  t.teardown(() => other.close());
  const lines: string[] = [];
  const logger = { ...silentLogger, warn: (message: string) => void lines.push(message) };
  const service = new InvocationService({ ...options, logger });
  t.teardown(() => service.close());
  service.start();
  while (lines.length === 0) await new Promise(setImmediate);
  t.match(lines[0], /Invocations cannot be opened/);
  t.match(service.now, { kind: "unavailable", message: /log of the control process says why/ });
  t.match(service.status, { state: "opening", failure: /invocations\.db/ });
  await other.close();
  while (service.now.kind !== "open") await new Promise(setImmediate);
  t.equal(lines.length, 1, "told once");
});

t.test("InvocationService ends while it waits for NATS", async (t) => {
  const directory = await temporaryFolder(t);
  const service = new InvocationService({
    ...{ directory, clock: systemClock, logger: silentLogger },
    nats: { servers: ["nats://127.0.0.1:1"] },
  });
  service.start();
  await service.close();
  t.equal(service.status.state, "closed");
});
