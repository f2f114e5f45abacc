/** Whether the running gateways work: answer, have a healthy Envoy, lose nothing, and can be reached. */
import { connect } from "node:net";
import type { GatewayProcessStatus, GatewayStatus } from "../../gateway/control-api.ts";
import { describeTimes } from "./age.ts";
import { failed, passed, warned } from "./doctor-check.ts";
import type { DoctorCheck } from "./doctor-check.ts";
import { formatEndpoint } from "./dev-narrator.ts";
import { shorten } from "./log-line.ts";
import { keyOf } from "./running-gateways.ts";
import type { RunningGateways } from "./running-gateways.ts";

const connectMs = 2_000;

/** Checks all processes; one line when none runs, which is no mistake. */
export async function checkGateways(running: RunningGateways): Promise<DoctorCheck[]> {
  const { answering, silent } = running;
  const silentChecks = silent.map((pid) =>
    warned(
      "gateway",
      `Process ${pid} has a run folder but does not answer`,
      `If it is a gateway (ps -p ${pid}), end it: kill -9 ${pid}; else remove its folder in run`,
    ),
  );
  if (answering.length === 0 && silent.length === 0) {
    return [passed("gateway", "None is running; start one: clrk dev -f DIR")];
  }
  const checks = await Promise.all(answering.map(({ status }) => checkProcess(status)));
  return [...checks.flat(), ...silentChecks];
}

async function checkProcess(status: GatewayProcessStatus): Promise<DoctorCheck[]> {
  const { pid, problems, revision, gateways } = status;
  const gatewayChecks = await Promise.all(gateways.map((gateway) => checkGateway(gateway)));
  const checks: DoctorCheck[] = [];
  if (problems.length > 0) {
    checks.push(
      warned(
        "manifests",
        `${problems.length} ${problems.length === 1 ? "problem" : "problems"}; process ${pid} still serves revision ${revision}`,
        "See them: clrk status",
      ),
    );
  }
  if (gateways.length === 0) {
    const next = "Add one to the manifests";
    checks.push(warned("gateway", `Process ${pid} serves no EgressGateway`, next));
  }
  return [...checks, ...gatewayChecks.flat(), ...checkRecords(status)];
}

function checkRecords({ records }: GatewayProcessStatus): DoctorCheck[] {
  if (records.failure !== "") {
    return [warned("records", records.failure, "Put it right; records are lost meanwhile")];
  }
  if (records.dropped === 0) return [passed("records", `"${records.file}", none lost`)];
  return [
    warned(
      "records",
      `${records.dropped} of ${records.published + records.dropped} records were lost`,
      "See the gateway's log; a slow disk or receiver is the usual cause",
    ),
  ];
}

async function checkGateway(gateway: GatewayStatus): Promise<DoctorCheck[]> {
  const key = keyOf(gateway);
  const { ready, reason, rejection, envoy, explicitProxy } = gateway;
  const why = rejection === "" ? reason : `${reason}: ${rejection}`;
  const health = ready
    ? checkRestarts(key, envoy.restarts)
    : failed(
        "gateway",
        `${key}: ${shorten(why)}`,
        "See the gateway's log in the terminal of clrk dev",
      );
  if (explicitProxy === undefined) return [health];
  const isReachable = await canConnect(explicitProxy.address, explicitProxy.port);
  const endpoint = formatEndpoint(explicitProxy);
  const port = isReachable
    ? passed("proxy", `${key}: ${endpoint} takes connections`)
    : failed(
        "proxy",
        `${key}: nothing answers at ${endpoint}`,
        "Is the port taken or filtered? Another one: spec.explicitProxy.port",
      );
  return [health, port];
}

function checkRestarts(key: string, restarts: number): DoctorCheck {
  if (restarts === 0) return passed("gateway", `${key} is ready`);
  const times = describeTimes(restarts);
  const next = "See the gateway's log; the machine may be short of memory";
  return warned("gateway", `${key} is ready, but its Envoy had to be started again ${times}`, next);
}

function canConnect(address: string, port: number): Promise<boolean> {
  // A listener on all addresses is reached on this machine's own.
  const host = address === "0.0.0.0" ? "127.0.0.1" : address === "::" ? "::1" : address;
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: connectMs });
    const finish = (result: boolean) => {
      socket.destroy();
      resolve(result);
    };
    socket.once("connect", () => finish(true));
    socket.once("timeout", () => finish(false));
    socket.once("error", () => finish(false));
  });
}
