/** What plans of every sort are made of: names, credentials as they are named, refusals, and what records keep. */

import type { TextShape } from "../crds/logging-policy.ts";

/** Names one object; `kind` is of group clrk.apoxy.dev except for core/v1 Secret. */
export interface ObjectName {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** Why traffic is refused; `reason` is a stable word for records, `message` a sentence for people. */
export interface Refusal {
  readonly reason: DenyReason;
  readonly message: string;
}

/** Stable words for `clrk.deny.reason`. */
export type DenyReason =
  | "default-policy"
  | "no-rule"
  | "deny-policy"
  | "not-enforced"
  | "credential-missing"
  | "credential-needs-tls"
  | "backend-missing"
  | "ambiguous-path"
  | "trace-method"
  | "not-ready"
  | "engine-unavailable"
  | "engine-failed"
  | "body-too-large"
  | "body-malformed"
  | "not-translatable"
  | "rate-limited"
  | "limit-unavailable"
  | "budget-exhausted"
  | "budget-unavailable"
  | "upstream-malformed"
  | "mcp-denied"
  | "not-confirmed"
  | "placeholder-misdirected"
  | "too-many-open"
  | "answer-unreadable";

/** Most requests that a limit without refill can count. */
export const maxTotal = 65_535;

/** How many requests in how much time, as a RateLimitPolicy says it. */
export interface LimitPlan {
  /** What is counted belongs to it, by whichever routes requests come */
  readonly policy: ObjectName;
  /** So many at once, when nothing was asked for a whole window; at least 1 */
  readonly requests: number;
  /** Time in `ms` in which as many become possible again, evenly; above 0 */
  readonly windowMs: number;
  /** Present: so many in all. What was used is forgotten once nothing was asked for a whole window; at most `maxTotal` */
  readonly isTotal?: true;
  /** Present: counted together with all replicas; absent: by this process alone. Never of a limit that `isTotal` */
  readonly shared?: SharedLimit;
  /** What is counted together: requests of an agent, of one execution of it, or by one route of all agents */
  readonly scope: "PerAgent" | "PerExecution" | "PerRoute";
}

/** What happens to requests while nobody can be asked what other replicas let by. */
export interface SharedLimit {
  /** `Refuse` them, let by an equal part of the limit (`LocalShare`), or count as if alone (`Local`) */
  readonly onUnreachable: "Refuse" | "LocalShare" | "Local";
}

/** What the calls of a rule may use. */
export interface RuleBudget {
  /** Of all answers to one request together; at least 1 */
  readonly maxOutputTokens?: number;
  /** A call must have room in each, and is counted in each; their `name`, `scope` and `unit` tell them apart */
  readonly counts: readonly BudgetCount[];
}

/** One count of a budget, with its limit. */
export interface BudgetCount {
  /** `namespace/name` of a shared budget, or `Kind/namespace/name/rule` of the rule that has its own */
  readonly name: string;
  /** What is counted together: calls of one execution of an agent, or of everybody on one day (UTC) */
  readonly scope: "execution" | "day";
  readonly unit: BudgetUnit;
  /** In tokens, or in micro-dollars; at least 1 */
  readonly limit: number;
}

/** What is counted. */
export type BudgetUnit = "tokens" | "usd";

/** Which parts of a transaction go into its record. */
export interface CapturePlan {
  readonly request: boolean;
  readonly response: boolean;
  readonly requestBody: BodyBounds;
  readonly responseBody: BodyBounds;
  /** Share of traces that are kept, from 0 to 1 */
  readonly sample: number;
  /** Whether what was refused or failed is kept besides the sample */
  readonly keepsErrors: boolean;
  /** Lower-case names of headers whose values are never kept, besides those that always hold credentials */
  readonly redactHeaders: readonly string[];
  /** Lower-case names of query parameters, likewise */
  readonly redactQuery: readonly string[];
  readonly redactBody: BodyRedactionPlan;
}

/** What of a body may be kept. */
export interface BodyBounds {
  /** After decoding */
  readonly maxBytes: number;
  /** Media types without parameters, lower case; bodies of other types are not kept */
  readonly contentTypes: readonly string[];
}

/** Parts of a request in which a placeholder is swapped for its value. */
export type PlaceholderPlace = "Header" | "BasicAuth" | "Query" | "Path" | "Body";

/** What is never kept of bodies. */
export interface BodyRedactionPlan {
  /** Of JSON bodies, lines of NDJSON and events of streams */
  readonly jsonPaths: readonly string[];
  readonly shapes: readonly TextShape[];
  /** RE2 */
  readonly patterns: readonly string[];
}

/** How records of one rule differ from those of others, when they have been made. */
export interface RecordRule {
  readonly route: ObjectName;
  readonly ruleIndex: number;
  /** Lower-case names of query parameters whose values are never kept */
  readonly redactQuery: readonly string[];
  /** Name of the gateway's sink that they go to in place of others */
  readonly sink?: string;
}

/** A place for records that rules name. */
export type SinkTarget =
  | { readonly kind: "file"; readonly name: string }
  | {
      readonly kind: "otlp";
      readonly name: string;
      readonly endpoint: string;
      /** Values are held beside the snapshot under `sink/<namespace>/<gateway>/<name>/<header>` */
      readonly headerNames: readonly string[];
    };

/** One credential as a rule uses it; its value never stands in a snapshot. */
export type CredentialUse = CredentialForm & {
  /** Present: its value is taken out of answers */
  readonly scrub?: true;
};

type CredentialForm =
  | {
      readonly kind: "header";
      readonly policy: ObjectName;
      readonly secret: SecretUse;
      /** Lower case */
      readonly header: string;
      readonly valuePrefix: string;
    }
  | {
      readonly kind: "query";
      readonly policy: ObjectName;
      readonly secret: SecretUse;
      /** As it is written into the query, unescaped */
      readonly parameter: string;
      readonly valuePrefix: string;
    }
  | {
      readonly kind: "aws-sigv4";
      readonly policy: ObjectName;
      readonly secret: SecretUse;
      readonly region: string;
      readonly service: string;
    }
  | {
      readonly kind: "placeholder";
      readonly policy: ObjectName;
      readonly secret: SecretUse;
      /** Name of the placeholder beside the snapshot, as that of the value */
      readonly placeholder: string;
      readonly places: readonly PlaceholderPlace[];
    };

/** Names a secret value: `credentials.get(resource)` beside the snapshot holds it. */
export interface SecretUse {
  readonly secret: ObjectName;
  /** Key of the value and name of the SDS resource, such as `secret/default/openai/token` */
  readonly resource: string;
}
