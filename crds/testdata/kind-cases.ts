/** Tables of changes to a valid object, and what the kind says about each: the form of all tests of kinds. */
import t from "tap";
import type { KindDefinition, ParseResult } from "../kind-definition.ts";

/** A place (`spec.rules.0.name`), the value put there (undefined removes it), and the messages that must follow. */
export type Row = readonly [place: string, value: unknown, ...messages: string[]];

/** One object of a table, and whether its kind takes it. */
export interface KindCase {
  readonly definition: KindDefinition<unknown>;
  readonly name: string;
  readonly value: unknown;
  readonly isValid: boolean;
}

/** Every case of the tables that this process has loaded, for those who put them to another server. */
export const kindCases: KindCase[] = [];

/** A copy of `object` with `value` at `place`; parents that are missing are made. */
export function change(object: unknown, place: string, value: unknown): unknown {
  const copy: unknown = structuredClone(object);
  const steps = place.split(".");
  const last = steps.pop() ?? "";
  let parent = copy;
  for (const [index, step] of steps.entries()) {
    if (Reflect.get(Object(parent), step) === undefined) {
      const next = steps[index + 1] ?? last;
      Reflect.set(Object(parent), step, /^\d+$/.test(next) ? [] : {});
    }
    parent = Reflect.get(Object(parent), step);
  }
  if (value === undefined) Reflect.deleteProperty(Object(parent), last);
  else Reflect.set(Object(parent), last, value);
  return copy;
}

/** The messages of a result, without those of the other outcome. */
export function messagesOf(result: ParseResult<unknown>): string[] {
  return result.kind === "invalid" ? result.problems.map(({ message }) => message) : [];
}

/** The parsed object, or a failing test that shows why there is none. */
export function expectObject<T>(result: ParseResult<T>): T {
  if (result.kind === "valid") return result.object;
  throw new Error(messagesOf(result).join("\n"));
}

/** One test for each row: the change makes the object invalid with exactly these messages. */
export function testRefusals<T>(kind: KindDefinition<T>, valid: unknown, rows: readonly Row[]): void {
  for (const [place, value, ...messages] of rows) {
    const changed = change(valid, place, value);
    addCase(kind, describe(place, value), changed, "invalid");
    t.test(`${kind.kind} parse() refuses ${describe(place, value)}`, (t) => {
      t.strictSame(messagesOf(kind.parse(changed)), messages);
      t.end();
    });
  }
}

/** One test for each place and value: the change leaves the object valid, without a warning. */
export function testAcceptance<T>(
  kind: KindDefinition<T>,
  valid: unknown,
  rows: readonly (readonly [place: string, value: unknown])[],
): void {
  for (const [place, value] of rows) {
    const changed = change(valid, place, value);
    addCase(kind, describe(place, value), changed, "valid");
    t.test(`${kind.kind} parse() accepts ${describe(place, value)}`, (t) => {
      const result = kind.parse(changed);
      t.strictSame(messagesOf(result), []);
      t.strictSame(result.kind === "valid" && result.warnings, []);
      t.end();
    });
  }
}

/** A reference to the EgressGateway that the samples attach to. */
export const parentRef = { group: "clrk.apoxy.dev", kind: "EgressGateway", name: "default" };

/** A whole object of our group around a spec. */
export function objectOf(kind: string, spec: unknown): unknown {
  return { apiVersion: "clrk.apoxy.dev/v1alpha1", kind, metadata: { name: "sample" }, spec };
}

function addCase(
  definition: KindDefinition<unknown>,
  name: string,
  value: unknown,
  outcome: "valid" | "invalid",
): void {
  kindCases.push({ definition, name, value, isValid: outcome === "valid" });
}

function describe(place: string, value: unknown): string {
  return value === undefined ? `${place} removed` : `${place} ${JSON.stringify(value).slice(0, 60)}`;
}
