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
  | UnusableSecret;

/** A value by its bytes, or a clause about why there is none. */
export type SecretBytes =
  | { readonly kind: "found"; readonly bytes: Buffer; readonly note?: string }
  | UnusableSecret;

/** Why a value cannot be used. */
export interface UnusableSecret {
  readonly kind: "unusable";
  readonly reason: ReasonOf<"ResolvedRefs"> & `Secret${string}`;
  readonly message: string;
}

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
  const read = readValue(index, place, findHeaderMistake);
  if (read.kind === "unusable") return read;
  const { kind, bytes, ...note } = read;
  return { kind, text: bytes.toString("latin1"), ...note };
}

/**
 * Reads one value that is encoded before it goes into a header, so that bytes beyond ASCII and blanks at its ends are
 * fine: the user name and password of Basic authentication (RFC 7617), which hold no control characters. Otherwise as
 * `readSecretText`.
 */
export function readSecretBytes(index: ObjectIndex, place: SecretPlace): SecretBytes {
  return readValue(index, place, findControl);
}

/** Reads one value that is a document of its own, such as a key in PEM or JSON: any text but control characters. */
export function readSecretDocument(index: ObjectIndex, place: SecretPlace): SecretText {
  const read = readValue(index, place, (text) =>
    /[^\t\r\n\x20-\x7e\x80-\xff]/.test(text) ? "has a control character" : undefined,
  );
  return read.kind === "unusable" ? read : { kind: "found", text: read.bytes.toString("utf8") };
}

function readValue(
  index: ObjectIndex,
  { namespace, name, key }: SecretPlace,
  findMistake: (text: string) => string | undefined,
): SecretBytes {
  const label = `Secret ${namespace}/${name}`;
  const secret = index.find("Secret", namespace, name);
  if (secret === undefined) return unusable("SecretNotFound", `${label} does not exist`);
  const written = readBytes(secret, key);
  if (written === undefined) return unusable("SecretKeyNotFound", `${label} has no key "${key}"`);
  const text = written.toString("latin1").replace(/\r?\n$/, "");
  const mistake = text === "" ? "is empty" : findMistake(text);
  if (mistake !== undefined) {
    return unusable("SecretInvalid", `key "${key}" of ${label} ${mistake}`);
  }
  const bytes = written.subarray(0, text.length);
  if (bytes.length === written.length) return { kind: "found", bytes };
  const note = `Key "${key}" of ${label} ends with a line end, which is left out`;
  return { kind: "found", bytes, note };
}

function unusable(reason: UnusableSecret["reason"], message: string): UnusableSecret {
  return { kind: "unusable", reason, message };
}

function readBytes(secret: Secret, key: string): Buffer | undefined {
  const value = readSecretValue(secret, key);
  return value === undefined ? undefined : Buffer.from(value);
}

/** RFC 9110 section 5.5, without the obsolete bytes beyond ASCII, which receivers read in different ways. */
function findHeaderMistake(text: string): string | undefined {
  if (/[\r\n]/.test(text)) return "has a line end inside";
  if (/[^\x20-\x7e]/.test(text)) return "has a character that no header can carry";
  return text.trim() === text ? undefined : "begins or ends with a blank";
}

function findControl(text: string): string | undefined {
  if (/[\r\n]/.test(text)) return "has a line end inside";
  return /[^\x20-\x7e\x80-\xff]/.test(text) ? "has a control character" : undefined;
}
