import { spawn } from "node:child_process";
import t from "tap";
import { CliError } from "./cli-error.ts";
import { createGatewayClient } from "./gateway-client.ts";
import { stopGateway } from "./stop-gateway.ts";

function clientThat(stop: () => void) {
  return { ...createGatewayClient("/nowhere"), stop: async () => stop() };
}

t.test("stopGateway() resolves when the process is gone", async (t) => {
  const child = spawn("sleep", ["60"]);
  t.teardown(() => child.kill("SIGKILL"));
  const { pid = 0 } = child;
  await stopGateway({ pid, client: clientThat(() => child.kill()) });
  t.equal(child.signalCode, "SIGTERM");
});

t.test("stopGateway() rejects with the way to force it when the process stays", async (t) => {
  const stopped = stopGateway(
    { pid: process.pid, client: clientThat(() => {}) },
    { patienceMs: 30 },
  );
  await t.rejects(
    stopped,
    new CliError(
      `Cannot stop gateway process ${process.pid}: it was asked but is still there\nEnd it by force: kill -9 ${process.pid}`,
    ),
  );
});
