/**
 * Evaluates a filter chain matcher over facts of a connection, as Envoy does: an absent input matches nothing, and
 * the first predicate that holds decides.
 */
import { BlockList, isIPv6 } from "node:net";
import { tryUnpackAny } from "../any.ts";
import { envoy, google } from "../proto/gen/xds.js";
import type { xds } from "../proto/gen/xds.js";

/** What is known of a connection before its chain is chosen. */
export interface ConnectionFacts {
  readonly filterState?: Readonly<Record<string, string>>;
  readonly tls?: boolean;
  /** As sniffed, such as `'http/1.1'` */
  readonly protocols?: string;
  readonly serverName?: string;
  /** Address that was dialled */
  readonly address?: string;
}

type Matcher = xds.type.matcher.v3.IMatcher;
type OnMatch = xds.type.matcher.v3.Matcher.IOnMatch;
type Predicate = xds.type.matcher.v3.Matcher.MatcherList.IPredicate;
type Single = xds.type.matcher.v3.Matcher.MatcherList.Predicate.ISinglePredicate;

const inputs = envoy.extensions.matching.common_inputs.network.v3;

/** Name of the chain that the connection gets; undefined when the tree decides nothing. */
export function chooseChain(matcher: Matcher, facts: ConnectionFacts): string | undefined {
  for (const { predicate, onMatch } of matcher.matcherList?.matchers ?? []) {
    if (predicate && onMatch && holds(predicate, facts)) return follow(onMatch, facts);
  }
  return matcher.onNoMatch ? follow(matcher.onNoMatch, facts) : undefined;
}

function follow(onMatch: OnMatch, facts: ConnectionFacts): string | undefined {
  if (onMatch.matcher) return chooseChain(onMatch.matcher, facts);
  return tryUnpackAny(onMatch.action?.typedConfig ?? {}, google.protobuf.StringValue)?.value;
}

function holds(predicate: Predicate, facts: ConnectionFacts): boolean {
  if (predicate.andMatcher) {
    return predicate.andMatcher.predicate?.every((part) => holds(part, facts)) ?? false;
  }
  if (predicate.orMatcher) {
    return predicate.orMatcher.predicate?.some((part) => holds(part, facts)) ?? false;
  }
  if (predicate.notMatcher) return !holds(predicate.notMatcher, facts);
  if (predicate.singlePredicate) return fits(predicate.singlePredicate, facts);
  throw new TypeError("Cannot evaluate predicate: it is empty");
}

function fits({ input, valueMatch, customMatch }: Single, facts: ConnectionFacts): boolean {
  const value = inputValue(input?.typedConfig ?? {}, facts);
  if (value === undefined || value === "") return false;
  if (customMatch) {
    const { Ip } = envoy.extensions.matching.input_matchers.ip.v3;
    return inRanges(value, tryUnpackAny(customMatch.typedConfig ?? {}, Ip)?.cidrRanges ?? []);
  }
  if (typeof valueMatch?.exact === "string") return value === valueMatch.exact;
  const regex = valueMatch?.safeRegex?.regex;
  if (typeof regex === "string") return fullMatch(regex, value);
  throw new TypeError("Cannot evaluate predicate: unknown kind of match");
}

function inputValue(any: google.protobuf.IAny, facts: ConnectionFacts): string | undefined {
  const state = tryUnpackAny(any, inputs.FilterStateInput);
  if (state) return facts.filterState?.[state.key];
  if (tryUnpackAny(any, inputs.TransportProtocolInput)) return facts.tls ? "tls" : "raw_buffer";
  if (tryUnpackAny(any, inputs.ApplicationProtocolInput)) return facts.protocols;
  if (tryUnpackAny(any, inputs.ServerNameInput)) return facts.serverName;
  if (tryUnpackAny(any, inputs.DestinationIPInput)) return facts.address;
  throw new TypeError(`Cannot evaluate predicate: unknown input ${any.typeUrl}`);
}

function inRanges(address: string, ranges: readonly envoy.config.core.v3.ICidrRange[]): boolean {
  const list = new BlockList();
  const family = isIPv6(address) ? "ipv6" : "ipv4";
  for (const { addressPrefix, prefixLen } of ranges) {
    const prefix = addressPrefix ?? "";
    if (isIPv6(prefix) !== isIPv6(address)) continue;
    list.addSubnet(prefix, prefixLen?.value ?? 0, family);
  }
  return list.check(address, family);
}

/** RE2's inline flags in front become JavaScript's; the whole text must fit. */
function fullMatch(regex: string, value: string): boolean {
  const flags = /^\(\?([is]+)\)/.exec(regex);
  const body = flags ? regex.slice(flags[0].length) : regex;
  return new RegExp(`^(?:${body})$`, flags?.[1] ?? "").test(value);
}
