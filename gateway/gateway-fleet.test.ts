/** Tests that gateways come and go with snapshots, one change after the other, and that a failing one harms no other. */
import t from "tap";
import type { Test } from "tap";
import { GatewayFleet } from "./gateway-fleet.ts";
import { silentLogger } from "./log.ts";
import type { GatewaySnapshot } from "./snapshot.ts";
import { gatewayKey } from "./snapshot.ts";
import { gatewaySnapshot } from "./testdata/gateway-snapshot.ts";
import { openWorkshop, testCertificates } from "./testdata/runtime.ts";

const none = new Map();

async function openFleet(t: Test) {
  const workshop = await openWorkshop(t);
  const changes: string[] = [];
  const errors: string[] = [];
  const broken = new Set<string>();
  const unborn = new Set<string>();
  const fleet = new GatewayFleet({
    log: { ...silentLogger, error: (message) => errors.push(message) },
    createRuntime: (gateway) => {
      if (unborn.has(gateway.name)) return Promise.reject(new Error(`No room for ${gateway.name}`));
      const certificates = {
        ...testCertificates(workshop.certificateCalls),
        update: async ({ name }: GatewaySnapshot) => {
          if (broken.has(name)) throw new Error(`Cannot write trust of ${name}`);
        },
      };
      return workshop.create(gateway, { certificates });
    },
    onChange: (key, runtime) => changes.push(`${runtime === undefined ? "-" : "+"}${key}`),
  });
  t.teardown(() => fleet.close(0));
  const apply = (revision: number, ...names: string[]) =>
    fleet.apply({ revision, gateways: names.map((name) => gatewaySnapshot({ name })) }, none);
  const served = () => fleet.runtimes.map((runtime) => gatewayKey(runtime.gateway));
  return { ...workshop, fleet, changes, errors, broken, unborn, apply, served };
}

t.test("apply() starts gateways that appear and ends those that vanish", async (t) => {
  const { fleet, changes, apply, served } = await openFleet(t);
  await apply(1, "a", "b");
  t.same(served(), ["default/a", "default/b"]);
  const a = fleet.find("default/a");
  const pid = a?.status().envoy.pid;
  t.type(pid, "number");
  await apply(2, "a", "c");
  t.same(served(), ["default/a", "default/c"]);
  t.equal(fleet.find("default/a"), a, "the one that stays is the same");
  t.equal(a?.status().envoy.pid, pid, "and so is its Envoy");
  t.same(changes, ["+default/a", "+default/b", "-default/b", "+default/c"]);
  t.equal(fleet.revision, 2);
});

t.test("apply() carries out one snapshot after the other", async (t) => {
  const { changes, apply, served } = await openFleet(t);
  await Promise.all([apply(1, "a"), apply(2), apply(3, "a", "b")]);
  t.same(changes, ["+default/a", "-default/a", "+default/a", "+default/b"]);
  t.same(served(), ["default/a", "default/b"]);
});

t.test("apply() serves the others when one gateway cannot start, and tries it again", async (t) => {
  const { fleet, errors, broken, apply, served, certificateCalls } = await openFleet(t);
  broken.add("a");
  await t.rejects(apply(1, "a", "b"), { message: "Cannot write trust of a" });
  t.same(served(), ["default/b"]);
  t.same(certificateCalls, ["close"], "nothing of the failed one stays");
  t.same(errors, ["Cannot apply a snapshot"]);
  broken.clear();
  await apply(2, "a", "b");
  t.same(served().sort(), ["default/a", "default/b"]);
  t.type(fleet.find("default/a")?.status().envoy.pid, "number");
});

t.test("apply() serves the others when one cannot even be made", async (t) => {
  const { unborn, apply, served } = await openFleet(t);
  unborn.add("a");
  await t.rejects(apply(1, "a", "b"), { message: "No room for a" });
  t.same(served(), ["default/b"]);
});

t.test("apply() keeps a running gateway whose change fails", async (t) => {
  const { broken, apply, served, fleet } = await openFleet(t);
  await apply(1, "a");
  broken.add("a");
  await t.rejects(apply(2, "a"), { message: "Cannot write trust of a" });
  t.same(served(), ["default/a"]);
  t.type(fleet.find("default/a")?.status().envoy.pid, "number");
});

t.test("onAdsEvent() reaches the gateway that it is about", async (t) => {
  const { fleet, apply } = await openFleet(t);
  await apply(1, "a", "b");
  fleet.onAdsEvent({ kind: "live", gateway: "default/b", revision: 1 });
  fleet.onAdsEvent({ kind: "live", gateway: "default/other", revision: 1 });
  t.same(
    fleet.runtimes.map(({ ruleFacts }) => ruleFacts.revision),
    [0, 1],
  );
});

t.test("close() ends every Envoy and lets nothing start after it", async (t) => {
  const { fleet, apply, served } = await openFleet(t);
  await apply(1, "a", "b");
  const late = apply(2, "a", "b", "c");
  t.same(await fleet.close(0), { inFlight: 0 });
  await late;
  await apply(3, "d");
  t.same(served(), []);
  t.same(await fleet.close(0), { inFlight: 0 });
});
