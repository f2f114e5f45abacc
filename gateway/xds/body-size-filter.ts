/**
 * How large bodies of requests may be: a filter of Envoy that counts what passes and holds nothing, so that a body without
 * a length is bounded as well. It comes before everything that reads bodies. Routes bring the bounds of their rules, so that
 * another bound changes no filter chain.
 */

import { packAny, typedExtension } from "../any.ts";
import { uint64 } from "../protobuf-values.ts";
import { envoy } from "../proto/gen/xds.js";
import type { GatewaySnapshot } from "../snapshot.ts";
import { HTTP_FILTER } from "./http-filter-names.ts";

type HttpFilter = envoy.extensions.filters.network.http_connection_manager.v3.IHttpFilter;

/** The filter with the gateway's own bound, and one without any, off unless a route turns it on with that of its rule. */
export function bodySizeFilters(gateway: Pick<GatewaySnapshot, "requestSize">): HttpFilter[] {
  const { Composite } = envoy.extensions.filters.http.composite.v3;
  const bytes = gateway.requestSize?.bodyBytes;
  return [
    ...(bytes === undefined ? [] : [bodySizeFilter(HTTP_FILTER.bodySize, bytes)]),
    { ...typedExtension(HTTP_FILTER.bodySizeOfRule, Composite, {}), disabled: true },
  ];
}

/**
 * Bounds bodies of a route's requests. The filter of Envoy 1.40 takes no configuration of routes but to be on or off: a
 * composite one makes it anew for each request, with the bound that the route says.
 */
export function bodySizeRouteConfig(bytes: number) {
  const { CompositePerRoute, ExecuteFilterAction } = envoy.extensions.filters.http.composite.v3;
  const action = typedExtension("bounded", ExecuteFilterAction, {
    typedConfig: bodySizeFilter(HTTP_FILTER.bodySize, bytes),
  });
  return {
    [HTTP_FILTER.bodySizeOfRule]: packAny(CompositePerRoute, {
      matcher: { onNoMatch: { action } },
    }),
  };
}

function bodySizeFilter(name: string, bytes: number) {
  const { BodySizeLimit } = envoy.extensions.filters.http.body_size_limit.v3;
  return typedExtension(name, BodySizeLimit, { maxRequestBytes: uint64(bytes) });
}
