/** How two policies differ about one transaction: by what they decide, and not by how they say it. */
import type { CountedOutcome } from "../../../extproc/recorded-use.ts";
import { formatMicroDollars, parseMicroDollars } from "../../../crds/money.ts";
import type { EgressRecord } from "../../../gateway/record.ts";
import type { ReplayedDestination, ReplayOutcome } from "../../../gateway/replay.ts";
import { ruleText } from "../../../gateway/replay.ts";

/** What may differ, in the order in which it is told. */
export const differenceKinds = [
  "denied",
  "limited",
  "allowed",
  "recredentialed",
  "rerouted",
  "charged",
  "audited",
  "unknown",
] as const;

/** One way in which two policies differ. */
export type DifferenceKind = (typeof differenceKinds)[number];

/** What one policy makes of a transaction, as far as it is compared. */
export interface ComparedSide {
  /** Null: not known */
  readonly verdict: "allow" | "deny" | null;
  /** What decided, in words */
  readonly decision: string;
  /** Stable word of a refusal; null on allow, and where it is not known */
  readonly reason: string | null;
  /** What audit mode would refuse; null: nothing */
  readonly wouldDeny: string | null;
  /** Where it may go, in words */
  readonly destinations: readonly string[];
  /** What is injected, in words */
  readonly credentials: readonly string[];
  /** What a budget is charged, in words; empty: nothing */
  readonly charge: string;
  /** Of an outcome that is not known, what is missing */
  readonly missing: string | null;
  /** Same text, same outcome */
  readonly signature: string;
}

/** One difference, told as from and to. */
export interface Difference {
  readonly kind: DifferenceKind;
  readonly from: string;
  readonly to: string;
}

/** The side of a policy that was replayed. */
export function replayedSide(outcome: ReplayOutcome, counted: CountedOutcome | null): ComparedSide {
  if (outcome.kind === "unknown") {
    const { verdict, missing, signature } = outcome;
    return { ...noSide, verdict, decision: `not known: ${missing}`, missing, signature };
  }
  const { verdict, reason, wouldDeny, route, view, signature } = outcome;
  const common = { ...noSide, signature };
  const refusal = counted?.refusal ?? (verdict === "deny" ? (reason ?? "denied") : null);
  if (refusal !== null) {
    const decision = [refusal, ruleText(route)].filter((part) => part !== "").join(", ");
    return { ...common, verdict: "deny", reason: refusal, decision };
  }
  const how = view === "bytes" ? ", bytes unread" : "";
  return {
    ...common,
    verdict,
    decision: `${ruleText(route) || "defaultPolicy"}${how}`,
    wouldDeny,
    destinations: outcome.destinations.map((one) => `${destinationText(one)}${how}`),
    credentials: outcome.credentials.map(({ name, place, form }) => `${name} in ${place} ${form}`),
    charge: chargeText(counted?.use ?? null),
  };
}

/** The side of what a record says happened, beside a policy that was replayed: it tells less than that. */
export function recordedSide(record: EgressRecord, after: ReplayOutcome): ComparedSide {
  const { decision, credential, charge, upstream } = record;
  const { verdict, reason, route, wouldDeny } = decision;
  if (verdict === "deny") {
    const text = [reason ?? "denied", ruleText(route)].filter((part) => part !== "").join(", ");
    return { ...noSide, verdict, reason, decision: text };
  }
  const served = destinationOfRecord(record);
  const all = after.kind === "known" ? after.destinations : [];
  const wasPossible = all.some((one) => isServedBy(one, served));
  const injects = after.kind === "known" ? after.credentials : [];
  // A record names one credential of several, and none where nothing was sent.
  const isNamed = injects.some(
    ({ name, place }) => name === credential?.name && place === credential.header,
  );
  const isKept = isNamed || upstream === null || (credential === null && injects.length === 0);
  return {
    ...noSide,
    verdict,
    decision: ruleText(route) || "defaultPolicy",
    wouldDeny: wouldDeny?.reason ?? null,
    destinations: wasPossible ? replayedSide(after, null).destinations : [served.text],
    credentials: isKept
      ? replayedSide(after, null).credentials
      : credential === null
        ? []
        : [`${credential.name} in ${credential.header}`],
    charge:
      charge === undefined
        ? ""
        : chargeText({
            tokens: charge.tokens,
            microDollars: charge.cost === null ? null : parseMicroDollars(charge.cost),
          }),
  };
}

/** How two sides differ; empty: they do not. */
export function differencesOf(before: ComparedSide, after: ComparedSide): readonly Difference[] {
  if (
    before.signature !== "" &&
    before.signature === after.signature &&
    before.reason === after.reason
  ) {
    return before.charge === after.charge ? noDifferences : [charged(before, after)];
  }
  const [from, to] = [before.decision, after.decision];
  const found: Difference[] = [];
  if (before.verdict === "allow" && after.verdict === "deny") {
    const isCounted = after.reason === "rate-limited" || after.reason === "budget-exhausted";
    return [{ kind: isCounted ? "limited" : "denied", from, to }];
  }
  if (before.verdict === "deny" && after.verdict === "allow")
    found.push({ kind: "allowed", from, to });
  if (after.missing !== null || before.missing !== null) {
    const isDenied = before.verdict === "deny" && after.verdict === "deny";
    return isDenied || found.length > 0 ? found : [{ kind: "unknown", from, to }];
  }
  if (before.verdict === "deny" || after.verdict === "deny") return found;
  if (!isSame(before.credentials, after.credentials)) {
    found.push({
      kind: "recredentialed",
      from: listed(before.credentials),
      to: listed(after.credentials),
    });
  }
  if (!isSame(before.destinations, after.destinations)) {
    found.push({
      kind: "rerouted",
      from: listed(before.destinations),
      to: listed(after.destinations),
    });
  }
  if (before.charge !== after.charge) found.push(charged(before, after));
  if (before.wouldDeny === null && after.wouldDeny !== null) {
    found.push({ kind: "audited", from, to: `would be ${after.wouldDeny}` });
  }
  return found;
}

const noDifferences: readonly never[] = [];

const noSide = {
  reason: null,
  wouldDeny: null,
  destinations: [],
  credentials: [],
  charge: "",
  missing: null,
  signature: "",
} as const;

function charged(before: ComparedSide, after: ComparedSide): Difference {
  return { kind: "charged", from: before.charge || "no budget", to: after.charge || "no budget" };
}

function chargeText(use: CountedOutcome["use"]): string {
  if (use === null) return "";
  const { tokens, microDollars } = use;
  return `${tokens} tokens, ${microDollars === null ? "no price" : `$${formatMicroDollars(microDollars)}`}`;
}

function destinationText({
  backend,
  address,
  provider,
  model,
  weight,
}: ReplayedDestination): string {
  const parts = [
    ...(provider === "" ? [] : [provider]),
    ...(model === null ? [] : [`model ${model}`]),
    ...(address === "" ? [] : [`at ${address}`]),
    ...(weight === 1 ? [] : [`weight ${weight}`]),
  ];
  const name = backend === "" ? "the host asked for" : backend;
  return parts.length === 0 ? name : `${name} (${parts.join(", ")})`;
}

interface ServedBy {
  readonly text: string;
  readonly backend: string;
  readonly provider: string;
  readonly model: string | null;
  readonly isRouted: boolean;
}

function destinationOfRecord({ routing }: EgressRecord): ServedBy {
  const { backend = null, provider = "", model = null } = routing ?? {};
  const name = backend === null ? "" : `Backend ${backend.namespace}/${backend.name}`;
  const text = destinationText({ backend: name, address: "", provider, model, weight: 1 });
  return { text, backend: name, provider, model, isRouted: routing !== null };
}

/** Where a record tells no routing, its call went as it was asked, or to a backend that only Envoy chose. */
function isServedBy(one: ReplayedDestination, served: ServedBy): boolean {
  if (!served.isRouted) return one.provider === "" || one.backend === "";
  const isSameModel = one.model === null || served.model === null || one.model === served.model;
  return one.backend === served.backend && isSameModel;
}

function isSame(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((text, at) => text === right[at]);
}

function listed(texts: readonly string[]): string {
  return texts.length === 0 ? "none" : texts.join(" | ");
}
