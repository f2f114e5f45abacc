/**
 * Values of Secrets as text that a header can carry. Nothing here puts a value, or any part of one, into a message.
 */

import type { ReasonOf } from "../../crds/conditions.ts";
import type { Secret } from "../../crds/secret.ts";
import { readSecretValue } from "../../crds/secret.ts";
import type { ObjectIndex } from "./object-index.ts";

/** A value, or a clause about why there is none. */
export type SecretText =
  | { readonly kind: "found"; readonly text: string; readonly note?: string }
  | {
      readonly kind: "unusable";
      readonly reason: ReasonOf<"ResolvedRefs"> & `Secret${string}`;
      readonly message: string;
    };

/** Where a value is. */
export interface SecretPlace {
  readonly namespace: string;
  readonly name: string;
  readonly key: string;
}

/**
 * Reads one value. Exactly one line end at its end is taken off, with a note: `echo` and editors add it, and no
 * header can carry it.
 */
export function readSecretText(index: ObjectIndex, place: SecretPlace): SecretText {
  const { namespace, name, key } = place;
  const label = `Secret ${namespace}/${name}`;
  const secret = index.find("Secret", namespace, name);
  if (secret === undefined) return unusable("SecretNotFound", `${label} does not exist`);
  const bytes = readBytes(secret, key);
  if (bytes === undefined) return unusable("SecretKeyNotFound", `${label} has no key "${key}"`);
  const written = bytes.toString("latin1");
  const text = written.replace(/\r?\n$/, "");
  const mistake = findMistake(text);
  if (mistake !== undefined) {
    return unusable("SecretInvalid", `key "${key}" of ${label} ${mistake}`);
  }
  if (text === written) return { kind: "found", text };
  return {
    kind: "found",
    text,
    note: `Key "${key}" of ${label} ends with a line end, which is left out`,
  };
}

function unusable(
  reason: Extract<SecretText, { kind: "unusable" }>["reason"],
  message: string,
): SecretText {
  return { kind: "unusable", reason, message };
}

function readBytes(secret: Secret, key: string): Buffer | undefined {
  const value = readSecretValue(secret, key);
  return value === undefined ? undefined : Buffer.from(value);
}

/** RFC 9110 section 5.5, without the obsolete bytes beyond ASCII, which receivers read in different ways. */
function findMistake(text: string): string | undefined {
  if (text === "") return "is empty";
  if (/[\r\n]/.test(text)) return "has a line end inside";
  if (/[^\x20-\x7e]/.test(text)) return "has a character that no header can carry";
  return text.trim() === text ? undefined : "begins or ends with a blank";
}
