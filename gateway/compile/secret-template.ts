/**
 * Values of a Secret put into the template of a policy, once for each compilation, so that Envoy writes the whole as
 * one secret. Nothing here puts a value, or any part of one or of the template, into a message.
 */

import type { SimplePart, TemplatePart } from "../../crds/value-template.ts";
import { readValueTemplate } from "../../crds/value-template.ts";
import type { ObjectIndex } from "./object-index.ts";
import type { SecretBytes, UnusableSecret } from "./secret-text.ts";
import { readSecretBytes, readSecretText } from "./secret-text.ts";

/** The rendered text, with notes about its values, or a clause about why there is none. */
export type RenderedTemplate =
  | { readonly kind: "found"; readonly text: string; readonly notes: readonly string[] }
  | UnusableSecret;

/** Longer values fit no header: servers take 8 to 16 KiB, and Envoy 60 KiB for all headers of a request. */
const maxRenderedBytes = 32 * 1024;

/**
 * Renders a template, as the schema of a policy has checked it, with keys of one Secret. The result is a legal header
 * value of at most 32 KiB: the template's own text is, and each value is checked before it goes in.
 */
export function renderSecretTemplate(
  index: ObjectIndex,
  secret: { readonly namespace: string; readonly name: string },
  template: string,
): RenderedTemplate {
  const rendering: Rendering = { index, secret, notes: new Set(), bytes: 0 };
  const texts: string[] = [];
  for (const part of partsOf(template)) {
    const rendered = renderPart(rendering, part);
    if (typeof rendered !== "string") return rendered;
    texts.push(rendered);
  }
  return { kind: "found", text: texts.join(""), notes: [...rendering.notes] };
}

interface Rendering {
  readonly index: ObjectIndex;
  readonly secret: { readonly namespace: string; readonly name: string };
  readonly notes: Set<string>;
  /** Rendered until now */
  bytes: number;
}

function partsOf(template: string): readonly TemplatePart[] {
  const reading = readValueTemplate(template);
  if (reading.kind === "valid") return reading.value;
  throw new RangeError(`Cannot render template: ${reading.detail}`);
}

function renderPart(rendering: Rendering, part: TemplatePart): string | UnusableSecret {
  switch (part.kind) {
    case "text":
      return count(rendering, part.text);
    case "key": {
      const read = readSecretText(rendering.index, { ...rendering.secret, key: part.key });
      if (read.kind === "unusable") return read;
      if (read.note !== undefined) rendering.notes.add(read.note);
      return count(rendering, read.text);
    }
    case "base64":
      return renderBase64(rendering, part.parts);
  }
}

function renderBase64(rendering: Rendering, parts: readonly SimplePart[]): string | UnusableSecret {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for (const part of parts) {
    const read = readPart(rendering, part);
    if (read.kind === "unusable") return read;
    if (read.note !== undefined) rendering.notes.add(read.note);
    chunks.push(read.bytes);
    bytes += read.bytes.length;
    if (bytes > maxRenderedBytes) return tooLong(rendering);
  }
  return count(rendering, Buffer.concat(chunks).toString("base64"));
}

function readPart({ index, secret }: Rendering, part: SimplePart): SecretBytes {
  return part.kind === "text"
    ? { kind: "found", bytes: Buffer.from(part.text) }
    : readSecretBytes(index, { ...secret, key: part.key });
}

function count(rendering: Rendering, text: string): string | UnusableSecret {
  rendering.bytes += text.length;
  return rendering.bytes > maxRenderedBytes ? tooLong(rendering) : text;
}

function tooLong({ secret }: Rendering): UnusableSecret {
  const label = `Secret ${secret.namespace}/${secret.name}`;
  const message = `the template becomes longer than ${maxRenderedBytes} bytes with the values of ${label}`;
  return { kind: "unusable", reason: "SecretInvalid", message };
}
