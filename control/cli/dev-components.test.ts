/** Tests of what is found out about the processes of `clrk dev`. */
import t from "tap";
import { reportResource } from "../process-report.ts";
import { controlReport } from "../testdata/control-report.ts";
import { findDevComponents } from "./dev-components.ts";
import { openApiContext } from "./testdata/api-context.ts";
import { createFakeContext } from "./testdata/fake-context.ts";
import { gatewayWith, openFakeControl, statusWith } from "./testdata/fake-control.ts";

const unknown = { pid: null, restarts: null, startedAt: null };

t.test("findDevComponents() finds none where nothing was started", async (t) => {
  const context = await createFakeContext(t);
  t.same(await findDevComponents(context), [
    { ...unknown, name: "gateway", state: "missing", ready: false, problem: "not started" },
    { ...unknown, name: "control", state: "missing", ready: false, problem: "not started" },
    { ...unknown, name: "store", state: "missing", ready: false, problem: "control does not say" },
  ]);
});

t.test("findDevComponents() tells a gateway that serves from one that waits", async (t) => {
  const context = await createFakeContext(t);
  await using control = await openFakeControl(context.home);
  const { reason, ...envoy } = { reason: "Envoy ended", restarts: 2, adminSocket: "/nowhere" };
  control.status = statusWith({
    revision: 0,
    gateways: [gatewayWith({ ready: false, reason, rejection: "no such filter", envoy })],
  });
  const found = await findDevComponents(context);
  t.match(found[0], { state: "running", ready: false, problem: "no revision is live yet" });
  t.same(found[1], {
    ...{ name: "envoy default/default", state: "starting", ready: false, pid: null, restarts: 2 },
    ...{ startedAt: null, problem: "Envoy ended: no such filter" },
  });
});

t.test("findDevComponents() waits for Envoys that a revision is to have", async (t) => {
  const context = await createFakeContext(t);
  await using control = await openFakeControl(context.home);
  control.status = statusWith({ revision: 1, gateways: [] });
  const [gateway] = await findDevComponents(context);
  t.match(gateway, { state: "running", ready: false, problem: "no EgressGateway is served" });
});

for (const { name, changes, want } of [
  { name: "off", changes: { state: "off" }, want: { state: "off", ready: true, problem: null } },
  { name: "opening", changes: { state: "opening" }, want: { state: "starting", ready: false } },
  {
    name: "failing",
    changes: { state: "failing", problem: "full" },
    want: { state: "running", ready: false, problem: "full" },
  },
] as const) {
  t.test(`findDevComponents() tells of a store that is ${name}`, async (t) => {
    const report = controlReport(changes);
    const { context } = await openApiContext(t, {
      connected: [reportResource(async () => report)],
    });
    const found = await findDevComponents(context);
    t.match(found.at(-2), {
      name: "control",
      state: "running",
      ready: true,
      pid: 4712,
      restarts: 1,
    });
    t.match(found.at(-1), { name: "store", ...want });
  });
}
