/**
 * Where a command finds objects: the API server that is meant, or, when the control process of this home is not there,
 * the running gateways, which know what they serve.
 */
import { createApiClient } from "./api-client.ts";
import type { ApiClient } from "./api-client.ts";
import { ApiError } from "./api-error.ts";
import { discoverResources } from "./api-resources.ts";
import type { ApiResource } from "./api-resources.ts";
import { findApiTarget, getApiTarget } from "./api-target.ts";
import type { ApiFlags } from "./api-target.ts";
import type { CliContext } from "./cli-context.ts";
import { CliError } from "./cli-error.ts";
import { findRunningGateways } from "./running-gateways.ts";
import type { RunningGateway } from "./running-gateways.ts";

/** An API server with the kinds that it serves. */
export interface ObjectServer {
  readonly kind: "server";
  readonly client: ApiClient;
  readonly resources: readonly ApiResource[];
}

/** Objects as gateways serve them. */
export interface ServingGateways {
  readonly kind: "gateways";
  readonly running: readonly RunningGateway[];
}

/** Connects to the API server that is meant. Throws a `CliError` when there is none, or it does not answer. */
export async function openObjectServer(
  context: CliContext,
  flags: ApiFlags,
): Promise<ObjectServer> {
  const client = createApiClient(await getApiTarget(context, flags));
  return { kind: "server", client, resources: await discoverResources(client) };
}

/**
 * As `openObjectServer`, and the running gateways where no API server was named and that of this home is away. Throws a
 * `CliError` when there is neither.
 */
export async function openObjects(
  context: CliContext,
  flags: ApiFlags,
): Promise<ObjectServer | ServingGateways> {
  const target = await findApiTarget(context, flags);
  const isNamed = flags.kubeconfig !== undefined || flags.context !== undefined;
  if (target === undefined) return { kind: "gateways", running: await getRunning(context) };
  const client = createApiClient(target);
  try {
    return { kind: "server", client, resources: await discoverResources(client) };
  } catch (error) {
    const isAway = error instanceof ApiError && error.failure === "unreachable";
    if (!isAway || isNamed || !target.isOwn) throw error;
    const { answering } = await findRunningGateways(context.home);
    if (answering.length === 0) throw error;
    return { kind: "gateways", running: answering };
  }
}

/** The gateways that answer. Throws a `CliError` when there is none. */
export async function getRunning(context: CliContext): Promise<readonly RunningGateway[]> {
  const { answering, silent } = await findRunningGateways(context.home);
  if (answering.length > 0) return answering;
  throw new CliError(
    silent.length === 0
      ? "Cannot get objects: no gateway is running\nStart one: clrk dev -f DIR"
      : `Cannot get objects: process ${silent.join(", ")} does not answer\nSee what is wrong: clrk doctor`,
  );
}
