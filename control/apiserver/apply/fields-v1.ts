/**
 * FieldsV1, the JSON spelling of a field set: a member without an inside is `{}`, one with an inside has a `"."` in it.
 * Standard: k8s.io/apimachinery, meta/v1 FieldsV1.
 */
import { isJsonMap, maxJsonDepth } from "../json-tree.ts";
import type { JsonMap, JsonValue } from "../json-tree.ts";
import { childSet, compareElements, emptyFieldSet, FieldSetBuilder } from "./field-set.ts";
import type { FieldSet } from "./field-set.ts";
import { tryParseElement } from "./path-element.ts";

/** The JSON of a set, its elements in Kubernetes' order. */
export function encodeFields(set: FieldSet): JsonMap {
  const elements = [...new Set([...set.members, ...set.children.keys()])].sort(compareElements);
  return Object.fromEntries(
    elements.map((element) => {
      const inside = encodeFields(childSet(set, element));
      const isShown = set.members.has(element) && set.children.has(element);
      return [element, isShown ? { ".": {}, ...inside } : inside];
    }),
  );
}

/** The set of its JSON; undefined for what is none, or is nested deeper than any object may be. */
export function tryDecodeFields(value: JsonValue | undefined): FieldSet | undefined {
  if (!isJsonMap(value)) return undefined;
  return decodeLevel(value, 0)?.set;
}

interface Level {
  readonly set: FieldSet;
  /** Whether the element that this is the inside of is a member itself */
  readonly isMember: boolean;
}

function decodeLevel(value: JsonMap, depth: number): Level | undefined {
  if (depth > maxJsonDepth) return undefined;
  const builder = new FieldSetBuilder();
  const keys = Object.keys(value);
  for (const key of keys) {
    if (key === ".") continue;
    const element = tryParseElement(key);
    const inside = value[key];
    if (element === undefined || !isJsonMap(inside)) return undefined;
    const level = decodeLevel(inside, depth + 1);
    if (level === undefined) return undefined;
    if (level.isMember) builder.member(element);
    builder.child(element, level.set);
  }
  const set = keys.length === 0 ? emptyFieldSet : builder.build();
  return { set, isMember: keys.length === 0 || Object.hasOwn(value, ".") };
}
