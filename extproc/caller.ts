/** Who calls, as Envoy quotes it into gRPC metadata: as JSON, because its parts are separated by a control character. */

/** Callers that asked lately: of one text each, so that whatever is found by them is found without reading it again. */
const known = new Map<string, string>();
const mostKnown = 1_024;

/** The caller in a value of `CLRK_HEADERS.caller`; empty where the connection proves none, for which Envoy writes `-`. */
export function readCaller(quoted: string | undefined): string {
  if (quoted === undefined || !quoted.startsWith('"')) return "";
  const caller = known.get(quoted);
  if (caller !== undefined) return caller;
  if (known.size >= mostKnown) known.clear();
  const read = parseCaller(quoted);
  known.set(quoted, read);
  return read;
}

function parseCaller(quoted: string): string {
  try {
    const caller: unknown = JSON.parse(quoted);
    return typeof caller === "string" ? caller : "";
  } catch {
    // Not of Envoy's making: such a caller has proved nothing.
    return "";
  }
}
