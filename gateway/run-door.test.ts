/** Tests of what a run waits for before its command is told how it gets out. */
import t from "tap";
import type { Test } from "tap";
import { ManualClock } from "./clock.ts";
import { ControlFollowers } from "./control-followers.ts";
import type { DoorRuntime } from "./run-door.ts";
import { RunDoor } from "./run-door.ts";
import { RunRegistry } from "./run-registry.ts";
import { gatewaySnapshot } from "./testdata/gateway-snapshot.ts";
import { tryReadTelemetryToken } from "./telemetry-token.ts";
import { testTraces } from "./testdata/run.ts";

const request = { agent: "researcher", command: "python" };

function setUp(test: Test, isListening: boolean) {
  const clock = new ManualClock();
  const after = (ms: number) => new Promise<void>((resolve) => void clock.setTimeout(resolve, ms));
  const waited: string[] = [];
  const runtime: DoorRuntime = {
    gateway: gatewaySnapshot({ uid: "uid-of-gateway" }),
    explicitProxy: { address: "127.0.0.1", port: 4_000 },
    trust: { bundle: "bundle.pem", directory: "certs" },
    setRuns: async () => {},
    whenListening: async (deadlineMs) => {
      waited.push(`listening ${deadlineMs}`);
      if (!isListening) await after(deadlineMs);
    },
    whenLive: async (deadlineMs) => void waited.push(`live ${deadlineMs}`),
  };
  const runs = new RunRegistry({
    clock,
    traces: testTraces(),
    onChange: () => {},
    onEvent: () => {},
  });
  test.teardown(() => runs.close());
  const door = new RunDoor({
    ...{ runs, clock, followers: new ControlFollowers(), identify: () => {} },
    fleet: { runtimes: [runtime], find: () => runtime },
    telemetryKey: new Uint8Array(32),
  });
  return { clock, door, waited };
}

t.test("a run of a gateway that listens waits for its credential alone", async (t) => {
  const { door, waited } = setUp(t, true);
  t.match((await door.register(request)).proxyUrl, /@127\.0\.0\.1:4000$/);
  t.same(waited, ["listening 6000", "live 6000"]);
});

t.test("a run is told of by a token that names its gateway's object", async (t) => {
  const { door, clock } = setUp(t, true);
  const { telemetryToken = "" } = await door.register(request);
  const facts = { nowMs: clock.now(), isLiving: () => true };
  t.match(tryReadTelemetryToken(new Uint8Array(32), telemetryToken, facts), {
    ...{ gateway: "default/egress", gatewayUid: "uid-of-gateway" },
    agent: { name: "researcher" },
  });
});

t.test("a run waits for an Envoy that begins, and not without end", async (t) => {
  const { clock, door } = setUp(t, false);
  let isRegistered = false;
  const registered = door.register(request).then(() => {
    isRegistered = true;
  });
  clock.advance(5_999);
  await new Promise((resolve) => setImmediate(resolve));
  t.equal(isRegistered, false);
  clock.advance(1);
  await registered;
});
