/** Parts of a snapshot that plans of choices have, too. */

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
  | "upstream-malformed";

/** Which parts of a transaction go into its record. */
export interface CapturePlan {
  readonly request: boolean;
  readonly response: boolean;
  /** Of each body, after decoding */
  readonly maxBytes: number;
  /** Media types without parameters, lower case; bodies of other types are not kept */
  readonly contentTypes: readonly string[];
  /** Lower-case names of headers whose values are never kept, besides those that always hold credentials */
  readonly redactHeaders: readonly string[];
}

/** One credential as a rule uses it; its value never stands in a snapshot. */
export type CredentialUse =
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
    };

/** Names a secret value: `credentials.get(resource)` beside the snapshot holds it. */
export interface SecretUse {
  readonly secret: ObjectName;
  /** Key of the value and name of the SDS resource, such as `secret/default/openai/token` */
  readonly resource: string;
}
