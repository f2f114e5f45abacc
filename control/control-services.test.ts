/** Tests of what the control process has beside its objects: it starts with what it is given, and ends. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import t from "tap";
import { systemClock } from "../gateway/clock.ts";
import { homeDirectory, openHomeDirectory } from "../gateway/home-directory.ts";
import { silentLogger } from "../gateway/log.ts";
import { openObjectStore } from "./apiserver/object-store.ts";
import { openControlServices } from "./control-services.ts";

const telemetry = { telemetryOff: true };

t.test("openControlServices() opens, and does not wait for what cannot be had", async (t) => {
  const root = await mkdtemp(path.join(tmpdir(), "clrk-services-"));
  t.teardown(() => rm(root, { recursive: true, force: true }));
  const home = homeDirectory({ CLRK_HOME: root });
  const folder = path.join(root, "control");
  const store = openObjectStore({ file: path.join(root, "objects.db") });
  t.teardown(() => store.close());
  await openHomeDirectory(home);
  const options = {
    ...{ home, folder, store, clock: systemClock, log: silentLogger, telemetry },
    ...{ version: "1.2.3", restarts: 2, deleted: () => [] },
  };
  for (const nats of [[], ["nats://127.0.0.1:1"]]) {
    const services = await openControlServices({ ...options, nats: { nats } });
    const served = services.connected.map(({ plural, subresource }) => `${plural}/${subresource}`);
    t.ok(served.includes("taskagents/invoke") && served.includes("taskagents/logs"));
    t.match(await services.report(), {
      process: { pid: process.pid, version: "1.2.3", restarts: 2 },
      telemetry: { state: "off", problem: null, otlp: null },
    });
    await services.close();
  }
});

t.test("openControlServices() refuses a credential that cannot be read", async (t) => {
  const root = t.testdir();
  const store = openObjectStore({ file: path.join(root, "objects.db") });
  t.teardown(() => store.close());
  const options = { home: homeDirectory({ CLRK_HOME: root }), folder: root, store, telemetry };
  const nats = { nats: ["nats://a"], natsCredentials: path.join(root, "none") };
  await t.rejects(
    openControlServices({
      ...{ ...options, nats, clock: systemClock, log: silentLogger, version: "", restarts: 0 },
      deleted: () => [],
    }),
    { code: "CLRK_INVALID_ARGUMENT", message: /^Cannot read NATS credentials/ },
  );
});
