/**
 * What a raw connection was let by, as an id in the name of its filter chain. Envoy keeps a connection as long as its chain is
 * there: when what let it by is gone, or something that refuses it comes before, the chain has another name and the connection
 * is closed. Rules are taken apart, so that what one entry of a rule let by stays when another one goes.
 */

import { createHash } from "node:crypto";
import type { HostMatch, L4Rule, PortRange } from "../snapshot.ts";

/** Chains of one rule at one listener; each costs Envoy some 30 KB. The parts of a rule with more are larger. */
const mostParts = 64;

/** First 16 hex digits of SHA-256 over the facts as JSON; order counts. */
export function termsId(facts: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(facts)).digest("hex").slice(0, 16);
}

/** The rule as rules of one host, one range of ports and one of addresses each, in the same order; or of larger parts. */
export function partsOf(rule: L4Rule): readonly L4Rule[] {
  const byDestination = [rule]
    .flatMap((it) => split(it, "hosts"))
    .flatMap((it) => split(it, "cidrs"));
  if (byDestination.length > mostParts) return [rule];
  if (byDestination.length * rule.ports.length > mostParts) return byDestination;
  return byDestination.flatMap((it) => split(it, "ports"));
}

function split(rule: L4Rule, field: "hosts" | "cidrs" | "ports"): readonly L4Rule[] {
  const entries: readonly unknown[] = rule[field];
  return entries.length < 2 ? [rule] : entries.map((entry) => ({ ...rule, [field]: [entry] }));
}

/** Whether some connection could be refused by the one and let by by the other; true where it is not plain. */
export function mayMeet(denial: L4Rule, allowed: L4Rule): boolean {
  return (
    meet(denial.ports, allowed.ports, isSharedPort) &&
    meet(denial.hosts, allowed.hosts, isSharedHost)
  );
}

/** An empty list stands for everything. */
function meet<T>(left: readonly T[], right: readonly T[], isShared: (a: T, b: T) => boolean) {
  if (left.length === 0 || right.length === 0) return true;
  return left.some((one) => right.some((other) => isShared(one, other)));
}

function isSharedPort(left: PortRange, right: PortRange): boolean {
  return left.start <= right.end && right.start <= left.end;
}

function isSharedHost(left: HostMatch, right: HostMatch): boolean {
  if (left.kind === "any" || right.kind === "any") return true;
  const [one, other] = [left.value.toLowerCase(), right.value.toLowerCase()];
  if (left.kind === right.kind) return one === other;
  const [wildcard, name] = left.kind === "wildcard" ? [one, other] : [other, one];
  // L4 wildcards cover exactly one label.
  return name.slice(name.indexOf(".") + 1) === wildcard;
}
