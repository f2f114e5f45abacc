/**
 * Paths that could mean another one to the upstream than to a path rule: encoded slashes and NULs, slashes in a row, which
 * many servers take for one, parameters of segments (`;x=1`), which Java servers cut off before they resolve `..`, escapes
 * that are escaped again, and what only lenient decoders take for a dot or slash. They are refused on hosts that have a
 * path rule, and only there: elsewhere they are usual (`/projects/group%2Fname`). One filter for all hosts; routes say by
 * metadata that it concerns them.
 */

import { typedExtension } from "../any.ts";
import { envoy } from "../proto/gen/xds.js";
import { encodeStruct } from "./json-struct.ts";

/** Name of the RBAC policy; Envoy's response code details carry it. */
export const ambiguousPathPolicy = "ambiguous-path";

const metadataNamespace = "clrk.apoxy.dev";
const metadataKey = "pathRules";

/**
 * Fits such a path. The path ends where the query begins; RE2 over the whole value. `%c0` and `%c1` begin nothing but overlong forms in
 * UTF-8 (RFC 3629 section 3), and `%u` is no escape of URIs at all.
 */
export const ambiguousPathExpression =
  "[^?]*(?://|;|%(?:2[fF]|5[cC]|00|3[bB]|25[0-9a-fA-F]{2}|[cC][01]|[uU])).*";

/** Matches a request with such a path. */
export function ambiguousPathMatch(): envoy.config.route.v3.IHeaderMatcher {
  return { name: ":path", stringMatch: { safeRegex: { regex: ambiguousPathExpression } } };
}

/** Metadata of routes whose host has a path rule. */
export function pathRuleMetadata(): envoy.config.core.v3.IMetadata {
  return { filterMetadata: { [metadataNamespace]: encodeStruct({ [metadataKey]: true }) } };
}

/** HTTP filter that denies ambiguous paths on those routes. */
export function ambiguousPathFilter() {
  const { RBAC } = envoy.extensions.filters.http.rbac.v3;
  const concerned = {
    sourcedMetadata: {
      metadataMatcher: {
        filter: metadataNamespace,
        path: [{ key: metadataKey }],
        value: { boolMatch: true },
      },
      metadataSource: envoy.config.rbac.v3.MetadataSource.ROUTE,
    },
  };
  const isAmbiguous = { header: ambiguousPathMatch() };
  return typedExtension("clrk.ambiguous_path", RBAC, {
    rules: {
      action: envoy.config.rbac.v3.RBAC.Action.DENY,
      policies: {
        [ambiguousPathPolicy]: {
          // The look-up comes first: most routes are not concerned, and the expression costs more.
          permissions: [{ andRules: { rules: [concerned, isAmbiguous] } }],
          principals: [{ any: true }],
        },
      },
    },
  });
}
