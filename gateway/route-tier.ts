/** Which routes are decided by Envoy and which are refused, and why: read from what gateways really enforce. */

import { formatReference } from "../crds/meta.ts";
import type { GatewaySnapshot, HttpRule, L4Rule, ObjectName } from "./snapshot.ts";

/** What becomes of the traffic of a route on the gateways that it attaches to. */
export interface RouteTier {
  readonly name: "native" | "refused";
  readonly why: string;
}

/** Tiers by reference (`Kind namespace/name`); a route that attaches to none of the gateways has none. */
export function routeTiers(gateways: readonly GatewaySnapshot[]): ReadonlyMap<string, RouteTier> {
  const routes = new Map<string, Map<number, RuleOutcome>>();
  for (const gateway of gateways) {
    const note = (route: ObjectName, ruleIndex: number, refusal: string | undefined) => {
      const rules = routes.get(formatReference(route)) ?? new Map<number, RuleOutcome>();
      routes.set(formatReference(route), rules);
      const known = rules.get(ruleIndex) ?? { forwards: false, refusal: undefined };
      rules.set(ruleIndex, {
        forwards: known.forwards || refusal === undefined,
        refusal: known.refusal ?? refusal,
      });
    };
    const whole = gateway.refusal?.message;
    // A rule for many hosts is one object in each of them.
    for (const rule of new Set(gateway.hosts.flatMap(({ rules }) => rules))) {
      note(rule.route, rule.ruleIndex, whole ?? requestRefusal(rule));
    }
    for (const rule of gateway.l4Rules) {
      note(rule.route, rule.ruleIndex, whole ?? connectionRefusal(rule));
    }
  }
  return new Map([...routes].map(([key, rules]) => [key, tierOf([...rules.values()])]));
}

/** How many routes of one gateway are decided by Envoy, and how many are refused as a whole. */
export function tierCounts(gateway: GatewaySnapshot): {
  readonly native: number;
  readonly refused: number;
} {
  const tiers = [...routeTiers([gateway]).values()];
  const native = tiers.filter(({ name }) => name === "native").length;
  return { native, refused: tiers.length - native };
}

interface RuleOutcome {
  /** On some host or gateway */
  readonly forwards: boolean;
  readonly refusal: string | undefined;
}

function tierOf(rules: readonly RuleOutcome[]): RouteTier {
  const refusals = [...new Set(rules.flatMap(({ refusal }) => refusal ?? []))];
  const why = refusals.join("; ");
  if (rules.every(({ forwards }) => !forwards)) return { name: "refused", why };
  const native = "Envoy's own filters decide everything that the route asks for";
  if (refusals.length === 0) return { name: "native", why: native };
  const count = rules.filter(({ refusal }) => refusal !== undefined).length;
  const noun = rules.length === 1 ? "rule" : "rules";
  return { name: "native", why: `${native}; ${count} of ${rules.length} ${noun} refuses: ${why}` };
}

function requestRefusal({ action }: HttpRule): string | undefined {
  if (action.kind === "forward") return undefined;
  const { policy, message } = action;
  const label = policy === undefined ? "" : formatReference(policy);
  // The words of a policy are for agents and need not name it.
  return message.includes(label) ? message : `${label}: ${message}`;
}

function connectionRefusal({ verdict, reason = "deny-policy" }: L4Rule): string | undefined {
  return verdict === "allow" ? undefined : `its connections are refused (${reason})`;
}
