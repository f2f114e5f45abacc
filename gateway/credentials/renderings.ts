/**
 * The texts that a secret turns into on its way through programs: Base64 at every alignment, hexadecimal, escaped twice.
 * Escapes of single characters are not listed, because the search undoes them wherever they stand.
 */

/** Shorter secrets are no secret text: they occur in others by chance. */
export const SHORTEST_SECRET = 8;

/** How a rendering was made of the secret; `text` may be escaped on top of it. */
export type RenderingForm = "text" | "base64" | "hex";

/** One rendering, its bytes as Latin-1. */
export interface Rendering {
  readonly text: string;
  readonly form: RenderingForm;
}

/** Every fixed rendering of the secret as bytes, itself included, letters in one case; without repetitions. */
export function renderings(secret: string): Buffer[] {
  const forms = new Set(renderingList(secret).map(({ text }) => text));
  forms.delete("");
  return Array.from(forms, (form) => Buffer.from(form, "latin1"));
}

/** The same in a fixed order, with repetitions: renderings of two secrets stand at the same places of both lists. */
export function renderingList(secret: string): Rendering[] {
  const utf8 = Buffer.from(secret);
  const texts = [secret, jsonText(secret), jsonText(jsonText(secret)), asciiText(secret)];
  const list: Rendering[] = texts.map((text) => ({
    text: latin1(Buffer.from(text)),
    form: "text",
  }));
  // Headers may have carried it byte for byte.
  const isLatin1 = Buffer.from(secret, "latin1").toString("latin1") === secret;
  list.push({ text: isLatin1 ? secret : "", form: "text" });
  list.push({ text: utf8.toString("hex"), form: "hex" });
  for (const text of base64Forms(utf8)) {
    list.push({ text, form: "base64" });
    list.push({ text: text.replaceAll("+", "-").replaceAll("/", "_"), form: "base64" });
  }
  return list;
}

/**
 * The secrets inside a value that is sent: itself, what follows a scheme such as `Bearer`, and user and password of
 * Basic credentials (RFC 7617), which upstreams tell apart.
 */
export function secretParts(value: string): string[] {
  const parts = new Set([value, value.trim()]);
  const blank = value.trim().indexOf(" ");
  const token = value.trim().slice(blank + 1);
  if (blank > 0 && token.length >= SHORTEST_SECRET) parts.add(token);
  if (/^basic$/i.test(value.trim().slice(0, Math.max(blank, 0)))) {
    const pair = Buffer.from(token, "base64").toString();
    const colon = pair.indexOf(":");
    if (colon >= 0) parts.add(pair).add(pair.slice(colon + 1));
    // An API key as the user, with an empty password
    if (colon >= SHORTEST_SECRET) parts.add(pair.slice(0, colon));
  }
  parts.delete("");
  return [...parts];
}

/**
 * Base64 digits that the secret alone decides, for each of its three places in a group of bytes, with and without the
 * digit that is cut off when the secret ends the text. Short ones only as a text of their own: three digits say nothing.
 */
function base64Forms(bytes: Buffer): string[] {
  const whole = bytes.toString("base64").replaceAll("=", "");
  if (bytes.length < SHORTEST_SECRET) return [whole];
  return [0, 1, 2].flatMap((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString("base64")
      .replaceAll("=", "");
    const first = Math.ceil((shift * 8) / 6);
    const end = Math.floor(((shift + bytes.length) * 8) / 6);
    return [text.slice(first, end), text.slice(first)];
  });
}

function jsonText(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** JSON for readers of ASCII alone, as Python writes it. */
function asciiText(text: string): string {
  return jsonText(text).replace(/[\u0080-\uffff]/g, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

function latin1(bytes: Buffer): string {
  return bytes.toString("latin1");
}
