/** Bodies that are of no dialect, and documents whose values are of the wrong sort. */

import type { JsonObject, JsonValue } from "../json-text.ts";
import { isJsonObject } from "../json-text.ts";

/** Values that stand in for each value of a document. */
const strangeValues: readonly JsonValue[] = [null, true, 7, "text", [], {}, [[]], [null], [{}]];

/** Stands in bodies that nobody may repeat. */
export const secretWord = "hunter2-in-the-body";

/** Bodies by what they are. */
export function nonsenseBodies(): ReadonlyMap<string, Buffer> {
  const deep = `${"[".repeat(20_000)}${"]".repeat(20_000)}`;
  return new Map(
    Object.entries({
      nothing: "",
      "a blank": " ",
      HTML: `<html><body><h1>502 Bad Gateway</h1><p>${secretWord}</p></body></html>`,
      text: `upstream connect error: ${secretWord}`,
      null: "null",
      "a number": "42",
      "a text": `"${secretWord}"`,
      "an empty list": "[]",
      "an empty object": "{}",
      "an object of another API": `{"kind":"List","items":[{"word":"${secretWord}"}]}`,
      "a key of prototypes": '{"__proto__":{"model":"x"},"constructor":{"prototype":1}}',
      "JSON that is cut off": '{"model":"model-1","messages":[{"role":"us',
      "a list in lists": deep,
      "an event of nothing": "data: \n\n",
      "an event of null": "data: null\n\n",
      "an event of a list": "event: x\ndata: [1,2]\n\n",
      "an event of text": `data: ${secretWord}\n\n`,
      "a line of null": "null\n",
    }).map(([name, text]): [string, Buffer] => [name, Buffer.from(text)]),
  )
    .set("bytes that are no UTF-8", Buffer.from([0xff, 0xfe, 0x00, 0xc3, 0x28]))
    .set("binary", Buffer.from(Array.from({ length: 64 }, (_, index) => (index * 37) & 0xff)));
}

/** The document with one of its values replaced, for each value and each strange one; with its place as a path. */
export function* strangeDocuments(
  document: JsonValue,
): Generator<{ readonly at: string; readonly value: JsonValue }> {
  for (const place of placesOf(document, [])) {
    for (const strange of strangeValues) {
      yield { at: place.join("."), value: replaced(document, place, strange) };
    }
  }
}

function* placesOf(
  value: JsonValue | undefined,
  place: readonly (string | number)[],
): Generator<readonly (string | number)[]> {
  yield place;
  if (isList(value)) {
    for (const [index, element] of value.entries()) yield* placesOf(element, [...place, index]);
  } else if (isJsonObject(value)) {
    for (const [key, member] of Object.entries(value)) yield* placesOf(member, [...place, key]);
  }
}

function replaced(
  value: JsonValue | undefined,
  [step, ...rest]: readonly (string | number)[],
  strange: JsonValue,
): JsonValue {
  if (step === undefined) return strange;
  if (isList(value)) {
    return value.map((element, index) =>
      index === step ? replaced(element, rest, strange) : element,
    );
  }
  if (!isJsonObject(value)) return strange;
  const copy: Record<string, JsonValue | undefined> = { ...(value satisfies JsonObject) };
  copy[step] = replaced(value[step], rest, strange);
  return copy;
}

function isList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}
