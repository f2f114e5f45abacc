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
  WorkerPoolReady: "The WorkerPool that the agent names exists",
  EgressConfigured: "Every EgressGateway that the agent names exists",
  RevisionReady: "A worker can run the newest revision of the agent",
  Scheduled: "The schedule of the agent is kept; absent where it has none",
  Active: "The revision is what its agent runs, or the newest that it will",
  Configured: "The spec of the pool has been taken",
  Available: "At least one worker of the pool is there",
  Healthy: "As many workers are there as are wanted",
} as const;

/** The reasons that each condition may give. */
export const conditionReasons = {
  Accepted: {
    Accepted: { status: "True", meaning: "Valid and attached" },
    SpecValid: { status: "True", meaning: "Valid; of kinds that attach to nothing" },
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
    WorkersReady: { status: "True", meaning: "At least one worker can run the revision" },
    NoWorkersReady: { status: "False", meaning: "No worker that answers can run the revision" },
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
  WorkerPoolReady: {
    WorkerPoolFound: { status: "True", meaning: "The WorkerPool exists" },
    WorkerPoolNotFound: { status: "False", meaning: "There is no WorkerPool of that name" },
  },
  EgressConfigured: {
    AllEgressRefsFound: { status: "True", meaning: "Every EgressGateway exists" },
    NoEgressRefs: { status: "True", meaning: "The agent names none, and so gets nowhere" },
    EgressRefsNotFound: { status: "False", meaning: "An EgressGateway does not exist" },
  },
  RevisionReady: {
    RevisionReady: { status: "True", meaning: "At least one worker can run the newest revision" },
    NoWorkersReady: { status: "False", meaning: "No worker can run the newest revision yet" },
    RevisionNotOwned: {
      status: "False",
      meaning: "Another object has the name of the revision that is wanted",
    },
  },
  Scheduled: {
    ScheduleRegistered: { status: "True", meaning: "The schedule is kept" },
    LastFireFailed: { status: "False", meaning: "It is kept, but the last call was not taken" },
    ParseError: { status: "False", meaning: "The schedule cannot be read" },
  },
  Active: {
    Current: { status: "True", meaning: "The newest revision, or the newest that is ready" },
    Superseded: { status: "False", meaning: "A newer revision has taken its place" },
  },
  Configured: {
    SpecValid: { status: "True", meaning: "The spec has been taken" },
    InvalidSpec: { status: "False", meaning: "The spec cannot be used" },
  },
  Available: {
    WorkersReady: { status: "True", meaning: "At least one worker answers" },
    NoWorkersReady: { status: "False", meaning: "No worker answers" },
  },
  Healthy: {
    AtDesiredReplicas: { status: "True", meaning: "As many workers answer as are wanted" },
    BelowDesiredReplicas: { status: "False", meaning: "Fewer workers answer than are wanted" },
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

/**
 * The list with the conditions that one writer makes: those of `owned` types are replaced by `next` or go, and those
 * of others stay. The very same list when nothing changes.
 */
export function replaceConditions(
  before: readonly Condition[],
  next: readonly Condition[],
  owned: ReadonlySet<string>,
): readonly Condition[] {
  const said = new Set<string>(next.map(({ type }) => type));
  const isStale = ({ type }: Condition) => owned.has(type) && !said.has(type);
  const kept = before.some(isStale) ? before.filter((one) => !isStale(one)) : before;
  return next.reduce(setCondition, kept);
}
