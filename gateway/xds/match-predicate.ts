/** Small builders for xDS matcher trees over facts of a connection (xds.type.matcher.v3.Matcher). */

import { typedExtension } from "../any.ts";
import type { CanaryShare } from "../canary-share.ts";
import { shareParts, shareThreshold } from "../canary-share.ts";
import { envoy, google } from "../proto/gen/xds.js";
import type { xds } from "../proto/gen/xds.js";
import { parseRange } from "./cluster.ts";
import { FILTER_STATE } from "./filter-state.ts";

/** A condition on a connection. */
export type Predicate = xds.type.matcher.v3.Matcher.MatcherList.IPredicate;

type Matcher = xds.type.matcher.v3.IMatcher;
type OnMatch = xds.type.matcher.v3.Matcher.IOnMatch;
type Input = xds.core.v3.ITypedExtensionConfig;

/** First condition that holds decides; none: `otherwise`. */
export function firstMatch(
  cases: readonly { readonly when: Predicate; readonly use: OnMatch }[],
  otherwise: OnMatch,
): OnMatch {
  if (cases.length === 0) return otherwise;
  const matchers = cases.map(({ when, use }) => ({ predicate: when, onMatch: use }));
  const matcher: Matcher = { matcherList: { matchers }, onNoMatch: otherwise };
  return { matcher };
}

/** Ends the search with the filter chain of that name. */
export function useChain(name: string): OnMatch {
  return { action: typedExtension(name, google.protobuf.StringValue, { value: name }) };
}

/** All conditions; at least one is given. */
export function allOf(predicates: readonly Predicate[]): Predicate {
  const [only] = predicates;
  if (predicates.length === 1 && only !== undefined) return only;
  return { andMatcher: { predicate: [...predicates] } };
}

/** Any of the conditions; at least one is given. */
export function anyOf(predicates: readonly Predicate[]): Predicate {
  const [only] = predicates;
  if (predicates.length === 1 && only !== undefined) return only;
  return { orMatcher: { predicate: [...predicates] } };
}

/** The opposite of a condition; true also where its input is absent. */
export function not(predicate: Predicate): Predicate {
  return { notMatcher: predicate };
}

/** Exact text of an input. */
export function isExactly(input: Input, value: string): Predicate {
  return { singlePredicate: { input, valueMatch: { exact: value } } };
}

/** RE2 over the whole text of an input. */
export function fitsPattern(input: Input, regex: string): Predicate {
  return { singlePredicate: { input, valueMatch: { safeRegex: { regex, googleRe2: {} } } } };
}

/** The destination address lies in one of the ranges; false where the connection was not dialled by address. */
export function destinationIn(ranges: readonly string[]): Predicate {
  const { Ip } = envoy.extensions.matching.input_matchers.ip.v3;
  const cidrRanges = ranges.map(parseRange);
  return {
    singlePredicate: {
      input: destinationIpInput(),
      customMatch: typedExtension("envoy.matching.matchers.ip", Ip, {
        cidrRanges,
        statPrefix: "destination",
      }),
    },
  };
}

/** The agent is in the share; false where the connection proved none. */
export function isInShare(share: CanaryShare): Predicate {
  const { ConsistentHashing } = envoy.extensions.matching.input_matchers.consistent_hashing.v3;
  return {
    singlePredicate: {
      input: filterStateInput(FILTER_STATE.agent),
      customMatch: typedExtension("envoy.matching.matchers.consistent_hashing", ConsistentHashing, {
        threshold: shareThreshold(share),
        modulo: shareParts,
        seed: share.seed,
      }),
    },
  };
}

/** Input: a string in filter state. */
export function filterStateInput(key: string): Input {
  const { FilterStateInput } = envoy.extensions.matching.common_inputs.network.v3;
  return typedExtension("filter_state", FilterStateInput, { key });
}

/** Input: `tls` or `raw_buffer`, as sniffed. */
export function transportProtocolInput(): Input {
  const { TransportProtocolInput } = envoy.extensions.matching.common_inputs.network.v3;
  return typedExtension("transport_protocol", TransportProtocolInput, {});
}

/** Input: comma-separated quoted protocols, as sniffed. */
export function applicationProtocolInput(): Input {
  const { ApplicationProtocolInput } = envoy.extensions.matching.common_inputs.network.v3;
  return typedExtension("application_protocol", ApplicationProtocolInput, {});
}

/** Input: TLS server name in lower case. */
export function serverNameInput(): Input {
  const { ServerNameInput } = envoy.extensions.matching.common_inputs.network.v3;
  return typedExtension("server_name", ServerNameInput, {});
}

function destinationIpInput(): Input {
  const { DestinationIPInput } = envoy.extensions.matching.common_inputs.network.v3;
  return typedExtension("destination_ip", DestinationIPInput, {});
}
