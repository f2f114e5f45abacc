/**
 * A kind's schema, written once as plain data: it gives the TypeScript type (`Infer`), the defaults and checks
 * (`parseSchema`), and the OpenAPI text with its CEL (`openApiSchema`). Every list, map and string states its bound.
 */
import type { CelRule, Constraint } from "./open-api-constraint.ts";
import type { Path } from "./problem.ts";
import type { Reading } from "./reading.ts";

/** A named form of text: what it is called in OpenAPI, how a message asks for it, and how it is read. */
export interface StringFormat {
  /** OpenAPI `format`, kebab-case */
  readonly name: string;
  /** Completes "wanted …", such as `a CIDR block such as "10.0.0.0/8"` */
  readonly wanted: string;
  /** OpenAPI `pattern` that every text which is read fits; the simple form of `constraint` */
  readonly pattern?: string;
  /** What else OpenAPI can say about the text */
  readonly constraint?: Constraint;
  /** What only CEL can say about the text, where it stands seldom enough to be afforded */
  readonly cel?: readonly CelRule[];
  /** What CEL can say about the keys of a map in this form, where `self` is the map */
  readonly mapCel?: readonly CelRule[];
  /** Gives the text to store, normalised where the format has one canonical spelling, or what is wrong with it */
  readonly read: (text: string) => Reading<string>;
}

/** Text. Empty text is refused unless `minLength` is 0. */
export interface StringSchema {
  readonly kind: "string";
  readonly description: string;
  readonly minLength: number;
  readonly maxLength: number;
  readonly format?: StringFormat;
  /** Whether the text may be secret: then no message shows it */
  readonly sensitive?: boolean;
}

/** A whole number that a double holds exactly. */
export interface IntegerSchema {
  readonly kind: "integer";
  readonly description: string;
  readonly min: number;
  readonly max: number;
}

/** An amount as Kubernetes writes it, such as `500m` or `2Gi`: text or a whole number, which is read as text. */
export interface QuantitySchema {
  readonly kind: "quantity";
  readonly description: string;
}

/** JSON that is passed on as it is: any value, or an object only. */
export interface JsonSchema {
  readonly kind: "json";
  readonly description: string;
  readonly shape: "any" | "object";
  /** Most bytes as compact JSON */
  readonly maxBytes: number;
}

/** True or false. */
export interface BooleanSchema {
  readonly kind: "boolean";
  readonly description: string;
}

/** One of a few words. */
export interface EnumerationSchema<Value extends string = string> {
  readonly kind: "enumeration";
  readonly description: string;
  readonly values: readonly Value[];
  /** Words that look right but are refused, with the reason */
  readonly refused?: Readonly<Record<string, string>>;
}

/** What must differ between the items of a list: the items themselves, or one of their fields. */
export type Uniqueness = "value" | { readonly field: string; readonly ignoreCase?: boolean };

/** A list. */
export interface ArraySchema<Items = unknown> {
  readonly kind: "array";
  readonly description: string;
  readonly items: Items;
  readonly minItems: number;
  readonly maxItems: number;
  readonly unique?: Uniqueness;
  readonly cel?: readonly CelRule[];
}

/** Free keys to values of one sort. Parsed as an object without prototype. */
export interface MapSchema<Values = unknown> {
  readonly kind: "map";
  readonly description: string;
  readonly keys: StringFormat;
  readonly values: Values;
  readonly maxProperties: number;
  /** Whether the values may be secret: then no message shows anything found in here */
  readonly sensitive?: boolean;
}

/** Named fields; any other field is a problem. */
export interface ObjectSchema<F = unknown> {
  readonly kind: "object";
  readonly description: string;
  readonly fields: F;
  readonly rules: readonly Rule[];
}

/** A field that may be absent, and then stays absent. */
export interface OptionalField<S = unknown> {
  readonly kind: "optional";
  readonly schema: S;
}

/** A field that takes a value when it is absent (but only where its parent is present). */
export interface DefaultedField<S = unknown> {
  readonly kind: "defaulted";
  readonly schema: S;
  readonly default: unknown;
}

/** A list or map for which absent and empty mean the same: always present after parsing. */
export interface EmptyIfAbsentField<S = unknown> {
  readonly kind: "empty-if-absent";
  readonly schema: S;
}

/** A field that may hold anything and is dropped, such as `status`. */
export interface IgnoredField {
  readonly kind: "ignored";
  readonly description: string;
  /** What an API server accepts there; a manifest's is dropped unread all the same */
  readonly schema?: ObjectSchema<Fields>;
}

/** A schema of values without parts. */
export type ScalarSchema =
  | StringSchema
  | IntegerSchema
  | BooleanSchema
  | EnumerationSchema
  | QuantitySchema;

/** Any schema, for code that walks it. */
export type Schema =
  | ScalarSchema
  | JsonSchema
  | ArraySchema<Schema>
  | MapSchema<Schema>
  | ObjectSchema<Fields>;

/** One field of an object: a schema by itself means that the field is required. */
export type Field =
  | Schema
  | OptionalField<Schema>
  | DefaultedField<Schema>
  | EmptyIfAbsentField<Schema>
  | IgnoredField;

/** The fields of an object in the order in which they are parsed. */
export interface Fields {
  readonly [name: string]: Field;
}

/** The schema of what a field holds; undefined for a field that is dropped. */
export function schemaOfField(field: Field): Schema | undefined {
  switch (field.kind) {
    case "optional":
    case "defaulted":
    case "empty-if-absent":
      return field.schema;
    case "ignored":
      return undefined;
    default:
      return field;
  }
}

/** A fact about several fields of one object. It runs when all the fields it reads are themselves correct. */
export interface Rule {
  /** The rule as a sentence, for documentation */
  readonly description: string;
  /** The fields that `check` reads */
  readonly fields: readonly string[];
  readonly check: (value: Readonly<Record<string, unknown>>, report: Report) => void;
  /** The same fact for a Kubernetes API server; absent where neither way can say it at its cost */
  readonly cel?: readonly CelRule[];
  readonly constraint?: Constraint;
}

/** What a rule found wrong; `at` is relative to the object of the rule, `found` absent means "not set". */
export interface RuleProblem {
  readonly at: Path;
  readonly found?: string;
  readonly wanted: string;
  readonly detail?: string;
}

/** Records one problem that a rule has found. */
export type Report = (problem: RuleProblem) => void;

/**
 * The TypeScript type of the values that a schema accepts, after defaults; readonly all the way down.
 * Of a schema that is known no closer than `Schema` it is unknown.
 */
export type Infer<S> = Schema extends S ? unknown : InferKnown<S>;

type InferKnown<S> =
  S extends EnumerationSchema<infer Value>
    ? Value
    : S extends StringSchema | QuantitySchema
      ? string
      : S extends IntegerSchema
        ? number
        : S extends BooleanSchema
          ? boolean
          : S extends ArraySchema<infer Items>
            ? readonly Infer<Items>[]
            : S extends MapSchema<infer Values>
              ? Readonly<Record<string, Infer<Values>>>
              : S extends ObjectSchema<infer F>
                ? InferFields<F>
                : S extends JsonSchema
                  ? InferJson<S>
                  : never;

type InferJson<S extends JsonSchema> = S["shape"] extends "object"
  ? Readonly<Record<string, unknown>>
  : unknown;

type InferField<F> = F extends { readonly kind: FieldWrapper; readonly schema: infer S }
  ? Infer<S>
  : Infer<F>;

type FieldWrapper = "optional" | "defaulted" | "empty-if-absent";

type OptionalNames<F> = {
  [Name in keyof F]: F[Name] extends OptionalField ? Name : never;
}[keyof F];

type IgnoredNames<F> = {
  [Name in keyof F]: F[Name] extends IgnoredField ? Name : never;
}[keyof F];

type InferFields<F> = string extends keyof F
  ? Readonly<Record<string, unknown>>
  : Simplify<
      {
        readonly [Name in Exclude<keyof F, OptionalNames<F> | IgnoredNames<F>>]: InferField<
          F[Name]
        >;
      } & {
        readonly [Name in OptionalNames<F>]?: InferField<F[Name]>;
      }
    >;

/** What a rule reads: a mapped type over the named fields only, because `Pick<Infer<…>>` of a generic never ends. */
type RuleValue<F, Name extends keyof F> = {
  readonly [N in Name]: InferField<F[N]> | (F[N] extends OptionalField ? undefined : never);
};

type Simplify<T> = { [Name in keyof T]: T[Name] };

/** Text of 1 to `maxLength` characters (UTF-16 units), in `format` if one is given. */
export function string(
  options: Omit<StringSchema, "kind" | "minLength"> & { readonly minLength?: number },
): StringSchema {
  return { kind: "string", minLength: 1, ...options };
}

/** A whole number from `min` to `max`, both included. */
export function integer(options: Omit<IntegerSchema, "kind">): IntegerSchema {
  return { kind: "integer", ...options };
}

/** An amount above 0, such as `500m`, `2Gi` or 4. */
export function quantity(options: Omit<QuantitySchema, "kind">): QuantitySchema {
  return { kind: "quantity", ...options };
}

/** Any JSON of at most `maxBytes`, kept as it is. */
export function json(options: Omit<JsonSchema, "kind" | "shape">) {
  return { kind: "json", shape: "any", ...options } as const satisfies JsonSchema;
}

/** A JSON object of at most `maxBytes`, kept as it is. */
export function jsonObject(options: Omit<JsonSchema, "kind" | "shape">) {
  return { kind: "json", shape: "object", ...options } as const satisfies JsonSchema;
}

/** True or false; never the strings "true" or "false". */
export function boolean(options: Omit<BooleanSchema, "kind">): BooleanSchema {
  return { kind: "boolean", ...options };
}

/** One of `values`, spelled exactly so. */
export function enumeration<const Value extends string>(
  options: Omit<EnumerationSchema<Value>, "kind">,
): EnumerationSchema<Value> {
  return { kind: "enumeration", ...options };
}

/** A list of `minItems` (0) to `maxItems` items. */
export function array<Items extends Schema>(
  options: Omit<ArraySchema<Items>, "kind" | "minItems"> & { readonly minItems?: number },
): ArraySchema<Items> {
  return { kind: "array", minItems: 0, ...options };
}

/** At most `maxProperties` free keys of one form, each with a value of one sort. */
export function map<Values extends Schema>(
  options: Omit<MapSchema<Values>, "kind">,
): MapSchema<Values> {
  return { kind: "map", ...options };
}

/** An object with exactly these fields. Throws a TypeError when a rule reads a field that does not exist. */
export function object<const F extends Fields>(options: {
  readonly description: string;
  readonly fields: F;
  readonly rules?: readonly Rule[];
}): ObjectSchema<F> {
  const rules = options.rules ?? [];
  for (const rule of rules) {
    const unknown = rule.fields.find((name) => !Object.hasOwn(options.fields, name));
    if (unknown !== undefined) {
      throw new TypeError(
        `Cannot define object schema: rule reads "${unknown}", which is no field`,
      );
    }
  }
  return { kind: "object", description: options.description, fields: options.fields, rules };
}

/** A field that may be absent. */
export function optional<S extends Schema>(schema: S): OptionalField<S> {
  return { kind: "optional", schema };
}

/** A field that is `value` when absent. Lists and maps use `emptyIfAbsent`; objects never appear by default. */
export function defaulted<S extends ScalarSchema>(schema: S, value: Infer<S>): DefaultedField<S> {
  return { kind: "defaulted", schema, default: value };
}

/** A list or map field that is empty when absent, so that readers need no second case. */
export function emptyIfAbsent<S extends ArraySchema<Schema> | MapSchema<Schema>>(
  schema: S,
): EmptyIfAbsentField<S> {
  return { kind: "empty-if-absent", schema };
}

/** A field that is accepted whatever it holds, and dropped; `schema` is what an API server accepts there. */
export function ignored(description: string, schema?: ObjectSchema<Fields>): IgnoredField {
  return { kind: "ignored", description, ...(schema !== undefined && { schema }) };
}

/** The same object with one more rule about several of its fields, typed by the fields that it names. */
export function refine<F extends Fields, const Name extends keyof F & string>(
  schema: ObjectSchema<F>,
  rule: {
    readonly description: string;
    readonly fields: readonly Name[];
    readonly check: (value: RuleValue<F, Name>, report: Report) => void;
    readonly cel?: readonly CelRule[];
    readonly constraint?: Constraint;
  },
): ObjectSchema<F> {
  // The parser calls a rule only after it has checked the fields that the rule names.
  const erased: Rule = { ...rule, check: rule.check as Rule["check"] };
  return object({ ...schema, rules: [...schema.rules, erased] });
}
