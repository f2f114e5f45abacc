/** Routes that answer a refusal themselves, inside TLS and in the shape that the caller's SDK raises. */

import type { Provider } from "../../providers/provider.ts";
import type { Denial } from "../denial.ts";
import { createDenial } from "../denial.ts";
import type { envoy } from "../proto/gen/xds.js";
import type { DenyReason } from "../snapshot.ts";
import { encodeStruct } from "./json-struct.ts";

type Route = envoy.config.route.v3.IRoute;

/** What a denial route refuses and how it says so. */
export interface DenialRouteOptions {
  /** Key of the decision, the route's name */
  readonly name: string;
  readonly match: envoy.config.route.v3.IRouteMatch;
  readonly provider: Provider | undefined;
  readonly status: number;
  readonly reason: DenyReason;
  /** May hold Envoy format commands; text from objects must have passed `escapeFormat` */
  readonly message: string;
}

/** A route that answers without any upstream. */
export function denialRoute(options: DenialRouteOptions): Route {
  const { name, match, provider, status, reason, message } = options;
  const denial = createDenial(provider, { status, reason, message });
  return {
    name,
    match,
    directResponse: { status: denial.status, bodyFormat: denialFormat(denial) },
    responseHeadersToAdd: denial.headers.map(({ name: key, value }) => ({
      header: { key, value: escapeFormat(value) },
    })),
  };
}

/** Body of a denial as an Envoy format. */
export function denialFormat(denial: Denial): envoy.config.core.v3.ISubstitutionFormatString {
  return { jsonFormat: encodeStruct(denial.body), contentType: "application/json" };
}

/** Text that Envoy prints as it is: its formatter takes `%` as the start of a command. */
export function escapeFormat(text: string): string {
  return text.replaceAll("%", "%%");
}
