/**
 * What a schema says in the words of a Kubernetes API server, so that one which has only our CRDs refuses the same
 * objects: OpenAPI value validations, which cost nothing, and CEL where those do not reach.
 */

/**
 * Value validations of a structural schema (https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources),
 * added to those of the schema itself. Patterns are read alike by Go's regexp and by JavaScript with its flag u, and are
 * not anchored.
 */
export interface Constraint {
  readonly pattern?: string;
  readonly enum?: readonly string[];
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly multipleOf?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Constraint>>;
  readonly items?: Constraint;
  readonly allOf?: readonly Constraint[];
  readonly anyOf?: readonly Constraint[];
  readonly oneOf?: readonly Constraint[];
  readonly not?: Constraint;
}

/** One CEL rule of `x-kubernetes-validations`; `self` is the value that the schema is about. */
export interface CelRule {
  /** The expression that must be true; fields whose names CEL reserves are written `__name__` */
  readonly rule: string;
  /** What is said when it is not; one line */
  readonly message: string;
}

/** A CEL rule. */
export function cel(rule: string, message: string): CelRule {
  return { rule, message };
}

/** The rule that every key of a map fits a pattern, which must not hold three quotes in a row. */
export function keysFit(pattern: string, message: string): CelRule {
  return cel(`self.all(key, key.matches(r"""${pattern}"""))`, message);
}

/** The rule that texts of a list differ in more than their case; costs the square of the list's length. */
export const differInMoreThanCase: CelRule = cel(
  "self.all(one, self.exists_one(other, other.lowerAscii() == one.lowerAscii()))",
  "the values differ in more than upper and lower case",
);

/** The rule that texts of a list are expressions: evaluating one that is none is an error, which refuses the object. */
export const areExpressions: CelRule = cel(
  // "|| true" would hide the error: CEL drops it where the other side decides.
  "self.all(one, ''.matches(one) || !''.matches(one))",
  "the values are RE2 expressions",
);

/** How CEL reads a field of `self`: words that it reserves are escaped (https://github.com/google/cel-spec). */
export function celField(name: string): string {
  return `self.${CEL_RESERVED.has(name) ? `__${name}__` : name}`;
}

/** Words that CEL keeps for itself, as Kubernetes lists them. */
const CEL_RESERVED: ReadonlySet<string> = new Set(
  "true false null in as break const continue else for function if import let loop package namespace return var void while".split(
    " ",
  ),
);
