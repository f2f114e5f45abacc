/**
 * A recorded connection as the facts by which Envoy chooses its filter chain. Where the record leaves open what the first
 * bytes were there is a case for each; what else it leaves open is missing.
 */

import { isIP } from "node:net";
import type { EgressRecord } from "../record.ts";
import { FILTER_STATE } from "../xds/filter-state.ts";
import type { ConnectionFacts } from "./chain-choice.ts";
import type { Missing, TextFact } from "./fact.ts";

/** One way in which the connection may have been. */
export interface ConnectionCase {
  readonly facts: ConnectionFacts;
  readonly bytes: "tls" | "http" | "raw";
}

/** Whoever calls is identified: what is not is refused before any rule, and its record is kept as it is. */
const someCaller = "run:recorded";

const dialledName: Missing = { missing: "name that was dialled" };
const dialledAddress: Missing = { missing: "address that was dialled" };
const dialledPort: Missing = { missing: "port that was dialled" };

/** The parts of a record that say how its connection was. */
export type RecordedConnection = Pick<EgressRecord, "kind" | "listener" | "request" | "decision">;

/** The cases of a record; on `rawPorts` no first bytes are waited for. */
export function connectionCases(
  record: RecordedConnection,
  rawPorts: ReadonlySet<number>,
): readonly ConnectionCase[] {
  const { kind, request } = record;
  const { dialledHost, address } = destinationOf(record);
  const filterState = {
    [FILTER_STATE.caller]: someCaller,
    [FILTER_STATE.port]: request.port === 0 ? dialledPort : String(request.port),
    [FILTER_STATE.dialledHost]: dialledHost,
  };
  const common = { filterState, address };
  const raw: ConnectionCase = { bytes: "raw", facts: { ...common, tls: false } };
  if (rawPorts.has(request.port)) return [raw];
  const http = (protocols: string): ConnectionCase => ({
    bytes: "http",
    facts: { ...common, tls: false, protocols },
  });
  const tls = (serverName: TextFact): ConnectionCase => ({
    bytes: "tls",
    facts: { ...common, tls: true, serverName },
  });
  switch (kind) {
    case "http":
      if (request.scheme === "https") return [tls(bareHost(request.host))];
      return [http(sniffedProtocol(request.protocol))];
    case "tls":
      return [tls(request.host)];
    case "tcp":
      return [raw, http("'http/1.1'"), tls(undefined)];
  }
}

/** What the connection was dialled by, as far as the request that was let through on it proves that. */
function destinationOf({ kind, listener, request, decision }: RecordedConnection): {
  readonly dialledHost: TextFact;
  readonly address: TextFact;
} {
  const host = bareHost(request.host);
  const isAddress = isIP(host) !== 0;
  if (listener === "transparent") {
    if (kind === "tcp" && isAddress) return { dialledHost: undefined, address: host };
    const isNamed = kind === "tcp" && host !== "-";
    return { dialledHost: isNamed ? host : dialledName, address: dialledAddress };
  }
  // TLS that was refused may have said another name than was dialled: nothing had compared them.
  if (kind === "tls" && decision.verdict === "deny") {
    return { dialledHost: dialledName, address: dialledAddress };
  }
  return { dialledHost: host, address: isAddress ? host : undefined };
}

function sniffedProtocol(protocol: string): string {
  if (protocol === "HTTP/2") return "'h2c'";
  return protocol === "HTTP/1.0" ? "'http/1.0'" : "'http/1.1'";
}

/** A host as it is dialled: without the brackets of an IPv6 address. */
export function bareHost(host: string): string {
  return host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host;
}
