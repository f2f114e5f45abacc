/**
 * Which records differ from others once they are made: rules may have query parameters taken out of them, and have them
 * go to a sink of their own.
 */

import type { EgressRecord } from "./record.ts";
import { redactQuery } from "./redact.ts";
import type { GatewaySnapshot, ObjectName, RecordRule } from "./snapshot.ts";
import { gatewayKey } from "./snapshot.ts";

/** Rules that are gone are remembered for records that were begun under them; the oldest of more are forgotten. */
const maxRules = 16_384;

/** The rules of all gateways of a process. */
export class RecordRules {
  // Rules that are said again move to the end.
  readonly #rules = new Map<string, RecordRule>();

  /** Takes what the gateways say now. */
  publish(gateways: readonly GatewaySnapshot[]): void {
    for (const gateway of gateways) {
      for (const rule of gateway.recordRules ?? []) {
        const key = keyOf(gatewayKey(gateway), rule.route, rule.ruleIndex);
        this.#rules.delete(key);
        this.#rules.set(key, rule);
      }
    }
    for (const key of this.#rules.keys()) {
      if (this.#rules.size <= maxRules) break;
      this.#rules.delete(key);
    }
    this.#forgetUnsaid(gateways);
  }

  /** What is said of the record's rule, or of the one that audit mode keeps from refusing; undefined for most. */
  find({ gateway, decision }: EgressRecord): RecordRule | undefined {
    const route = decision.wouldDeny?.route ?? decision.route;
    if (this.#rules.size === 0 || route === null) return undefined;
    return this.#rules.get(keyOf(gatewayKey(gateway), route, route.rule));
  }

  /** A rule that is still there and says nothing any more has nothing said of it. */
  #forgetUnsaid(gateways: readonly GatewaySnapshot[]): void {
    if (this.#rules.size === 0) return;
    for (const gateway of gateways) {
      const name = gatewayKey(gateway);
      const said = new Set(
        (gateway.recordRules ?? []).map(({ route, ruleIndex }) => keyOf(name, route, ruleIndex)),
      );
      for (const { route, ruleIndex } of [
        ...gateway.hosts.flatMap(({ rules }) => rules),
        ...gateway.l4Rules,
      ]) {
        const key = keyOf(name, route, ruleIndex);
        if (!said.has(key)) this.#rules.delete(key);
      }
    }
  }
}

/** The record without the query parameters that a rule names; the same one when it has none of them. */
export function withoutParameters(
  record: EgressRecord,
  { redactQuery: names }: RecordRule,
): EgressRecord {
  const { query } = record.request;
  if (names.length === 0 || query === "") return record;
  const shown = redactQuery(query, names);
  return shown === query ? record : { ...record, request: { ...record.request, query: shown } };
}

function keyOf(gateway: string, { kind, namespace, name }: ObjectName, rule: number): string {
  return `${gateway} ${kind}/${namespace}/${name}/${rule}`;
}
