/** Names of HTTP filters that routes configure; a route's configuration finds its filter by this name. */

/** Filter names by what they do; ours begin with `clrk.`. */
export const HTTP_FILTER = {
  /** Holds what a request says against what its connection dialled; hosts may have a cheaper form of it */
  agreement: "envoy.filters.http.rbac",
  /** Bounds bodies of requests as the gateway says */
  bodySize: "clrk.body_size",
  /** Bounds them as a rule says; off unless a route turns it on */
  bodySizeOfRule: "clrk.body_size_of_rule",
  /** Asks the engine how many requests of the agent are open, and keeps the stream until this one ends */
  ceiling: "clrk.ceiling",
  headerMutation: "envoy.filters.http.header_mutation",
  forwardProxy: "envoy.filters.http.dynamic_forward_proxy",
  /** A second forward proxy, off unless a route turns it on: resolves hosts that a rule names by address */
  namedAddressForwardProxy: "clrk.named_address_forward_proxy",
  /** Asks the engine about a transaction; off unless a route turns it on */
  engine: "clrk.engine",
  /** The same for model calls for which the engine chooses: it sees bodies only after it has answered their headers */
  choice: "clrk.engine_choice",
  /** Has the engine write over placeholders and values, nearest to the upstream; off unless a route turns it on */
  swap: "clrk.swap",
  /** Refuses requests with a placeholder in them; off unless a gateway's routes turn it on, as all but some do */
  placeholderWatch: "clrk.placeholder_watch",
  /** Upstream filter that has the engine sign each attempt */
  attempt: "clrk.attempt",
  upstreamCodec: "envoy.filters.http.upstream_codec",
  router: "envoy.filters.http.router",
} as const;
