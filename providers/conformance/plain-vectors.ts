/** Vectors made comparable in whichever of the two forms they come: how they are written is not what they say. */

import type { EmbeddingsResponse } from "../ir.ts";
import type { JsonNumber } from "../json-text.ts";
import { writeJson } from "../json-text.ts";
import type { Plain } from "./first-difference.ts";

type Vectors = EmbeddingsResponse["vectors"];

/**
 * Both lists of vectors as plain values: with all digits where both are numbers, else as 32-bit floats, which is all that
 * base64 holds.
 */
export function plainVectors(
  found: Vectors,
  wanted: Vectors,
): { readonly found: Plain; readonly wanted: Plain } {
  const isExact = [...found, ...wanted].every((vector) => typeof vector !== "string");
  const plain = isExact ? writeJson : floatsOf;
  return { found: found.map(plain), wanted: wanted.map(plain) };
}

/** Floats of a vector: little-endian in base64, or numbers. */
function floatsOf(vector: readonly JsonNumber[] | string): string {
  if (typeof vector !== "string") {
    return vector.map((one) => Math.fround(Number(writeJson(one)))).join(" ");
  }
  const bytes = Buffer.from(vector, "base64");
  if (bytes.length % 4 !== 0) return `${bytes.length} bytes`;
  return Array.from({ length: bytes.length / 4 }, (_, at) => bytes.readFloatLE(at * 4)).join(" ");
}
