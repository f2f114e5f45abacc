/**
 * How large bodies of requests may be: a filter of Envoy that counts what passes and holds nothing, so that a body without
 * a length is bounded as well. It comes before everything that reads bodies.
 */

import { packAny, typedExtension } from "../any.ts";
import { uint64 } from "../protobuf-values.ts";
import { envoy } from "../proto/gen/xds.js";
import type { GatewaySnapshot } from "../snapshot.ts";
import { HTTP_FILTER } from "./http-filter-names.ts";

type HttpFilter = envoy.extensions.filters.network.http_connection_manager.v3.IHttpFilter;

/** The filter with the gateway's own bound, and one for each bound of rules, off unless their routes turn it on. */
export function bodySizeFilters(gateway: GatewaySnapshot): HttpFilter[] {
  const bytes = gateway.requestSize?.bodyBytes;
  return [
    ...(bytes === undefined ? [] : [bodySizeFilter(HTTP_FILTER.bodySize, bytes)]),
    // The filter of Envoy 1.40 takes no configuration of routes but to be on or off.
    ...boundsOfRules(gateway).map((bound) => ({
      ...bodySizeFilter(nameOf(bound), bound),
      disabled: true,
    })),
  ];
}

/** Turns the filter of a bound on. */
export function bodySizeRouteConfig(bytes: number) {
  const { FilterConfig } = envoy.config.route.v3;
  return { [nameOf(bytes)]: packAny(FilterConfig, { config: {} }) };
}

function bodySizeFilter(name: string, bytes: number): HttpFilter {
  const { BodySizeLimit } = envoy.extensions.filters.http.body_size_limit.v3;
  return typedExtension(name, BodySizeLimit, { maxRequestBytes: uint64(bytes) });
}

function nameOf(bytes: number): string {
  return `${HTTP_FILTER.bodySize}.${bytes}`;
}

function boundsOfRules({ hosts }: GatewaySnapshot): readonly number[] {
  const bounds = hosts.flatMap(({ rules }) =>
    rules.flatMap(({ action }) =>
      action.kind === "forward" ? (action.maxRequestBytes ?? []) : [],
    ),
  );
  return [...new Set(bounds)].toSorted((left, right) => left - right);
}
