/** Whether a policy can be tried at all, asked before anything happens: compiled as gateways compile it. */
import { parseAnyObject } from "../../crds/kinds.ts";
import type { ParsedObject } from "../../crds/kinds.ts";
import { formatReference, referenceOf } from "../../crds/meta.ts";
import { compile } from "../../gateway/compile.ts";
import { ownAddresses } from "../../gateway/own-addresses.ts";
import { findSideConflict } from "../../gateway/policy-sides.ts";
import type { ObjectChange } from "./rollout.ts";

/** A sentence why not; undefined where it can. Credentials of flags are the gateways' alone: these judge by them. */
export function findTrialProblem(
  served: Iterable<unknown>,
  changes: readonly ObjectChange[],
): string | undefined {
  const objects = new Map<string, ParsedObject>();
  for (const value of served) put(objects, value);
  const old = compileAll([...objects.values()]);
  const known = new Set(findRefused(old.statuses).map(({ name }) => name));
  for (const { after } of changes) put(objects, after);
  const tried = compileAll([...objects.values()]);
  const changed = new Set(changes.map(({ ref }) => formatReference(ref)));
  const refused = findRefused(tried.statuses).find(
    ({ name }) => changed.has(name) || !known.has(name),
  );
  if (refused !== undefined) return `${refused.name} is not accepted: ${refused.message}`;
  if (tried.snapshot.gateways.length === 0) return "there is no EgressGateway";
  return findSideConflict(old, tried);
}

function put(objects: Map<string, ParsedObject>, value: unknown): void {
  const parsed = parseAnyObject(value);
  if (parsed.kind !== "valid") return;
  objects.set(formatReference(referenceOf(parsed.object)), parsed.object);
}

function compileAll(objects: readonly ParsedObject[]) {
  return compile({ objects, revision: 1, environment: { ownAddresses: ownAddresses() } });
}

function findRefused(statuses: ReturnType<typeof compile>["statuses"]) {
  return statuses.flatMap(({ ref, conditions, ...status }) => {
    const parents = "parents" in status && Array.isArray(status.parents) ? status.parents : [];
    const all = [...conditions, ...parents.flatMap((parent) => parent.conditions ?? [])];
    const found = all.find(({ type, status: state }) => type === "Accepted" && state === "False");
    return found === undefined ? [] : [{ name: formatReference(ref), message: found.message }];
  });
}
