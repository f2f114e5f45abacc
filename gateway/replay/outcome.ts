/** What policy makes of a recorded transaction, and how several outcomes that it may have had become one. */

import type { LimitPlan, RuleBudget } from "../snapshot.ts";
import type { RecordRoute, RecordTier } from "../record.ts";

/** A credential as rules write it into requests, by name only. */
export interface ReplayedCredential {
  /** `Secret default/openai` */
  readonly name: string;
  /** As in `RecordCredential.header` */
  readonly place: string;
  /** What tells it from others of that name and place, such as its prefix, or the region of a signature; may be empty */
  readonly form: string;
}

/** Where requests of a rule may go. */
export interface ReplayedDestination {
  /** `Backend default/spare`; empty: the host that the agent asked for */
  readonly backend: string;
  /** `address:port` of an alias; empty: by DNS */
  readonly address: string;
  /** Whose API it speaks; empty: as it was asked */
  readonly provider: string;
  /** Model that it is asked for; null where that is not chosen, or not known */
  readonly model: string | null;
  /** Share of the requests */
  readonly weight: number;
}

/** What is certain of a transaction, whatever its record leaves out. */
export interface KnownOutcome {
  readonly kind: "known";
  readonly verdict: "allow" | "deny";
  /** Stable word; null on allow */
  readonly reason: string | null;
  /** What audit mode let by; null otherwise */
  readonly wouldDeny: string | null;
  /** Null where no rule decided */
  readonly route: RecordRoute | null;
  /** Sorted; empty on deny */
  readonly credentials: readonly ReplayedCredential[];
  /** Sorted; empty on deny, and for bytes that are passed on */
  readonly destinations: readonly ReplayedDestination[];
  /** Of which an allowed request takes one each */
  readonly limits: readonly LimitPlan[];
  /** In which an allowed call is counted */
  readonly budget: RuleBudget | null;
  /** What is limited or budgeted is let by all the same, and recorded */
  readonly audits: boolean;
  readonly tier: RecordTier;
  /** `http`: requests are read; `bytes`: they pass as they are */
  readonly view: "http" | "bytes";
  /** Same text, same outcome; limits and budgets included */
  readonly signature: string;
}

/** An outcome for which the record does not hold a fact that decides. */
export interface UnknownOutcome {
  readonly kind: "unknown";
  readonly missing: string;
  /** Where it is the same whatever the fact was; else null */
  readonly verdict: "allow" | "deny" | null;
  /** Same text, same outcome whatever the fact was: by it two policies are the same for the transaction */
  readonly signature: string;
}

/** What policy makes of a transaction. */
export type ReplayOutcome = KnownOutcome | UnknownOutcome;

/** A refusal, by a rule or without. */
export function denied(
  reason: string,
  route: RecordRoute | null,
  view: KnownOutcome["view"] = "http",
): KnownOutcome {
  return known({ ...nothing, verdict: "deny", reason, route, view });
}

/** An outcome with its signature. */
export function known(
  parts: Omit<KnownOutcome, "kind" | "signature" | "credentials" | "destinations"> &
    Partial<Pick<KnownOutcome, "credentials" | "destinations">>,
): KnownOutcome {
  const credentials = (parts.credentials ?? []).toSorted(byText);
  const destinations = (parts.destinations ?? []).toSorted(byText);
  const { verdict, reason, wouldDeny, route, limits, budget, audits, view } = parts;
  const signature = JSON.stringify([
    ...[verdict, reason, wouldDeny, route, credentials, destinations],
    ...[limits, budget, audits, view],
  ]);
  return { ...parts, kind: "known", credentials, destinations, signature };
}

/** Members of a known outcome that most have none of. */
export const nothing = {
  wouldDeny: null,
  reason: null,
  limits: [],
  budget: null,
  audits: false,
  tier: "native",
} as const;

/** An outcome that is not known for want of a fact; `by` tells all that would decide it. */
export function notKnown(missing: string, by: string): UnknownOutcome {
  return { kind: "unknown", missing, verdict: null, signature: `${missing} ${by}` };
}

/**
 * The one outcome of several possible ones; not known where they differ, for want of the fact that is named. `by` tells
 * which of them it is in which case.
 */
export function joinOutcomes(
  outcomes: readonly ReplayOutcome[],
  { missing, by }: { readonly missing: string | undefined; readonly by: string },
): ReplayOutcome {
  const [first] = outcomes;
  if (first === undefined) return notKnown(missing ?? "rule", by);
  if (outcomes.length === 1) return first;
  const isSame = outcomes.every((one) => one.signature === first.signature);
  if (isSame) return first;
  const { verdict } = first;
  const agrees = verdict !== null && outcomes.every((one) => one.verdict === verdict);
  const inner = outcomes.find((one) => one.kind === "unknown");
  const named = missing ?? (inner?.kind === "unknown" ? inner.missing : "which of several rules");
  const signatures = outcomes.map(({ signature }) => signature).join("\n");
  return { ...notKnown(named, `${by}\n${signatures}`), verdict: agrees ? verdict : null };
}

function byText(left: object, right: object): number {
  const [one, other] = [JSON.stringify(left), JSON.stringify(right)];
  return one < other ? -1 : Number(one > other);
}
