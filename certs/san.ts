/**
 * From the server name an agent sent in SNI to the canonical name that may stand in a leaf, or a refusal.
 * Invariant: an accepted name is lower-case ASCII, at most 253 characters, and safe in DER, files and logs.
 */

/** Outcome of checking one server name. */
export type ServerName =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "refused"; readonly message: string };

/** RFC 1035 §2.3.4 allows 255 octets on the wire, which is 253 characters of text without the final dot. */
const MAX_NAME_CHARACTERS = 253;
const MAX_LABEL_CHARACTERS = 63;
/** Long enough to recognise a name in a log line; an agent chooses these bytes, so not longer. */
const quotedCharacters = 64;

/**
 * Checks one server name and brings it into canonical form: ASCII lower case, one trailing dot removed.
 *
 * Accepted are labels of letters, digits and inner hyphens (RFC 5890 LDH, A-labels included) and underscores:
 * host names with underscores exist in public DNS, verifiers match them, and refusing them would only break
 * the agent. Refused are IP literals and names that end in a number, which URL parsers read as IPv4
 * (RFC 6066 §3 forbids literals in SNI), wildcards, empty labels and every other character.
 */
export function parseServerName(sent: string): ServerName {
  const fault = findFault(sent);
  if (fault !== undefined) {
    return { kind: "refused", message: `Cannot mint leaf for ${quoteName(sent)}: ${fault}` };
  }
  // Only ASCII is left here: before the check, U+212A (Kelvin sign) would have become "k".
  return { kind: "name", name: withoutFinalDot(sent).toLowerCase() };
}

/** The name in double quotes for a message: printable ASCII stays, the rest is escaped, long names are cut. */
export function quoteName(name: string): string {
  let quoted = "";
  for (const character of name.slice(0, quotedCharacters)) {
    quoted += /^[ !#-[\]-~]$/.test(character) ? character : escapeCharacter(character);
  }
  return name.length <= quotedCharacters
    ? `"${quoted}"`
    : `"${quoted}…" (${name.length} characters)`;
}

function findFault(sent: string): string | undefined {
  const name = withoutFinalDot(sent);
  if (name === "") return "empty name";
  if (name.length > MAX_NAME_CHARACTERS) {
    return `length is ${name.length}, wanted at most ${MAX_NAME_CHARACTERS}`;
  }
  if (name.includes(":") || (name.startsWith("[") && name.endsWith("]"))) {
    return "IP literal, and RFC 6066 forbids those in SNI";
  }
  const labels = name.split(".");
  for (const [index, label] of labels.entries()) {
    const fault = findLabelFault(label, index + 1);
    if (fault !== undefined) return fault;
  }
  const last = labels.at(-1) ?? "";
  // "Ends in a number" as the WHATWG URL standard defines it: such hosts are IPv4 literals or invalid.
  if (/^(\d+|0[xX][0-9a-fA-F]*)$/.test(last)) {
    return "ends in a number, so it is an IP literal, and RFC 6066 forbids those in SNI";
  }
  return undefined;
}

function findLabelFault(label: string, position: number): string | undefined {
  if (label === "") return `empty label at position ${position}`;
  const odd = /[^A-Za-z0-9_-]/u.exec(label)?.[0];
  if (odd === "*") return `wildcard label at position ${position}`;
  if (odd !== undefined) {
    return `label at position ${position} has character ${quoteName(odd)}, wanted letters, digits, hyphens or underscores`;
  }
  if (label.length > MAX_LABEL_CHARACTERS) {
    return `label at position ${position} has ${label.length} characters, wanted at most ${MAX_LABEL_CHARACTERS}`;
  }
  if (label.startsWith("-") || label.endsWith("-")) {
    return `label at position ${position} starts or ends with a hyphen`;
  }
  return undefined;
}

function withoutFinalDot(name: string): string {
  return name.endsWith(".") ? name.slice(0, -1) : name;
}

function escapeCharacter(character: string): string {
  if (character === '"' || character === "\\") return `\\${character}`;
  const point = character.codePointAt(0) ?? 0;
  return point < 0x100 ? `\\x${point.toString(16).padStart(2, "0")}` : `\\u{${point.toString(16)}}`;
}
