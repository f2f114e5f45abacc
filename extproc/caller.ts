/** Who calls, as Envoy quotes it into gRPC metadata: as JSON, because its parts are separated by a control character. */

/** The caller in a value of `CLRK_HEADERS.caller`; empty where the connection proves none, for which Envoy writes `-`. */
export function readCaller(quoted: string | undefined): string {
  if (quoted === undefined || !quoted.startsWith('"')) return "";
  try {
    const caller: unknown = JSON.parse(quoted);
    return typeof caller === "string" ? caller : "";
  } catch {
    // Not of Envoy's making: such a caller has proved nothing.
    return "";
  }
}
