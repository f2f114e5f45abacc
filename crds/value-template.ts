/**
 * Templates of credentials: text with keys of one Secret in it, such as `Basic ${base64(${username}:${password})}`.
 *
 *     template = 1*( text / "$$" / key / "${base64(" 1*( text without ")" / "$$" / key ) ")}" )
 *     key      = "${" a key of the Secret "}"          text = printable ASCII without "$"; "$$" stands for "$"
 */
import { secretKeyFormat } from "./name-formats.ts";
import { invalid, valid } from "./reading.ts";
import type { Reading } from "./reading.ts";
import type { StringFormat } from "./schema.ts";

/** A part of a template that stands by itself: text as it is, or the value of a key. */
export type SimplePart =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "key"; readonly key: string };

/** A part of a template; of `base64` the parts are joined and encoded with padding (RFC 4648 section 4). */
export type TemplatePart =
  | SimplePart
  | { readonly kind: "base64"; readonly parts: readonly SimplePart[] };

const keyStart = "${";
const base64Start = "${base64(";

/** A template that names at least one key, and only such as fit `key`; a pattern for API servers. */
export function templatePattern(key: string): string {
  const named = `\\$\\{${key}\\}`;
  const inside = `[^$)]|\\$\\$|${named}`;
  const encoded = `\\$\\{base64\\((?:${inside})+\\)\\}`;
  const encodedKey = `\\$\\{base64\\((?:${inside})*${named}(?:${inside})*\\)\\}`;
  const rest = `(?:[^$]|\\$\\$|${named}|${encoded})*`;
  return `^${rest}(?:${named}|${encodedKey})${rest}$`;
}

/** A template as it is written. Details name positions, counted from 0, and never repeat the text. */
export const valueTemplateFormat: StringFormat = {
  name: "value-template",
  pattern: templatePattern("[-._a-zA-Z0-9]{1,253}"),
  constraint: { pattern: "^[!-~](?:[ -~]*[!-~])?$" },
  wanted: `a template such as "Bearer \${token}" or "Basic \${base64(\${username}:\${password})}"`,
  read(text) {
    const reading = readValueTemplate(text);
    return reading.kind === "valid" ? valid(text) : reading;
  },
};

/**
 * The parts of a template, in order, or what is wrong with it. Its own text always fits into a header value
 * (RFC 9110 section 5.5), and it names at least one key.
 */
export function readValueTemplate(template: string): Reading<readonly TemplatePart[]> {
  const strange = /[^\x20-\x7e]/.exec(template);
  if (strange) return invalid(`character at position ${strange.index} is not printable ASCII`);
  if (template.trim() !== template) return invalid("blanks at an end, which every receiver drops");
  const parts: TemplatePart[] = [];
  let position = 0;
  while (position < template.length) {
    const reading = template.startsWith(base64Start, position)
      ? readBase64(template, position)
      : readSimple(template, position, "$");
    if (reading.kind === "invalid") return reading;
    parts.push(reading.value.part);
    position = reading.value.end;
  }
  return templateKeys(parts).length === 0 ? invalid("it names no key of the Secret") : valid(parts);
}

/** Every key that the parts name, once, in the order in which they are first named. */
export function templateKeys(parts: readonly TemplatePart[]): string[] {
  const simple = parts.flatMap((part) => (part.kind === "base64" ? part.parts : [part]));
  return [...new Set(simple.flatMap((part) => (part.kind === "key" ? [part.key] : [])))];
}

/** A part, and where it ends. */
interface Read<Part> {
  readonly part: Part;
  readonly end: number;
}

function readBase64(template: string, start: number): Reading<Read<TemplatePart>> {
  const parts: SimplePart[] = [];
  let position = start + base64Start.length;
  while (position < template.length && template[position] !== ")") {
    const reading = readSimple(template, position, "$)");
    if (reading.kind === "invalid") return reading;
    parts.push(reading.value.part);
    position = reading.value.end;
  }
  if (!template.startsWith(")}", position)) {
    return invalid(`"${base64Start}" at position ${start} is not closed by ")}"`);
  }
  if (parts.length === 0) return invalid(`"${base64Start}" at position ${start} encodes nothing`);
  return valid({ part: { kind: "base64", parts }, end: position + 2 });
}

/** Reads one part; text ends before any of the characters of `stops`. */
function readSimple(template: string, start: number, stops: string): Reading<Read<SimplePart>> {
  if (template[start] !== "$") {
    let end = start + 1;
    while (end < template.length && !stops.includes(template.charAt(end))) end++;
    return valid({ part: { kind: "text", text: template.slice(start, end) }, end });
  }
  if (template[start + 1] === "$") {
    return valid({ part: { kind: "text", text: "$" }, end: start + 2 });
  }
  if (!template.startsWith(keyStart, start)) {
    return invalid(`"$" at position ${start} begins no "${keyStart}…}"; "$$" stands for "$"`);
  }
  const close = template.indexOf("}", start);
  if (close === -1) return invalid(`"${keyStart}" at position ${start} is not closed by "}"`);
  const key = template.slice(start + keyStart.length, close);
  if (key === "" || secretKeyFormat.read(key).kind === "invalid") {
    return invalid(`no Secret key after "${keyStart}" at position ${start}`);
  }
  return valid({ part: { kind: "key", key }, end: close + 1 });
}
