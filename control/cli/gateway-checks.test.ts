import { createServer } from "node:net";
import t from "tap";
import type { Test } from "tap";
import { createGatewayClient } from "./gateway-client.ts";
import { checkGateways } from "./gateway-checks.ts";
import type { RunningGateways } from "./running-gateways.ts";
import { gatewayWith, statusWith } from "./testdata/fake-control.ts";

function runningWith(changes: Parameters<typeof statusWith>[0]): RunningGateways {
  const client = createGatewayClient("/nowhere");
  return { answering: [{ pid: 4711, client, status: statusWith(changes) }], silent: [] };
}

async function listen(t: Test): Promise<{ address: string; port: number }> {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => void server.close());
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new Error("Cannot listen");
  return { address: "0.0.0.0", port: bound.port };
}

async function lines(running: RunningGateways): Promise<string[]> {
  return (await checkGateways(running)).map(
    ({ name, result, message }) => `${result} ${name}: ${message}`,
  );
}

t.test("checkGateways() is content when none is running", async (t) => {
  t.same(await lines({ answering: [], silent: [] }), [
    "ok gateway: None is running; start one: clrk dev -f DIR",
  ]);
});

t.test("checkGateways() is content with a gateway that works", async (t) => {
  const explicitProxy = await listen(t);
  t.same(await lines(runningWith({ gateways: [gatewayWith({ explicitProxy })] })), [
    "ok gateway: default/default is ready",
    `ok proxy: default/default: 0.0.0.0:${explicitProxy.port} takes connections`,
    'ok records: "/nowhere/records.jsonl", none lost',
  ]);
});

t.test(
  "checkGateways() fails on a gateway that is not ready, and a port that is closed",
  async (t) => {
    const explicitProxy = { address: "127.0.0.1", port: 1 };
    const gateway = gatewayWith({ explicitProxy, ready: false, reason: "Refused", rejection: "x" });
    t.same((await lines(runningWith({ gateways: [gateway] }))).slice(0, 2), [
      "failed gateway: default/default: Refused: x",
      "failed proxy: default/default: nothing answers at 127.0.0.1:1",
    ]);
  },
);

t.test("checkGateways() warns of everything else", async (t) => {
  const { explicitProxy: _, ...gateway } = gatewayWith();
  const restarted = { ...gateway, envoy: { ...gateway.envoy, restarts: 2 } };
  const problem = { file: "a.yaml", line: 1, field: "", message: "no" };
  const records = { file: "r", published: 8, dropped: 2, incomplete: 0, failure: "" };
  const running = runningWith({ gateways: [restarted], problems: [problem], records });
  t.same(await lines({ ...running, silent: [12] }), [
    "warning manifests: 1 problem; process 4711 still serves revision 6",
    "warning gateway: default/default is ready, but its Envoy had to be started again 2 times",
    "warning records: 2 of 10 records were lost",
    "warning gateway: Process 12 has a run folder but does not answer",
  ]);
  t.same(
    await lines(runningWith({ gateways: [], records: { ...records, failure: "Disk full" } })),
    ["warning gateway: Process 4711 serves no EgressGateway", "warning records: Disk full"],
  );
});
