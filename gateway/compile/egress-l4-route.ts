/**
 * EgressL4Route to draft: connections by address, name and port; and, because a name means the SNI where TLS is
 * decrypted, requests to these names. An address allows no decrypted request, except to itself on plain HTTP.
 */

import type { EgressL4Route } from "../../crds/egress-l4-route.ts";
import { isEmptySelector } from "../../crds/label-selector.ts";
import { referenceOf } from "../../crds/meta.ts";
import type { Path } from "../../crds/problem.ts";
import type { AddressGuard } from "../address-guard.ts";
import type { HostMatch, HttpMatch, L4Rule, ObjectName, PortRange } from "../snapshot.ts";
import type { Scheme } from "./authority-pattern.ts";
import { authorityPattern } from "./authority-pattern.ts";
import { anyHost, hostMatch } from "./host-match.ts";
import type { ObjectIndex } from "./object-index.ts";
import { limitConnections } from "./gateway-limits.ts";
import { notEnforced, refuseUnresolved } from "./refusal.ts";
import type { RouteDraft, RuleDraft } from "./route-draft.ts";
import { unchanged } from "./header-rewrite.ts";
import type { ExtensionFindings } from "./rule-extensions.ts";
import { judgeExtensions } from "./rule-extensions.ts";
import type { Finding } from "./status-book.ts";

type Rule = EgressL4Route["spec"]["rules"][number];
type Match = Rule["matches"][number];

/** Drafts one route. */
export function draftEgressL4Route(
  route: EgressL4Route,
  index: ObjectIndex,
  guard: AddressGuard,
): RouteDraft {
  const name = referenceOf(route);
  const drafted = route.spec.rules.map((rule, ruleIndex) =>
    draftRule(rule, ruleIndex, { name, index, guard }),
  );
  return {
    object: route,
    name,
    obstacles: drafted.flatMap(({ obstacles }) => obstacles),
    unresolved: drafted.flatMap(({ unresolved }) => unresolved),
    problems: drafted.flatMap(({ problems }) => problems),
    rules: drafted.flatMap(({ rules }) => rules),
    logging: drafted.map(({ logging }) => logging),
    l4Rules: drafted.flatMap(({ l4Rules }) => l4Rules),
  };
}

type DraftedRule = Omit<RouteDraft, "object" | "name" | "logging"> &
  Pick<ExtensionFindings, "logging">;

interface RuleOptions {
  readonly name: ObjectName;
  readonly index: ObjectIndex;
  readonly guard: AddressGuard;
}

function draftRule(rule: Rule, ruleIndex: number, options: RuleOptions): DraftedRule {
  const { name, index, guard } = options;
  const path: Path = ["spec", "rules", ruleIndex];
  const { namespace } = name;
  const extensions = judgeExtensions(rule.filters, path, {
    index,
    namespace,
  });
  const [missing] = extensions.missing;
  const deny = missing === undefined ? undefined : refuseUnresolved(name, missing);
  // Datagrams never reach this gateway: what it refuses must be what the match means, and that is not TCP.
  const matches = rule.matches.filter(({ protocol }) => protocol !== "UDP");
  return {
    obstacles: [
      ...rule.matches.flatMap((match, position) =>
        judgeMatch(match, [...path, "matches", position]),
      ),
      ...extensions.obstacles,
      ...(rule.backendRefs.length > 0 ? [notEnforced([...path, "backendRefs"])] : []),
    ],
    unresolved: extensions.missing,
    logging: extensions.logging,
    problems: matches.flatMap((match) => describeReach(match, ruleIndex)),
    rules: matches.flatMap((match) =>
      httpRules(match, ruleIndex).map((draft) => ({
        ...draft,
        logging: extensions.logging,
        limits: extensions.limits,
        ...(deny && { deny }),
      })),
    ),
    l4Rules: matches.map((match) => {
      const rule = l4Rule(match, { route: name, ruleIndex, guard });
      if (deny !== undefined) return { ...rule, verdict: "deny", reason: deny.reason };
      return limitConnections(rule, extensions.limits);
    }),
  };
}

function judgeMatch({ protocol, sourceAgents }: Match, path: Path): Finding<"Accepted">[] {
  return [
    ...(protocol === "UDP" ? [notEnforced([...path, "protocol"], "UDP")] : []),
    ...(sourceAgents !== undefined && !isEmptySelector(sourceAgents)
      ? [notEnforced([...path, "sourceAgents"])]
      : []),
  ];
}

function describeReach(match: Match, ruleIndex: number): string[] {
  const { destinationCIDRs, destinationHostnames } = match;
  if (destinationHostnames.length > 0) return [];
  const place = `spec.rules[${ruleIndex}]`;
  if (destinationCIDRs.length === 0) {
    const ports = match.ports.length === 0 ? "" : " on its ports";
    return [`${place} names no address and no host: it allows every destination${ports}`];
  }
  return [
    `${place} names addresses only: requests that the gateway reads are decided by host, so of them it allows only plain HTTP to a block of one address`,
  ];
}

function l4Rule(
  match: Match,
  options: {
    readonly route: ObjectName;
    readonly ruleIndex: number;
    readonly guard: AddressGuard;
  },
): L4Rule {
  const { route, ruleIndex, guard } = options;
  return {
    route,
    ruleIndex,
    cidrs: match.destinationCIDRs.map((cidr) => ({ cidr, namesGuarded: guard.covers(cidr) })),
    hosts: match.destinationHostnames.map(hostMatch),
    ports: portRanges(match),
    verdict: "allow",
  };
}

type PlainDraft = Omit<RuleDraft, "logging" | "limits">;

function httpRules(match: Match, ruleIndex: number): PlainDraft[] {
  const ports = portRanges(match);
  return httpHosts(match).flatMap((host) => {
    const tls = authorityPattern(host, ports, "tls");
    const plain = authorityPattern(host, ports, "plain");
    const isPlainOnly = host.kind === "ip";
    if (tls === plain && !isPlainOnly) return [httpRule(host, ruleIndex, { pattern: tls })];
    return [
      ...(isPlainOnly ? [] : [httpRule(host, ruleIndex, { pattern: tls, scheme: "tls" })]),
      httpRule(host, ruleIndex, { pattern: plain, scheme: "plain" }),
    ];
  });
}

function httpHosts({ destinationCIDRs, destinationHostnames }: Match): HostMatch[] {
  if (destinationCIDRs.length + destinationHostnames.length === 0) return [anyHost];
  const addresses = destinationCIDRs.flatMap((cidr) => singleAddress(cidr) ?? []);
  return [...destinationHostnames, ...addresses].map(hostMatch);
}

/** The address of a block that holds only one. */
function singleAddress(cidr: string): string | undefined {
  const isSingle = cidr.includes(":") ? cidr.endsWith("/128") : cidr.endsWith("/32");
  return isSingle ? cidr.slice(0, cidr.indexOf("/")) : undefined;
}

function httpRule(
  host: HostMatch,
  ruleIndex: number,
  { pattern, scheme }: { readonly pattern: string | undefined; readonly scheme?: Scheme },
): PlainDraft {
  const match: HttpMatch =
    pattern === undefined
      ? {}
      : { headers: [{ kind: "regex", name: ":authority", value: pattern }] };
  return {
    ruleIndex,
    hosts: [host],
    matches: [match],
    ...(scheme !== undefined && { scheme }),
    requestHeaders: unchanged,
    responseHeaders: unchanged,
    backends: [],
  };
}

function portRanges({ ports }: Match): PortRange[] {
  return ports.flatMap(({ port, startPort = port, endPort = port }) =>
    startPort === undefined || endPort === undefined ? [] : [{ start: startPort, end: endPort }],
  );
}
