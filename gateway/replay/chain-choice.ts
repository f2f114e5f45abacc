/**
 * Which filter chain a connection gets, worked out over the very matcher that Envoy gets, as Envoy does it: an absent input
 * matches nothing, and the first predicate that holds decides. Where a fact is missing every chain is found that it could
 * have been.
 */

import { tryUnpackAny } from "../any.ts";
import { envoy, google } from "../proto/gen/xds.js";
import type { xds } from "../proto/gen/xds.js";
import type { Missing, TextFact, Truth } from "./fact.ts";
import { allTrue, anyTrue, isMissing, notTrue } from "./fact.ts";
import { FullMatch } from "./full-match.ts";
import { inRanges } from "./ranges.ts";

/** What is known of a connection before its chain is chosen. */
export interface ConnectionFacts {
  readonly filterState?: Readonly<Record<string, TextFact>>;
  readonly tls?: boolean;
  /** As sniffed, such as `'http/1.1'` */
  readonly protocols?: TextFact;
  readonly serverName?: TextFact;
  /** Address that was dialled */
  readonly address?: TextFact;
}

/** The chains that a connection may get: one where all is known that decides. */
export interface PossibleChains {
  readonly names: readonly string[];
  /** What was missing; absent where there is one chain for sure */
  readonly missing?: Missing;
}

/** Finds the chains of a connection. */
export type ChainChooser = (facts: ConnectionFacts) => PossibleChains;

type Matcher = xds.type.matcher.v3.IMatcher;
type OnMatch = xds.type.matcher.v3.Matcher.IOnMatch;
type Predicate = xds.type.matcher.v3.Matcher.MatcherList.IPredicate;
type Single = xds.type.matcher.v3.Matcher.MatcherList.Predicate.ISinglePredicate;

type Test = (facts: ConnectionFacts) => Truth;

interface Found {
  readonly names: Set<string>;
  missing: Missing | undefined;
}

type Step = (facts: ConnectionFacts, found: Found) => void;

const inputs = envoy.extensions.matching.common_inputs.network.v3;

/** Makes the chooser of a matcher; throws a TypeError where it holds what is not known here. */
export function compileChains(matcher: Matcher): ChainChooser {
  const step = compileMatcher(matcher);
  return (facts) => {
    const found: Found = { names: new Set(), missing: undefined };
    step(facts, found);
    const names = [...found.names];
    return names.length > 1 && found.missing !== undefined
      ? { names, missing: found.missing }
      : { names };
  };
}

function compileMatcher(matcher: Matcher): Step {
  const cases = (matcher.matcherList?.matchers ?? []).map(({ predicate, onMatch }) => ({
    test: compilePredicate(predicate ?? {}),
    step: compileOnMatch(onMatch ?? {}),
  }));
  const otherwise = matcher.onNoMatch ? compileOnMatch(matcher.onNoMatch) : undefined;
  return (facts, found) => {
    for (const { test, step } of cases) {
      const truth = test(facts);
      if (truth === false) continue;
      step(facts, found);
      if (truth === true) return;
      found.missing ??= truth;
    }
    otherwise?.(facts, found);
  };
}

function compileOnMatch(onMatch: OnMatch): Step {
  if (onMatch.matcher) return compileMatcher(onMatch.matcher);
  const name = tryUnpackAny(onMatch.action?.typedConfig ?? {}, google.protobuf.StringValue)?.value;
  return (_facts, found) => {
    if (name !== undefined) found.names.add(name);
  };
}

function compilePredicate(predicate: Predicate): Test {
  const { andMatcher, orMatcher, notMatcher, singlePredicate } = predicate;
  if (andMatcher) {
    const tests = (andMatcher.predicate ?? []).map(compilePredicate);
    return (facts) => allTrue(tests, (test) => test(facts));
  }
  if (orMatcher) {
    const tests = (orMatcher.predicate ?? []).map(compilePredicate);
    return (facts) => anyTrue(tests, (test) => test(facts));
  }
  if (notMatcher) {
    const test = compilePredicate(notMatcher);
    return (facts) => notTrue(test(facts));
  }
  if (singlePredicate) return compileSingle(singlePredicate);
  throw new TypeError("Cannot evaluate predicate: it is empty");
}

function compileSingle({ input, valueMatch, customMatch }: Single): Test {
  const read = compileInput(input?.typedConfig ?? {});
  const fits = customMatch ? compileRanges(customMatch) : compileValue(valueMatch ?? {});
  return (facts) => {
    const value = read(facts);
    if (value === undefined || value === "") return false;
    return isMissing(value) ? value : fits(value);
  };
}

function compileValue({
  exact,
  safeRegex,
}: xds.type.matcher.v3.IStringMatcher): (value: string) => boolean {
  if (typeof exact === "string") return (value) => value === exact;
  if (typeof safeRegex?.regex !== "string") {
    throw new TypeError("Cannot evaluate predicate: unknown kind of match");
  }
  const expression = new FullMatch(safeRegex.regex);
  return (value) => expression.fits(value);
}

function compileRanges({ typedConfig }: xds.core.v3.ITypedExtensionConfig) {
  const { Ip } = envoy.extensions.matching.input_matchers.ip.v3;
  const ranges = tryUnpackAny(typedConfig ?? {}, Ip)?.cidrRanges;
  if (ranges === undefined) throw new TypeError("Cannot evaluate predicate: unknown custom match");
  return inRanges(
    ranges.map(({ addressPrefix, prefixLen }) => `${addressPrefix}/${prefixLen?.value ?? 0}`),
  );
}

function compileInput(any: google.protobuf.IAny): (facts: ConnectionFacts) => TextFact {
  const state = tryUnpackAny(any, inputs.FilterStateInput);
  if (state) return ({ filterState }) => filterState?.[state.key];
  if (tryUnpackAny(any, inputs.TransportProtocolInput)) {
    return ({ tls }) => (tls ? "tls" : "raw_buffer");
  }
  if (tryUnpackAny(any, inputs.ApplicationProtocolInput)) return ({ protocols }) => protocols;
  if (tryUnpackAny(any, inputs.ServerNameInput)) return ({ serverName }) => serverName;
  if (tryUnpackAny(any, inputs.DestinationIPInput)) return ({ address }) => address;
  throw new TypeError(`Cannot evaluate predicate: unknown input ${any.typeUrl}`);
}
