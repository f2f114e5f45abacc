/** Routes that answer a refusal themselves, inside TLS and in the shape that the caller's SDK raises. */

import type { Provider } from "../../providers/provider.ts";
import type { Denial } from "../denial.ts";
import { createDenial } from "../denial.ts";
import { envoy } from "../proto/gen/xds.js";
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
  /** Printed as it is; with `isFormat`, Envoy format commands, and text from objects has passed `escapeFormat` */
  readonly message: string;
  /** Envoy compiles a format for every such route, which costs it ten times as much as a plain body */
  readonly isFormat?: true;
}

/** A route that answers without any upstream. */
export function denialRoute(options: DenialRouteOptions): Route {
  const { name, match, provider, status, reason, message } = options;
  const denial = createDenial(provider, { status, reason, message });
  return {
    name,
    match,
    directResponse: { status: denial.status, ...bodyOf(denial, options) },
    responseHeadersToAdd: [
      ...denial.headers,
      ...(options.isFormat ? [] : [{ name: "content-type", value: "application/json" }]),
    ].map(({ name: key, value }) => overwriteHeader(key, escapeFormat(value))),
  };
}

function bodyOf(
  denial: Denial,
  { isFormat }: DenialRouteOptions,
): Pick<envoy.config.route.v3.IDirectResponseAction, "body" | "bodyFormat"> {
  if (isFormat) return { bodyFormat: denialFormat(denial) };
  return { body: { inlineString: `${JSON.stringify(denial.body)}\n` } };
}

/** A header that replaces one of that name. */
export function overwriteHeader(key: string, value: string) {
  const { HeaderAppendAction } = envoy.config.core.v3.HeaderValueOption;
  return {
    header: { key, value },
    appendAction: HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD,
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
