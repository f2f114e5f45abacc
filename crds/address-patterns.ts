/**
 * IP addresses and host names as patterns, for API servers that cannot ask `readAddress` and `readHost`: each accepts
 * exactly what those accept. To be put between anchors; read alike by JavaScript and by Go.
 */

const octet = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";

const hex = "[0-9A-Fa-f]{1,4}";

const label = "[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?";

/** Four numbers from 0 to 255 without leading zeros. */
export const ipv4Pattern = `(?:${octet}\\.){3}${octet}`;

/** IPv6 in any spelling (RFC 4291 section 2.2), without zone and brackets. */
export const ipv6Pattern = `(?:${[
  `(?:${hex}:){7}${hex}`,
  `(?:${hex}:){6}${ipv4Pattern}`,
  `(?:${hex}:){1,7}:`,
  ...[1, 2, 3, 4, 5, 6].map((head) => `(?:${hex}:){${head}}(?::${hex}){1,${7 - head}}`),
  `:(?::${hex}){1,7}`,
  "::",
  ...[1, 2, 3, 4, 5].map((head) => `(?:${hex}:){${head}}(?::${hex}){0,${5 - head}}:${ipv4Pattern}`),
  `:(?::${hex}){0,5}:${ipv4Pattern}`,
].join("|")})`;

/** An address of either family. */
export const addressPattern = `(?:${ipv4Pattern}|${ipv6Pattern})`;

/** A DNS name, perhaps with a dot at its end; what ends in a number fits too, and `numericNamePattern` finds it. */
export const dnsNamePattern = `(?:${label}\\.)*${label}\\.?`;

/** An address as a host is written: IPv6 perhaps in brackets. */
export const hostAddressPattern = `(?:${ipv4Pattern}\\.?|${ipv6Pattern}|\\[${ipv6Pattern}\\])`;

/** Finds a name whose last label is a number, which resolvers take for an address. */
export const numericNamePattern = "(?:^|\\.)(?:[0-9]+|0[xX][0-9a-fA-F]*)\\.?$";

/** Finds a name of more than 253 characters, the dot at its end not counted. */
export const longNamePattern = "^(?:\\*\\.)?[^*]{253}[^.]";
