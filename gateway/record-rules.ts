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

/** Changes of one rule that records may still have been begun before. */
const maxChanges = 8;

/** For so long after a change a record may be of the rule as it was: credentials are minted first, and Envoy is told. */
const settlingMs = 30_000;

/** What was said of a rule from some time on. */
interface Said {
  /** Absent: nothing */
  readonly rule?: RecordRule;
  /** Unix `ms` */
  readonly fromMs: number;
}

/** The rules of all gateways of a process. */
export class RecordRules {
  // Rules that are said again move to the end.
  readonly #rules = new Map<string, readonly Said[]>();

  /** Takes what the gateways say now, at Unix `ms`. */
  publish(gateways: readonly GatewaySnapshot[], nowMs: number): void {
    for (const gateway of gateways) {
      for (const rule of gateway.recordRules ?? []) {
        const key = keyOf(gatewayKey(gateway), rule.route, rule.ruleIndex);
        const known = this.#rules.get(key);
        this.#rules.delete(key);
        // What is said for the first time holds for records of before, too: rather for too many than for too few.
        this.#rules.set(key, known ? changed(known, rule, nowMs) : [{ rule, fromMs: 0 }]);
      }
    }
    for (const key of this.#rules.keys()) {
      if (this.#rules.size <= maxRules) break;
      this.#rules.delete(key);
    }
    this.#noteUnsaid(gateways, nowMs);
  }

  /**
   * What was said, when the record began, of its rule or of the one that audit mode keeps from refusing; undefined for
   * most. Shortly after a change both hold, the sink of the later before that of the earlier.
   */
  find({ gateway, startUnixMs, decision }: EgressRecord): RecordRule | undefined {
    const route = decision.wouldDeny?.route ?? decision.route;
    if (this.#rules.size === 0 || route === null) return undefined;
    const said = this.#rules.get(keyOf(gatewayKey(gateway), route, route.rule)) ?? [];
    const last = Math.max(
      0,
      said.findLastIndex(({ fromMs }) => fromMs <= startUnixMs),
    );
    const now = said[last];
    const before = said[last - 1];
    const isSettled = before === undefined || startUnixMs - (now?.fromMs ?? 0) >= settlingMs;
    return isSettled ? now?.rule : both(now?.rule, before.rule);
  }

  /** A rule that is still there and says nothing any more has nothing said of it from now on. */
  #noteUnsaid(gateways: readonly GatewaySnapshot[], nowMs: number): void {
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
        const known = said.has(key) ? undefined : this.#rules.get(key);
        if (known !== undefined) this.#rules.set(key, changed(known, undefined, nowMs));
      }
    }
  }
}

/** With what is said now, where that is something else. */
function changed(
  known: readonly Said[],
  rule: RecordRule | undefined,
  fromMs: number,
): readonly Said[] {
  const last = known.at(-1)?.rule;
  if (isSame(last, rule)) return known;
  return [...known, { fromMs, ...(rule && { rule }) }].slice(-maxChanges);
}

function isSame(left: RecordRule | undefined, right: RecordRule | undefined): boolean {
  const textOf = (rule: RecordRule | undefined) => JSON.stringify([rule?.redactQuery, rule?.sink]);
  return textOf(left) === textOf(right);
}

function both(
  later: RecordRule | undefined,
  earlier: RecordRule | undefined,
): RecordRule | undefined {
  if (later === undefined || earlier === undefined) return later ?? earlier;
  const redactQuery = [...new Set([...later.redactQuery, ...earlier.redactQuery])];
  const sink = later.sink ?? earlier.sink;
  return { ...later, redactQuery, ...(sink !== undefined && { sink }) };
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
