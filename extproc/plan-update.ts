/** What a thread is told of a snapshot: plans, and the values that they need, and no others. */

import { credentialsOf } from "../gateway/gateway-credentials.ts";
import type { SecretValue } from "../gateway/secret-value.ts";
import type {
  AttemptPlan,
  ConnectionPlan,
  EnginePlan,
  GatewaySnapshot,
  HttpAction,
  Snapshot,
  SwapPlan,
} from "../gateway/snapshot.ts";

/** What a thread is told of one revision; plain data, so that it can be posted. */
export interface PlanUpdate {
  readonly revision: number;
  readonly plans: readonly EnginePlan[];
  readonly attempts: readonly AttemptPlan[];
  readonly connections: readonly ConnectionPlan[];
  readonly swaps: readonly SwapPlan[];
  /** Values by `SecretUse.resource`; revealed, because a `SecretValue` does not cross threads */
  readonly credentials: readonly (readonly [resource: string, value: string])[];
}

/**
 * The update of a snapshot. Values that Envoy injects are part of it only where something of a transaction is kept:
 * then they must be found in it and removed.
 */
export function createPlanUpdate(
  { revision, gateways }: Snapshot,
  credentials: ReadonlyMap<string, SecretValue>,
): PlanUpdate {
  const plans = new Map<string, EnginePlan>();
  const attempts = new Map<string, AttemptPlan>();
  const swaps = new Map<string, SwapPlan>();
  for (const { engine, action } of gateways.flatMap(rulesOf)) {
    if (engine !== undefined) plans.set(engine.id, engine);
    for (const plan of backendPlans(action)) plans.set(plan.id, plan);
    for (const attempt of attemptsOf(action)) attempts.set(attempt.id, attempt);
    for (const swap of swapsOf(action)) swaps.set(swap.id, swap);
  }
  const keeps = [...plans.values()].some(keepsParts);
  return {
    revision,
    plans: [...plans.values()],
    attempts: [...attempts.values()],
    connections: gateways.flatMap(({ l4Rules }) => l4Rules.flatMap(({ engine }) => engine ?? [])),
    swaps: [...swaps.values()],
    credentials: valuesFor(gateways, credentials, keeps),
  };
}

/** Whether anything that an agent or upstream wrote of such a transaction goes into its record. */
export function keepsParts({ meters, capture, routing, mcp, hidesTarget }: EnginePlan): boolean {
  if (hidesTarget === true || mcp !== undefined) return true;
  const rules = routing?.rules ?? [];
  return [{ meters, capture }, ...rules].some((one) => one.meters || one.capture !== undefined);
}

function rulesOf({ hosts }: GatewaySnapshot) {
  return hosts.flatMap(({ rules }) => rules);
}

function backendPlans(action: HttpAction): EnginePlan[] {
  if (action.kind !== "forward") return [];
  return action.backends.flatMap(({ engine }) => engine ?? []);
}

function attemptsOf(action: HttpAction): AttemptPlan[] {
  if (action.kind !== "forward") return [];
  return [action.attempt, ...action.backends.map(({ attempt }) => attempt)].flatMap(
    (attempt) => attempt ?? [],
  );
}

function swapsOf(action: HttpAction): SwapPlan[] {
  if (action.kind !== "forward") return [];
  return [action.swap, ...action.backends.map(({ swap }) => swap)].flatMap((swap) => swap ?? []);
}

function valuesFor(
  gateways: readonly GatewaySnapshot[],
  credentials: ReadonlyMap<string, SecretValue>,
  keeps: boolean,
): (readonly [string, string])[] {
  const values = new Map<string, string>();
  for (const gateway of gateways) {
    const { engine, headers } = credentialsOf(gateway, credentials);
    for (const [name, value] of engine) values.set(name, value.reveal());
    if (!keeps) continue;
    for (const [name, value] of headers) values.set(name, value.reveal());
  }
  return [...values];
}
