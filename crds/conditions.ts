/**
 * The words in which status speaks: condition types, and the reasons each of them may give. Names are part of the
 * API: people and scripts wait for them.
 */

/** One aspect of an object's state, as in Kubernetes' metav1.Condition. */
export interface Condition {
  readonly type: ConditionType;
  readonly status: ConditionStatus;
  readonly reason: ConditionReason;
  /** One sentence for people; no secret, no header value */
  readonly message: string;
  /** The object's generation that this was found for */
  readonly observedGeneration?: number;
  /** When `status` last changed, RFC 3339 */
  readonly lastTransitionTime: string;
}

/** Whether the condition holds; Unknown while nobody has looked. */
export type ConditionStatus = "True" | "False" | "Unknown";

/** The status that a reason stands for, and what it says. */
export interface ReasonDefinition {
  readonly status: ConditionStatus;
  readonly meaning: string;
}

/** The condition types in the order in which they are shown, with what True means. */
export const conditionTypes = {
  Accepted: "The object is valid, attached, and decides about traffic",
  ResolvedRefs: "Everything that the object names exists and may be used",
  Enforcing: "What the object refuses is refused; absent where nothing else was said",
  Programmed: "The configuration made from the object has been accepted by Envoy",
  Ready: "The EgressGateway carries traffic",
  TranslationUnsupported: "Some backend speaks a schema that requests cannot be translated to",
} as const;

/** The reasons that each condition may give. */
export const conditionReasons = {
  Accepted: {
    Accepted: { status: "True", meaning: "Valid and attached" },
    InvalidSpec: {
      status: "False",
      meaning: "The spec contradicts itself, its kind or another object",
    },
    Invalid: {
      status: "False",
      meaning: "A target is of a kind, or a section of it, that the policy cannot have",
    },
    NoMatchingParent: {
      status: "False",
      meaning: "No parentRef names an EgressGateway that exists",
    },
    TargetNotFound: { status: "False", meaning: "The target of the policy does not exist" },
    Conflicted: { status: "False", meaning: "Another object decides the same thing first" },
    NotEnforced: { status: "False", meaning: "Valid, but this gateway cannot enforce it yet" },
    ProviderNotFound: { status: "False", meaning: "No provider has the name that a rule gives" },
    Pending: { status: "Unknown", meaning: "Not looked at yet" },
  },
  ResolvedRefs: {
    ResolvedRefs: { status: "True", meaning: "Every reference was found" },
    InvalidKind: { status: "False", meaning: "A reference names a kind that cannot stand there" },
    BackendNotFound: { status: "False", meaning: "A Backend does not exist" },
    SecretNotFound: { status: "False", meaning: "A Secret does not exist" },
    SecretKeyNotFound: { status: "False", meaning: "The Secret exists, but not the key in it" },
    SecretInvalid: { status: "False", meaning: "The value in the Secret cannot be used" },
    CredentialNotMinted: {
      status: "False",
      meaning: "The token endpoint has not given a credential that is valid now",
    },
    ExtensionNotFound: { status: "False", meaning: "The object of an ExtensionRef does not exist" },
    SinkNotFound: { status: "False", meaning: "The EgressGateway has no sink of that name" },
  },
  Enforcing: {
    Enforced: { status: "True", meaning: "What is refused is refused" },
    Audit: { status: "False", meaning: "What would be refused is let by and recorded" },
  },
  Programmed: {
    Programmed: { status: "True", meaning: "Envoy has accepted the configuration" },
    Rejected: { status: "False", meaning: "Envoy has refused the configuration" },
    Pending: { status: "Unknown", meaning: "Envoy has not answered yet" },
  },
  Ready: {
    GatewayProgrammed: { status: "True", meaning: "All listeners are open" },
    GatewayNotProgrammed: { status: "False", meaning: "Some listener is not open yet" },
    GatewayMissing: { status: "False", meaning: "No Envoy runs for the EgressGateway" },
    InvalidSpec: { status: "False", meaning: "The EgressGateway itself was not accepted" },
  },
  TranslationUnsupported: {
    UntranslatableBackends: {
      status: "True",
      meaning: "Some pairs of schema and backend have no translation",
    },
    TranslationSupported: {
      status: "False",
      meaning: "Every request can be translated for every backend",
    },
  },
} as const satisfies Record<keyof typeof conditionTypes, Record<string, ReasonDefinition>>;

/** One of the aspects of an object that status speaks about. */
export type ConditionType = keyof typeof conditionTypes;

/** A reason that a condition of this type may give. */
export type ReasonOf<Type extends ConditionType> = keyof (typeof conditionReasons)[Type] & string;

/** Any reason. */
export type ConditionReason = { [Type in ConditionType]: ReasonOf<Type> }[ConditionType];

/**
 * A condition whose status follows from its reason. `observedGeneration` is left out when undefined; `now` is
 * RFC 3339. Throws a TypeError when the type has no such reason (which the types already forbid).
 */
export function createCondition<Type extends ConditionType>(options: {
  readonly type: Type;
  readonly reason: ReasonOf<Type> & ConditionReason;
  readonly message: string;
  readonly observedGeneration: number | undefined;
  readonly now: string;
}): Condition {
  const { type, reason, message, observedGeneration, now } = options;
  const reasons: Readonly<Record<string, ReasonDefinition>> = conditionReasons[type];
  const definition = reasons[reason];
  if (definition === undefined)
    throw new TypeError(`Cannot create condition: ${type} has no reason "${reason}"`);
  return {
    type,
    status: definition.status,
    reason,
    message,
    ...(observedGeneration !== undefined && { observedGeneration }),
    lastTransitionTime: now,
  };
}

/**
 * The list with `next` in place of the condition of its type, or at the end. The transition time of the old one
 * stays unless the status changes; the very same list is returned when nothing changes, so that no write is due.
 */
export function setCondition(
  conditions: readonly Condition[],
  next: Condition,
): readonly Condition[] {
  const current = conditions.find((condition) => condition.type === next.type);
  if (current === undefined) return [...conditions, next];
  const unchanged = current.status === next.status;
  const merged = unchanged ? { ...next, lastTransitionTime: current.lastTransitionTime } : next;
  if (unchanged && isSameStatement(current, merged)) return conditions;
  return conditions.map((condition) => (condition === current ? merged : condition));
}

function isSameStatement(left: Condition, right: Condition): boolean {
  return (
    left.reason === right.reason &&
    left.message === right.message &&
    left.observedGeneration === right.observedGeneration
  );
}
