/**
 * The gateway processes of this user and the one that a command means.
 * Invariant: a process id in a run folder proves nothing (ids are used again): only what answers on the socket counts.
 */
import type { GatewayProcessStatus, GatewayStatus } from "../../gateway/control-api.ts";
import { controlSocketPath, findGatewayProcesses } from "../../gateway/home-directory.ts";
import type { HomeDirectory } from "../../gateway/home-directory.ts";
import { CliError } from "./cli-error.ts";
import { createGatewayClient } from "./gateway-client.ts";
import type { GatewayClient } from "./gateway-client.ts";

/** A process answers within a millisecond; one that is busy gets this long. */
const answerMs = 2_000;

/** A process that answered. */
export interface RunningGateway {
  readonly pid: number;
  readonly client: GatewayClient;
  readonly status: GatewayProcessStatus;
}

/** All processes with a run folder. */
export interface RunningGateways {
  readonly answering: readonly RunningGateway[];
  /** Process ids that live but do not answer: starting, hanging, or no gateways at all */
  readonly silent: readonly number[];
}

/** Asks every process for its status; run folders of dead processes are removed on the way. */
export async function findRunningGateways(home: HomeDirectory): Promise<RunningGateways> {
  const pids = await findGatewayProcesses(home);
  const asked = await Promise.all(
    pids.map(async (pid) => {
      const client = createGatewayClient(controlSocketPath(home, pid));
      const status = await client.status({ timeoutMs: answerMs }).catch(() => undefined);
      return status === undefined ? pid : { pid, client, status };
    }),
  );
  return {
    answering: asked.filter((one) => typeof one !== "number"),
    silent: asked.filter((one) => typeof one === "number"),
  };
}

/** One served EgressGateway and the process that serves it. */
export interface ChosenGateway {
  readonly running: RunningGateway;
  /** `namespace/name` */
  readonly key: string;
}

/**
 * Returns the EgressGateway that is meant: the one of that `name` or `namespace/name`, or the only one. Throws a
 * `CliError` with the next step when there is none, or more than one.
 */
export function chooseGateway(
  answering: readonly RunningGateway[],
  wanted: string | undefined,
): ChosenGateway {
  const all = answering.flatMap((running) =>
    running.status.gateways.map((gateway) => ({ running, gateway, key: keyOf(gateway) })),
  );
  const fitting = all.filter(
    ({ gateway, key }) => wanted === undefined || wanted === key || wanted === gateway.name,
  );
  const [first] = fitting;
  if (first !== undefined && fitting.length === 1) return first;
  const lines = all.map(({ running, key }) => `  --gateway ${key}   (process ${running.pid})`);
  if (first !== undefined) {
    const problem = `Cannot choose an EgressGateway: ${fitting.length} are served${wanted === undefined ? "" : ` as "${wanted}"`}`;
    const isSame = new Set(fitting.map(({ key }) => key)).size === 1;
    const next = isSame
      ? ["Two processes serve it; stop one: clrk stop PID", ...lines]
      : ["Say which:", ...lines];
    throw new CliError([problem, ...next].join("\n"));
  }
  if (all.length === 0) {
    throw new CliError(
      "Cannot find an EgressGateway: the running process serves none\nAdd one to its manifests; see what it reads: clrk status",
    );
  }
  const problem = `Cannot find EgressGateway "${wanted ?? ""}": no process serves it`;
  throw new CliError([problem, "There are:", ...lines].join("\n"));
}

/** Returns the `namespace/name` of a served EgressGateway. */
export function keyOf(gateway: Pick<GatewayStatus, "namespace" | "name">): string {
  return `${gateway.namespace}/${gateway.name}`;
}
