/** The published test vectors of AWS event streams, as far as they lie beside the repository. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";

/** A message that is right, and what is in it. */
export interface MessageVector {
  readonly name: string;
  readonly encoded: Buffer;
  readonly headers: readonly VectorHeader[];
  readonly payload: Buffer;
}

/** A header as the vectors write it: types are those of the wire, bytes and texts are base64. */
export interface VectorHeader {
  readonly name: string;
  readonly type: number;
  readonly value: string | number | boolean;
}

/** A message that is broken, and which checksum tells. */
export interface BrokenVector {
  readonly name: string;
  readonly encoded: Buffer;
  readonly problem: "prelude" | "message";
}

const folder = path.join(import.meta.dirname, "../../../shared/data/eventstream");

/** Why there are no vectors here; false when there are. */
export const vectorsMissing: string | false = existsSync(folder)
  ? false
  : "the vectors are not beside the repository";

/** All messages that are right; empty where `vectorsMissing` says why. */
export function readMessageVectors(): MessageVector[] {
  return names("positive").map((name) => {
    const decoded: { headers: VectorHeader[]; payload: string } = JSON.parse(
      read(`decoded/positive/${name}`).toString(),
    );
    const { headers } = decoded;
    const payload = Buffer.from(decoded.payload, "base64");
    return { name, encoded: read(`encoded/positive/${name}`), headers, payload };
  });
}

/** All messages that are broken; empty where `vectorsMissing` says why. */
export function readBrokenVectors(): BrokenVector[] {
  return names("negative").map((name) => {
    const text = read(`decoded/negative/${name}`).toString();
    const problem = text.startsWith("Prelude checksum") ? "prelude" : "message";
    return { name, encoded: read(`encoded/negative/${name}`), problem };
  });
}

function names(sort: "positive" | "negative"): string[] {
  return vectorsMissing === false ? readdirSync(path.join(folder, "encoded", sort)) : [];
}

function read(file: string): Buffer {
  return readFileSync(path.join(folder, file));
}
