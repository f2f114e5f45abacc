/**
 * Which filter chain a connection gets: listeners of the EgressGateway by sniffed protocol and dialled port, then
 * L4 rules by name, address and port. All of it is decided before anything is sent upstream; what nothing allows
 * is refused, and so is a transparent connection without an identity.
 */

import { encodeDecisionKey } from "../decision-key.ts";
import type { ConnectionDenyReason } from "../decision-key.ts";
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
import { aliasNames, coveredAliases } from "./alias-names.ts";
import { FILTER_STATE, identifiedPattern, unreadablePattern } from "./filter-state.ts";
import type { ConnectionTreatment } from "./filter-chain.ts";
import { chainName } from "./filter-chain.ts";
import type { Predicate } from "./match-predicate.ts";
import {
  allOf,
  anyOf,
  applicationProtocolInput,
  destinationIn,
  filterStateInput,
  firstMatch,
  fitsPattern,
  isExactly,
  not,
  serverNameInput,
  transportProtocolInput,
  useChain,
} from "./match-predicate.ts";
import { portPattern } from "./port-pattern.ts";

type OnMatch = xds.type.matcher.v3.Matcher.IOnMatch;
type Input = xds.core.v3.ITypedExtensionConfig;

interface Case {
  readonly when: Predicate;
  readonly use: OnMatch;
}

/** The tree, and the treatments that it names: a chain must exist for each. */
export interface ChainPlan {
  readonly matcher: xds.type.matcher.v3.IMatcher;
  readonly treatments: readonly ConnectionTreatment[];
}

/** How strongly a shape claims a connection that several listeners fit (higher wins). */
const shapePriority = {
  "tls-terminate": 5,
  https: 4,
  http: 3,
  "tls-passthrough": 2,
  tcp: 1,
} as const;

const everyAddress = ["0.0.0.0/0", "::/0"];

/** Any name but an address: that has colons, or nothing but digits and dots. */
const hostNamePattern = "(?s)[^:]*[^0-9.:][^:]*";

/** Treatments of connections that go where a name leads. */
type ByName = "pass-server-name" | "pass-dialled-name";

/** What the first bytes looked like. */
type Sniffed = "tls" | "http" | "raw";

const fits: Record<Sniffed, ReadonlySet<ListenerSnapshot["shape"]>> = {
  tls: new Set(["tls-terminate", "https", "tls-passthrough", "tcp"]),
  http: new Set(["http", "tcp"]),
  raw: new Set(["tcp"]),
};

/** Plans the chains of one gateway; the same for transparent and tunnelled connections. */
export function planChains(gateway: GatewaySnapshot): ChainPlan {
  const plan = new Planner(gateway);
  const { matcher } = firstMatch(
    [
      {
        when: anyOf([
          not(fitsPattern(filterStateInput(FILTER_STATE.caller), identifiedPattern)),
          fitsPattern(filterStateInput(FILTER_STATE.dialledHost), unreadablePattern),
        ]),
        use: plan.refuse("unidentified"),
      },
      { when: isExactly(transportProtocolInput(), "tls"), use: plan.sniffed("tls") },
      { when: isHttp(), use: plan.sniffed("http") },
    ],
    plan.sniffed("raw"),
  );
  return { matcher: matcher ?? {}, treatments: plan.treatments };
}

function isHttp(): Predicate {
  return anyOf(
    ["'http/1.0'", "'http/1.1'", "'h2c'"].map((protocol) =>
      isExactly(applicationProtocolInput(), protocol),
    ),
  );
}

/** Collects treatments while the tree is built. */
class Planner {
  readonly #gateway: GatewaySnapshot;
  readonly #treatments = new Map<string, ConnectionTreatment>();
  readonly #usesSections: boolean;
  readonly #aliases: readonly AliasNames[];

  constructor(gateway: GatewaySnapshot) {
    this.#gateway = gateway;
    this.#aliases = aliasNames(gateway);
    this.#usesSections = gateway.hosts.some(({ rules }) =>
      rules.some(({ sections }) => sections !== undefined),
    );
  }

  get treatments(): readonly ConnectionTreatment[] {
    return [...this.#treatments.values()];
  }

  refuse(reason: DenyReason | ConnectionDenyReason): OnMatch {
    return this.#use({ kind: "refuse", decision: encodeDecisionKey({ verdict: "deny", reason }) });
  }

  /** Connections that look like this: first by the ports that listeners name, then by the others. */
  sniffed(kind: Sniffed): OnMatch {
    const listeners = this.#gateway.listeners.filter(({ shape }) => fits[kind].has(shape));
    const ports = [...new Set(listeners.flatMap(({ port }) => (port === undefined ? [] : [port])))];
    return firstMatch(
      ports.map((port) => ({
        when: isExactly(filterStateInput(FILTER_STATE.port), String(port)),
        use: this.#listened(kind, candidates(listeners, port)),
      })),
      this.#listened(kind, candidates(listeners, undefined)),
    );
  }

  #listened(kind: Sniffed, listeners: readonly ListenerSnapshot[]): OnMatch {
    const [winner] = listeners;
    if (winner === undefined) return this.refuse("unmatched-port");
    const section = this.#usesSections ? winner.name : undefined;
    switch (winner.shape) {
      case "tls-terminate":
      case "https":
        return this.#terminated({ kind: "intercept-tls", section }, listeners);
      case "http":
        return this.#use({ kind: "plain-http", section });
      case "tls-passthrough":
        return this.#passedThrough(winner);
      case "tcp":
        return this.#raw(winner, kind);
    }
  }

  /** A route that names a passthrough listener of the same port takes its server names out of interception. */
  #terminated(treatment: ConnectionTreatment, listeners: readonly ListenerSnapshot[]): OnMatch {
    const others = listeners.filter(({ shape }) => shape === "tls-passthrough");
    const cases = others.flatMap((listener) =>
      this.#rules(listener, "explicit")
        .filter(({ hosts }) => hosts.length > 0)
        .flatMap((rule) => this.#serverNameCases(rule)),
    );
    // The name becomes that of a secret: one with a slash could be the name of a secret of ours.
    const unlikely = fitsPattern(serverNameInput(), "(?s).*[^A-Za-z0-9._-].*");
    return firstMatch(
      [...cases, { when: unlikely, use: this.refuse("no-server-name") }],
      this.#use(treatment),
    );
  }

  #passedThrough(listener: ListenerSnapshot): OnMatch {
    const cases = this.#rules(listener, "any").flatMap((rule) => this.#serverNameCases(rule));
    return firstMatch(cases, this.#defaultVerdict(serverNameInput(), "pass-server-name"));
  }

  #raw(listener: ListenerSnapshot, kind: Sniffed): OnMatch {
    const dialled = filterStateInput(FILTER_STATE.dialledHost);
    // Bytes that are TLS must also say the name that was dialled, or one name would open the way to another.
    const inputs = kind === "tls" ? [dialled, serverNameInput()] : [dialled];
    const cases = this.#rules(listener, "any").flatMap((rule) =>
      this.#cases(rule, inputs, "pass-dialled-name"),
    );
    return firstMatch(cases, this.#defaultVerdict(dialled, "pass-dialled-name"));
  }

  #serverNameCases(rule: L4Rule): Case[] {
    return this.#cases(rule, [serverNameInput()], "pass-server-name");
  }

  /** A rule whose name must stand in all of the inputs; the first says where bytes of a rule without address go. */
  #cases(rule: L4Rule, inputs: readonly Input[], byName: ByName): Case[] {
    if (rule.verdict === "deny") return [this.#denyCase(rule, inputs)];
    const names = rule.hosts.length === 0 ? [] : inputs.map((input) => anyHost(input, rule.hosts));
    const ports = portPredicate(rule);
    const byAddress = {
      when: allOf([...names, this.#allowedAddress(rule), ...ports]),
      use: this.#use(treatmentOf(rule, "pass-address")),
    };
    if (rule.cidrs.length > 0) return [byAddress];
    const [first] = inputs;
    const byAlias = this.#aliasCases(rule, inputs, byName);
    const named = names.length > 0 || first === undefined ? names : [fitsPattern(first, ".+")];
    const byNames = {
      when: allOf([...named, ...ports]),
      use: this.#use(treatmentOf(rule, byName)),
    };
    if (rule.hosts.length > 0) return [...byAlias, byNames];
    const rest = byName === "pass-server-name" ? [byNames, byAddress] : [byAddress, byNames];
    return [...byAlias, ...rest];
  }

  /** Names that lead to a fixed address, of those that the rule lets through: before they are looked up. */
  #aliasCases(rule: L4Rule, [first, ...others]: readonly Input[], byName: ByName): Case[] {
    if (first === undefined) return [];
    return coveredAliases(this.#aliases, rule.hosts).map(({ alias, names }) => ({
      when: allOf([
        anyHost(first, names),
        ...(rule.hosts.length === 0 ? [] : others.map((input) => anyHost(input, rule.hosts))),
        ...portPredicate(rule),
      ]),
      use: this.#use(aliasTreatment(alias, byName, allowKey(rule))),
    }));
  }

  /** The guard stays in front of a rule unless the rule names a part of it. */
  #allowedAddress({ cidrs }: L4Rule): Predicate {
    const open = cidrs.filter(({ namesGuarded }) => !namesGuarded).map(({ cidr }) => cidr);
    const named = cidrs.filter(({ namesGuarded }) => namesGuarded).map(({ cidr }) => cidr);
    const anywhere = cidrs.length === 0 ? everyAddress : open;
    return anyOf([
      ...(named.length > 0 ? [destinationIn(named)] : []),
      ...(anywhere.length > 0 ? [allOf([destinationIn(anywhere), ...this.#unguarded()])] : []),
    ]);
  }

  /** Denies where any of the names fits, and also a named connection whose address is not known yet. */
  #denyCase(rule: L4Rule, inputs: readonly Input[]): Case {
    const { hosts } = rule;
    const cidrs = rule.cidrs.map(({ cidr }) => cidr);
    const names = hosts.length === 0 ? [] : [anyOf(inputs.map((input) => anyHost(input, hosts)))];
    const unknown = hosts.length === 0 ? [] : [not(destinationIn(everyAddress))];
    const addresses = cidrs.length === 0 ? [] : [anyOf([destinationIn(cidrs), ...unknown])];
    const all = [...names, ...addresses, ...portPredicate(rule)];
    const always = not(isExactly(transportProtocolInput(), ""));
    return {
      when: all.length === 0 ? always : allOf(all),
      use: this.#use(treatmentOf(rule, "pass-address")),
    };
  }

  #defaultVerdict(name: Input, kind: ByName): OnMatch {
    const { defaultPolicy, refusal } = this.#gateway;
    if (refusal) return this.refuse(refusal.reason);
    if (defaultPolicy === "deny-all") return this.refuse("default-policy");
    const decision = encodeDecisionKey({ verdict: "allow" });
    const unguarded = allOf([destinationIn(everyAddress), ...this.#unguarded()]);
    return firstMatch(
      [
        ...this.#ruledCases(name),
        ...this.#guardedCases(name),
        ...this.#aliases.map(({ alias, names }) => ({
          when: anyHost(name, names),
          use: this.#use(aliasTreatment(alias, kind, decision)),
        })),
        { when: fitsPattern(name, ".+"), use: this.#use({ kind, decision }) },
        { when: unguarded, use: this.#use({ kind: "pass-address", decision }) },
      ],
      this.refuse("default-policy"),
    );
  }

  /** Hosts whose requests rules decide: what no rule can read never goes there by default. */
  #ruledCases(name: Input): Case[] {
    const hosts = this.#gateway.hosts.filter(
      ({ host, rules }) =>
        (host.kind === "exact" || host.kind === "wildcard") &&
        rules.some(({ route }) => route.kind !== "EgressL4Route"),
    );
    if (hosts.length === 0) return [];
    const patterns = hosts.map(({ host: { kind, value } }) =>
      fitsPattern(name, `(?i)${kind === "wildcard" ? ".+\\." : ""}${escapeRegex(value)}\\.?`),
    );
    return [{ when: anyOf(patterns), use: this.refuse("no-rule") }];
  }

  /** What was dialled inside by its address. A name with it is looked up instead, and its addresses are guarded. */
  #guardedCases(name: Input): Case[] {
    const { guardedRanges } = this.#gateway.upstream;
    if (guardedRanges.length === 0) return [];
    const inside = allOf([destinationIn(guardedRanges), not(fitsPattern(name, hostNamePattern))]);
    return [{ when: inside, use: this.refuse("guarded-address") }];
  }

  #unguarded(): Predicate[] {
    const { guardedRanges } = this.#gateway.upstream;
    return guardedRanges.length === 0 ? [] : [not(destinationIn(guardedRanges))];
  }

  #rules(listener: ListenerSnapshot, attachment: "any" | "explicit"): readonly L4Rule[] {
    if (this.#gateway.refusal) return [];
    return this.#gateway.l4Rules.filter(({ sections }) =>
      sections === undefined ? attachment === "any" : sections.includes(listener.name),
    );
  }

  #use(treatment: ConnectionTreatment): OnMatch {
    const name = chainName(treatment);
    this.#treatments.set(name, treatment);
    return useChain(name);
  }
}

/** Listeners for a dialled port, strongest first: one that names the port, then by shape. */
function candidates(
  listeners: readonly ListenerSnapshot[],
  port: number | undefined,
): readonly ListenerSnapshot[] {
  return listeners
    .filter((listener) => listener.port === undefined || listener.port === port)
    .sort(
      (a, b) =>
        Number(b.port !== undefined) - Number(a.port !== undefined) ||
        shapePriority[b.shape] - shapePriority[a.shape],
    );
}

function treatmentOf(rule: L4Rule, kind: ByName | "pass-address"): ConnectionTreatment {
  const { route, ruleIndex, verdict } = rule;
  if (verdict === "deny") {
    const { reason = "deny-policy" } = rule;
    return { kind: "refuse", decision: encodeDecisionKey({ verdict, reason, route, ruleIndex }) };
  }
  return { kind, decision: allowKey(rule) };
}

function allowKey({ route, ruleIndex }: L4Rule): string {
  return encodeDecisionKey({ verdict: "allow", route, ruleIndex });
}

function aliasTreatment(alias: HostAlias, byName: ByName, decision: string): ConnectionTreatment {
  const by = byName === "pass-server-name" ? "server-name" : "dialled";
  return { kind: "pass-alias", by, alias, decision };
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
