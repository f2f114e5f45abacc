/**
 * Network filter that writes down, once a connection, what every request on it is held against. It comes first in
 * each chain: the filters after it and the access log read these facts.
 */

import { typedExtension } from "../any.ts";
import { envoy } from "../proto/gen/xds.js";
import { escapeFormat } from "./denial-route.ts";
import { FILTER_STATE, filterStateFormat, setFilterState } from "./filter-state.ts";

/** Where the host of a connection is read from. */
export type HostSource = "server-name" | "dialled";

/** The filter; `decision` is the key of a decision that already stands for the whole connection. */
export function connectionFacts(source: HostSource, decision?: string) {
  const host =
    source === "server-name"
      ? "%REQUESTED_SERVER_NAME%"
      : filterStateFormat(FILTER_STATE.dialledHost);
  const port = filterStateFormat(FILTER_STATE.port);
  const dialled = filterStateFormat(FILTER_STATE.dialledHost);
  const { Config } = envoy.extensions.filters.network.set_filter_state.v3;
  return typedExtension("envoy.filters.network.set_filter_state", Config, {
    onNewConnection: [
      setFilterState(FILTER_STATE.host, host),
      setFilterState(FILTER_STATE.hostPort, `${host}:${port}`),
      setFilterState(FILTER_STATE.portSuffix, `:${port}`),
      setFilterState(FILTER_STATE.dialled, dialled),
      setFilterState(FILTER_STATE.usual, `${host}|${port}|${dialled}`),
      ...(decision === undefined
        ? []
        : [setFilterState(FILTER_STATE.decision, escapeFormat(decision))]),
    ],
  });
}
