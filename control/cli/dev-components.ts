/** The processes that belong to `clrk dev`, each with how it is; asked of themselves, for nothing else is true for long. */
import type { GatewayStatus } from "../../gateway/control-api.ts";
import type { ControlReport } from "../process-report.ts";
import type { CliContext } from "./cli-context.ts";
import { findControlStatus } from "./control-status.ts";
import type { ControlStatus } from "./control-status.ts";
import { formatProblem } from "./problem-line.ts";
import { findRunningGateways, keyOf } from "./running-gateways.ts";
import type { RunningGateway } from "./running-gateways.ts";

/** One of them; null is what is not known. */
export interface DevComponent {
  /** `gateway`, `envoy NAMESPACE/NAME`, `control` or `store` */
  readonly name: string;
  /** `silent`: it lives and does not answer. `off`: as asked for */
  readonly state: "missing" | "off" | "running" | "silent" | "starting";
  readonly ready: boolean;
  readonly pid: number | null;
  /** Starts after an end that nobody asked for */
  readonly restarts: number | null;
  /** RFC 3339 */
  readonly startedAt: string | null;
  /** Why it is not ready, or what is wrong though it is; null where nothing is */
  readonly problem: string | null;
}

const unknown = { pid: null, restarts: null, startedAt: null, problem: null } as const;

/** Asks all of them; never rejects. */
export async function findDevComponents(context: CliContext): Promise<readonly DevComponent[]> {
  const { answering, silent } = await findRunningGateways(context.home);
  const control = await findControlStatus(context);
  const gateways = answering.flatMap((one) => gatewayComponents(one, context.workingDirectory));
  const hanging = silent.map((pid): DevComponent => {
    const problem = "it does not answer";
    return { ...unknown, name: "gateway", state: "silent", ready: false, pid, problem };
  });
  const all = [...gateways, ...hanging];
  if (all.length === 0) {
    all.push({
      ...unknown,
      name: "gateway",
      state: "missing",
      ready: false,
      problem: "not started",
    });
  }
  return [...all, controlComponent(control), storeComponent(control.report)];
}

function gatewayComponents(
  { pid, status }: RunningGateway,
  workingDirectory: string,
): readonly DevComponent[] {
  const { startedAt, revision, problems, gateways } = status;
  const [first] = problems;
  // A revision is there a moment before its Envoys; without any nothing can be asked through it.
  const lack =
    revision === 0
      ? "no revision is live yet"
      : gateways.length === 0
        ? "no EgressGateway is served"
        : null;
  const ready = lack === null;
  return [
    {
      ...{ name: "gateway", state: "running", ready, pid, restarts: null, startedAt },
      problem: first === undefined ? lack : formatProblem(first, workingDirectory),
    },
    ...gateways.map(envoyComponent),
  ];
}

function envoyComponent(gateway: GatewayStatus): DevComponent {
  const { ready, reason, rejection, envoy } = gateway;
  const problem = [reason, rejection].filter((text) => text !== "").join(": ");
  return {
    name: `envoy ${keyOf(gateway)}`,
    state: envoy.pid === undefined ? "starting" : "running",
    ready,
    pid: envoy.pid ?? null,
    restarts: envoy.restarts,
    startedAt: null,
    problem: problem === "" ? null : problem,
  };
}

function controlComponent({ answers, problem, report }: ControlStatus): DevComponent {
  const state = answers ? "running" : "missing";
  const { pid = null, restarts = null, startedAt = null } = report?.process ?? {};
  const why = answers ? (report?.invocations.problem ?? null) : (problem ?? "not started");
  return { name: "control", state, ready: answers, pid, restarts, startedAt, problem: why };
}

function storeComponent(report: ControlReport | null): DevComponent {
  const name = "store";
  if (report === null) {
    return { ...unknown, name, state: "missing", ready: false, problem: "control does not say" };
  }
  const { state: kept, problem, store } = report.telemetry;
  if (kept === "off") return { ...unknown, name, state: "off", ready: true };
  const { pid, restarts, since: startedAt } = store;
  const isStarting = kept === "opening" || (store.kind === "embedded" && pid === null);
  const state = kept === "closed" ? "missing" : isStarting ? "starting" : "running";
  return { name, state, ready: kept === "ready", pid, restarts, startedAt, problem };
}
