/**
 * What a gateway process found out about the objects that it serves, as it tells its control process: the conditions
 * of compiling, and of EgressGateways what their Envoy made of them.
 */
import { createCondition } from "../crds/conditions.ts";
import type { ConditionReason, ConditionType, ReasonOf } from "../crds/conditions.ts";
import type { CompiledCondition, ObjectStatus } from "./compile.ts";
import type { GatewayStatus } from "./control-api.ts";

/** One object. */
export interface ReportedObject extends ObjectStatus {
  /** Of an EgressGateway that is served: where its listeners are reached */
  readonly listeners?: readonly ReportedListener[];
}

/** One listener of an EgressGateway. */
export interface ReportedListener {
  readonly name: string;
  readonly attachedRoutes: number;
  /** Where the transparent listener takes connections for it, `host:port`; absent: nowhere */
  readonly address?: string;
}

/** Everything at one moment. */
export interface ObjectReport {
  /** Of the compilation */
  readonly revision: number;
  readonly items: readonly ReportedObject[];
}

/** Joins what compiling found with what runs; `gatewayStatus` finds an EgressGateway by `namespace/name`. */
export function reportObjects(
  revision: number,
  statuses: readonly ObjectStatus[],
  gatewayStatus: (key: string) => GatewayStatus | undefined,
): ObjectReport {
  const items = statuses.map((status): ReportedObject => {
    const { kind, namespace, name } = status.ref;
    if (kind !== "EgressGateway") return status;
    return reportGateway(status, gatewayStatus(`${namespace}/${name}`));
  });
  return { revision, items };
}

function reportGateway(status: ObjectStatus, gateway: GatewayStatus | undefined): ReportedObject {
  const generation = status.conditions.find(({ type }) => type === "Accepted")?.observedGeneration;
  return {
    ...status,
    conditions: [
      ...status.conditions,
      ...liveConditions(gateway).map((condition) => ({
        ...condition,
        ...(generation !== undefined && { observedGeneration: generation }),
      })),
    ],
    ...(gateway && { listeners: listenersOf(gateway) }),
  };
}

function liveConditions(gateway: GatewayStatus | undefined): CompiledCondition[] {
  if (gateway === undefined) {
    return [made("Ready", "GatewayMissing", "No Envoy runs for it")];
  }
  const { ready, reason, rejection, liveRevision } = gateway;
  const programmed =
    rejection !== ""
      ? made("Programmed", "Rejected", rejection)
      : liveRevision > 0
        ? made("Programmed", "Programmed", "Envoy has accepted the configuration")
        : made("Programmed", "Pending", "Envoy has not answered yet");
  const carries = ready
    ? made("Ready", "GatewayProgrammed", "All listeners are open")
    : made("Ready", "GatewayNotProgrammed", reason);
  return [programmed, carries];
}

function made<Type extends ConditionType>(
  type: Type,
  reason: ReasonOf<Type> & ConditionReason,
  message: string,
): CompiledCondition {
  const condition = createCondition({
    ...{ type, reason, message },
    ...{ observedGeneration: undefined, now: "" },
  });
  const { lastTransitionTime: _, ...timeless } = condition;
  return timeless;
}

function listenersOf({ listeners, transparent }: GatewayStatus): ReportedListener[] {
  const address = transparent && `${transparent.address}:${transparent.port}`;
  return listeners.map(({ name, attachedRoutes }) => ({
    name,
    attachedRoutes,
    ...(address !== undefined && { address }),
  }));
}
