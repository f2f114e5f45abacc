/**
 * One field of a header list with what is known of it alone, so that a field that comes again from the dynamic table is
 * not judged again (RFC 9113 §8.2, §8.3).
 */

/** What a field means for a request; the numbers are bits, so that a list can tell which it has seen. */
export const ROLE = {
  plain: 0,
  method: 0x1,
  scheme: 0x2,
  path: 0x4,
  authority: 0x8,
  contentLength: 0x10,
  contentType: 0x20,
  /** Must not be in any request */
  malformed: 0x40,
} as const;

/** Roles of pseudo-header fields, which come first and once. */
export const PSEUDO_ROLES = ROLE.method | ROLE.scheme | ROLE.path | ROLE.authority;

/** Counted for each field beside its text (RFC 7541 §4.1). */
const fieldOverheadBytes = 32;

/** A field; immutable, shared by all lists that hold it. */
export class HeaderField {
  readonly name: string;
  readonly value: string;
  /** Size as the dynamic table counts it, in bytes */
  readonly size: number;
  /** Bits of `ROLE` */
  readonly role: number;

  /** Name and value as Latin-1: one character a byte. */
  constructor(name: string, value: string) {
    this.name = name;
    this.value = value;
    this.size = name.length + value.length + fieldOverheadBytes;
    this.role = roleOf(name, value);
  }
}

const roles = new Map<string, number>([
  [":method", ROLE.method],
  [":scheme", ROLE.scheme],
  [":path", ROLE.path],
  [":authority", ROLE.authority],
  ["content-length", ROLE.contentLength],
  ["content-type", ROLE.contentType],
]);

/** They speak of a connection, which HTTP/2 does otherwise (§8.2.2). */
const connectionNames = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);

function roleOf(name: string, value: string): number {
  if (!isValue(value)) return ROLE.malformed;
  const role = roles.get(name);
  if (role !== undefined) return role;
  if (!isName(name) || connectionNames.has(name)) return ROLE.malformed;
  if (name === "te" && value !== "trailers") return ROLE.malformed;
  return ROLE.plain;
}

/** A token in lower case (RFC 9110 §5.1, RFC 9113 §8.2.1). */
function isName(name: string): boolean {
  return /^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(name);
}

/** No NUL, CR or LF anywhere, no blank at either end (RFC 9113 §8.2.1). */
function isValue(value: string): boolean {
  return !/[\0\r\n]|^[ \t]|[ \t]$/.test(value);
}
