/**
 * What L4 rules and the default policy make of a connection, by the name it goes to, its address and its port: cases
 * in the order in which they are asked.
 */

import type { ConnectionDenyReason } from "../decision-key.ts";
import { encodeDecisionKey } from "../decision-key.ts";
import type { xds } from "../proto/gen/xds.js";
import type {
  DenyReason,
  GatewaySnapshot,
  HostAlias,
  HostMatch,
  L4Rule,
  ListenerSnapshot,
} from "../snapshot.ts";
import type { AliasNames } from "./alias-names.ts";
import { coveredAliases } from "./alias-names.ts";
import { mayMeet, partsOf, termsId } from "./connection-terms.ts";
import type { ConnectionTreatment, PassedConnection } from "./filter-chain.ts";
import { FILTER_STATE } from "./filter-state.ts";
import type { ListenerReach } from "./listener-reach.ts";
import { reachAt } from "./listener-reach.ts";
import type { Predicate } from "./match-predicate.ts";
import {
  allOf,
  anyOf,
  destinationIn,
  filterStateInput,
  fitsPattern,
  isExactly,
  not,
  transportProtocolInput,
} from "./match-predicate.ts";
import { portPattern } from "./port-pattern.ts";

type Input = xds.core.v3.ITypedExtensionConfig;

/** A condition on a connection, and its treatment when it is the first that holds. */
export interface ConnectionCase {
  readonly when: Predicate;
  readonly use: ConnectionTreatment;
}

/** How connections of one kind say where they go. */
export interface ConnectionNaming {
  readonly kind: "pass-server-name" | "pass-dialled-name";
  /** Where the bytes go unless a rule asks for an address */
  readonly name: Input;
  /** Inputs that must say a name of the rule as well */
  readonly otherNames: readonly Input[];
}

/** A listener of a gateway, and how the connections in question are named there. */
export interface ConnectionScope {
  readonly gateway: GatewaySnapshot;
  readonly listener: ListenerSnapshot;
  /** What the listener has beside the others */
  readonly reach: readonly ListenerReach[];
  readonly naming: ConnectionNaming;
  /** Those of the gateway */
  readonly aliases: readonly AliasNames[];
}

/** What happens to connections that no rule matches. */
export interface DefaultVerdict {
  readonly cases: readonly ConnectionCase[];
  readonly otherwise: ConnectionTreatment;
}

const everyAddress = ["0.0.0.0/0", "::/0"];

/** Any name but an address: that has colons, or nothing but digits and dots. */
const hostNamePattern = "(?s)[^:]*[^0-9.:][^:]*";

/** The treatment of what is refused before or beside all rules. */
export function refusal(reason: DenyReason | ConnectionDenyReason): ConnectionTreatment {
  return { kind: "refuse", decision: encodeDecisionKey({ verdict: "deny", reason }) };
}

/** Cases of the rules in their order; what a rule names must stand in all of the inputs. */
export function ruleCases(rules: readonly L4Rule[], scope: ConnectionScope): ConnectionCase[] {
  const denials: L4Rule[] = [];
  return rules.flatMap((rule) => {
    if (rule.verdict === "allow") {
      return allowedParts(rule, scope).flatMap((part) =>
        allowCases(part, { ...scope, terms: partTerms(part, denials, scope) }),
      );
    }
    const denial = denyCase(rule, scope);
    if (rule.audits === true) {
      return letBy(denial.when, rule, { ...scope, terms: openTerms([rule, ...denials], scope) });
    }
    denials.push(rule);
    return [denial];
  });
}

/** Where several names must fit a rule they may fit different parts of it. */
function allowedParts(rule: L4Rule, { naming }: ConnectionScope): readonly L4Rule[] {
  const parts = partsOf(rule);
  const isMixed = naming.otherNames.length > 0 && rule.hosts.length > 1 && parts.length > 1;
  return isMixed ? [...parts, rule] : parts;
}

function partTerms(part: L4Rule, denials: readonly L4Rule[], scope: ConnectionScope): string {
  const { hosts, cidrs, ports } = part;
  const before = denials.filter((denial) => mayMeet(denial, part));
  return termsId([...placeOf(scope, ports), { hosts, cidrs, ports }, before]);
}

/** Of what passes because nothing refuses it. */
function openTerms(denials: readonly L4Rule[], scope: ConnectionScope): string {
  return termsId([...placeOf(scope, []), denials, ruledHosts(scope.gateway)]);
}

/** What any connection to these ports is let by by: a listener that takes some from another takes the open ones, too. */
function placeOf({ gateway, listener, reach }: ConnectionScope, ports: L4Rule["ports"]) {
  const { name, shape, port } = listener;
  return [{ name, shape, port }, reachAt(reach, ports), gateway.upstream.guardedRanges];
}

/** A scope, and what connections of its cases are let by by. */
interface TermedScope extends ConnectionScope {
  readonly terms: string;
}

function allowCases(rule: L4Rule, scope: TermedScope): ConnectionCase[] {
  const { terms } = scope;
  const names =
    rule.hosts.length === 0 ? [] : inputsOf(scope).map((input) => anyHost(input, rule.hosts));
  const ports = portPredicate(rule);
  const passed = { decision: allowKey(rule), terms, ...planOf(rule) };
  const byAddress: ConnectionCase = {
    when: allOf([...names, allowedAddress(rule, scope.gateway), ...ports]),
    use: { kind: "pass-address", ...passed },
  };
  if (rule.cidrs.length > 0) return [byAddress];
  const { kind, name } = scope.naming;
  const byAlias = aliasCases(rule, scope);
  const named = names.length > 0 ? names : [fitsPattern(name, ".+")];
  const byNames: ConnectionCase = {
    when: allOf([...named, ...ports]),
    use: { kind, ...passed },
  };
  if (rule.hosts.length > 0) return [...byAlias, byNames];
  const rest = kind === "pass-server-name" ? [byNames, byAddress] : [byAddress, byNames];
  return [...byAlias, ...rest];
}

/** What the default policy makes of connections that none of the rules decides. */
export function defaultVerdict(rules: readonly L4Rule[], scope: ConnectionScope): DefaultVerdict {
  const { gateway } = scope;
  const { defaultPolicy, audits } = gateway;
  if (gateway.refusal) return { cases: [], otherwise: refusal(gateway.refusal.reason) };
  const otherwise = refusal("default-policy");
  const denials = rules.filter(({ verdict, audits }) => verdict === "deny" && audits !== true);
  const open = { ...scope, terms: openTerms(denials, scope) };
  const rest = (wouldDeny?: DenyReason) =>
    openCases(open, encodeDecisionKey({ verdict: "allow", ...(wouldDeny && { wouldDeny }) }));
  if (defaultPolicy === "allow-all") {
    const ruled = ruledNames(scope);
    const cases = ruled.flatMap((when) =>
      audits === true ? conditional(when, rest("no-rule")) : [{ when, use: refusal("no-rule") }],
    );
    return { cases: [...cases, ...rest()], otherwise };
  }
  return { cases: audits === true ? rest("default-policy") : [], otherwise };
}

/** Connections to whatever they name, but to nothing that is guarded. */
function openCases(scope: TermedScope, decision: string): ConnectionCase[] {
  const { gateway, naming, aliases, terms } = scope;
  const { kind, name } = naming;
  const unguarded = allOf([destinationIn(everyAddress), ...unguardedDestination(gateway)]);
  return [
    ...guardedCases(scope),
    ...aliases.map(({ alias, names }) => ({
      when: anyHost(name, names),
      use: toAlias(alias, naming, { decision, terms }),
    })),
    { when: fitsPattern(name, ".+"), use: { kind, decision, terms } },
    { when: unguarded, use: { kind: "pass-address", decision, terms } },
  ];
}

/** What the rule denies goes on as by default, under its name; what has no place to go stays denied. */
function letBy(when: Predicate, rule: L4Rule, scope: TermedScope): ConnectionCase[] {
  const { route, ruleIndex, reason = "deny-policy" } = rule;
  const decision = encodeDecisionKey({ verdict: "allow", wouldDeny: reason, route, ruleIndex });
  const denied = { when, use: refused(rule) };
  return [...conditional(when, openCases(scope, decision)), denied];
}

function conditional(when: Predicate, cases: readonly ConnectionCase[]): ConnectionCase[] {
  return cases.map((one) => ({ ...one, when: allOf([when, one.when]) }));
}

function inputsOf({ naming }: ConnectionScope): readonly Input[] {
  return [naming.name, ...naming.otherNames];
}

/** Names that lead to a fixed address, of those that the rule lets through: before they are looked up. */
function aliasCases(rule: L4Rule, { naming, aliases, terms }: TermedScope): ConnectionCase[] {
  const { name, otherNames } = naming;
  const others = rule.hosts.length === 0 ? [] : otherNames;
  return coveredAliases(aliases, rule.hosts).map(({ alias, names }) => ({
    when: allOf([
      anyHost(name, names),
      ...others.map((input) => anyHost(input, rule.hosts)),
      ...portPredicate(rule),
    ]),
    use: toAlias(alias, naming, { decision: allowKey(rule), terms, ...planOf(rule) }),
  }));
}

function toAlias(
  alias: HostAlias,
  naming: ConnectionNaming,
  passed: PassedConnection,
): ConnectionTreatment {
  const by = naming.kind === "pass-server-name" ? "server-name" : "dialled";
  return { kind: "pass-alias", by, alias, ...passed };
}

/** The guard stays in front of a rule unless the rule names a part of it. */
function allowedAddress({ cidrs }: L4Rule, gateway: GatewaySnapshot): Predicate {
  const open = cidrs.filter(({ namesGuarded }) => !namesGuarded).map(({ cidr }) => cidr);
  const named = cidrs.filter(({ namesGuarded }) => namesGuarded).map(({ cidr }) => cidr);
  const anywhere = cidrs.length === 0 ? everyAddress : open;
  return anyOf([
    ...(named.length > 0 ? [destinationIn(named)] : []),
    ...(anywhere.length > 0
      ? [allOf([destinationIn(anywhere), ...unguardedDestination(gateway)])]
      : []),
  ]);
}

/** Denies where any of the names fits, and also a named connection whose address is not known yet. */
function denyCase(rule: L4Rule, scope: ConnectionScope): ConnectionCase {
  const { hosts } = rule;
  const cidrs = rule.cidrs.map(({ cidr }) => cidr);
  const names =
    hosts.length === 0 ? [] : [anyOf(inputsOf(scope).map((input) => anyHost(input, hosts)))];
  const unknown = hosts.length === 0 ? [] : [not(destinationIn(everyAddress))];
  const addresses = cidrs.length === 0 ? [] : [anyOf([destinationIn(cidrs), ...unknown])];
  const all = [...names, ...addresses, ...portPredicate(rule)];
  const always = not(isExactly(transportProtocolInput(), ""));
  return {
    when: all.length === 0 ? always : allOf(all),
    use: refused(rule),
  };
}

/** Hosts whose requests rules decide: what no rule can read never goes there by default. */
function ruledHosts(gateway: GatewaySnapshot): readonly HostMatch[] {
  return gateway.hosts.flatMap(({ host, rules }) => {
    const isNamed = host.kind === "exact" || host.kind === "wildcard";
    return isNamed && rules.some(({ route }) => route.kind !== "EgressL4Route") ? [host] : [];
  });
}

function ruledNames({ gateway, naming }: ConnectionScope): Predicate[] {
  const hosts = ruledHosts(gateway);
  if (hosts.length === 0) return [];
  const patterns = hosts.map(({ kind, value }) =>
    fitsPattern(naming.name, `(?i)${kind === "wildcard" ? ".+\\." : ""}${escapeRegex(value)}\\.?`),
  );
  return [anyOf(patterns)];
}

/** What was dialled inside by its address. A name with it is looked up instead, and its addresses are guarded. */
function guardedCases({ gateway, naming }: ConnectionScope): ConnectionCase[] {
  const { guardedRanges } = gateway.upstream;
  if (guardedRanges.length === 0) return [];
  const isNamed = fitsPattern(naming.name, hostNamePattern);
  const inside = allOf([destinationIn(guardedRanges), not(isNamed)]);
  return [{ when: inside, use: refusal("guarded-address") }];
}

function unguardedDestination({ upstream: { guardedRanges } }: GatewaySnapshot): Predicate[] {
  return guardedRanges.length === 0 ? [] : [not(destinationIn(guardedRanges))];
}

function refused({ route, ruleIndex, reason = "deny-policy" }: L4Rule): ConnectionTreatment {
  const decision = encodeDecisionKey({ verdict: "deny", reason, route, ruleIndex });
  return { kind: "refuse", decision };
}

function planOf({ engine }: L4Rule): { plan?: string } {
  return engine === undefined ? {} : { plan: engine.id };
}

function allowKey({ route, ruleIndex }: L4Rule): string {
  return encodeDecisionKey({ verdict: "allow", route, ruleIndex });
}

function anyHost(input: Input, hosts: readonly HostMatch[]): Predicate {
  return anyOf(hosts.map((host) => hostPredicate(input, host)));
}

/** L4 wildcards cover exactly one label. */
function hostPredicate(input: Input, host: HostMatch): Predicate {
  switch (host.kind) {
    case "any":
      return fitsPattern(input, ".+");
    case "wildcard":
      return fitsPattern(input, `(?i)[^.]+\\.${escapeRegex(host.value)}`);
    case "exact":
    case "ip":
      return fitsPattern(input, `(?i)${escapeRegex(host.value)}`);
  }
}

function escapeRegex(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

function portPredicate({ ports }: L4Rule): Predicate[] {
  if (ports.length === 0) return [];
  return [fitsPattern(filterStateInput(FILTER_STATE.port), portPattern(ports))];
}
