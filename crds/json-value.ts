/** JSON that an object carries for others: copied, frozen, bounded in size and depth, never interpreted. */
import { invalid, valid } from "./reading.ts";
import type { Reading } from "./reading.ts";

/** Deepest nesting; Kubernetes' own decoders stop at so much too. */
const maxDepth = 64;

/** A frozen copy of a JSON value whose compact text has at most `maxBytes`, or what is wrong with it. Never throws. */
export function readJsonValue(value: unknown, maxBytes: number): Reading<unknown> {
  const copy = copyJson(value, 0);
  if (copy.kind === "invalid") return copy;
  const bytes = Buffer.byteLength(JSON.stringify(copy.value));
  return bytes > maxBytes ? invalid(`${bytes} bytes, more than ${maxBytes}`) : copy;
}

function copyJson(value: unknown, depth: number): Reading<unknown> {
  if (value === null || typeof value === "string" || typeof value === "boolean")
    return valid(value);
  if (typeof value === "number") {
    return Number.isFinite(value) ? valid(value) : invalid("a number that JSON cannot write");
  }
  if (typeof value !== "object") return invalid(`a ${typeof value}, which JSON cannot write`);
  if (depth >= maxDepth) return invalid(`nested deeper than ${maxDepth}`);
  if (Array.isArray(value)) return copyList(value, depth);
  const copy: Record<string, unknown> = Object.create(null);
  for (const [name, inner] of Object.entries(value)) {
    const reading = copyJson(inner, depth + 1);
    if (reading.kind === "invalid") return reading;
    copy[name] = reading.value;
  }
  return valid(Object.freeze(copy));
}

function copyList(items: readonly unknown[], depth: number): Reading<unknown> {
  const copy: unknown[] = [];
  for (const item of items) {
    const reading = copyJson(item, depth + 1);
    if (reading.kind === "invalid") return reading;
    copy.push(reading.value);
  }
  return valid(Object.freeze(copy));
}
