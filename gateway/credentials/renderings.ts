/**
 * The texts that a secret turns into on its way through programs: Base64 at every alignment, hexadecimal, escaped twice.
 * Escapes of single characters are not listed, because the search undoes them wherever they stand.
 */

/** Shorter secrets are no secret text: they occur in others by chance. */
export const SHORTEST_SECRET = 8;

/** Every fixed rendering of the secret as bytes, itself included, letters in one case; without repetitions. */
export function renderings(secret: string): Buffer[] {
  const forms = new Set<string>();
  const utf8 = Buffer.from(secret);
  for (const text of [secret, jsonText(secret), jsonText(jsonText(secret)), asciiText(secret)]) {
    forms.add(latin1(Buffer.from(text)));
  }
  // Headers may have carried it byte for byte.
  if (Buffer.from(secret, "latin1").toString("latin1") === secret) forms.add(secret);
  forms.add(utf8.toString("hex"));
  for (const text of base64Forms(utf8)) {
    forms.add(text);
    forms.add(text.replaceAll("+", "-").replaceAll("/", "_"));
  }
  forms.delete("");
  return Array.from(forms, (form) => Buffer.from(form, "latin1"));
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
