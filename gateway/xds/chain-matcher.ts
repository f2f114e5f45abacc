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
  HostMatch,
  L4Rule,
  ListenerSnapshot,
} from "../snapshot.ts";
import { FILTER_STATE, identifiedPattern } from "./filter-state.ts";
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
        when: not(fitsPattern(filterStateInput(FILTER_STATE.caller), identifiedPattern)),
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

  constructor(gateway: GatewaySnapshot) {
    this.#gateway = gateway;
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
        .map((rule) => ({
          when: this.#serverNameRule(rule),
          use: this.#use(serverNameTreatment(rule)),
        })),
    );
    return firstMatch(cases, this.#use(treatment));
  }

  #passedThrough(listener: ListenerSnapshot): OnMatch {
    const cases = this.#rules(listener, "any").flatMap((rule) => [
      ...(rule.hosts.length > 0 || rule.cidrs.length === 0
        ? [{ when: this.#serverNameRule(rule), use: this.#use(serverNameTreatment(rule)) }]
        : []),
      ...this.#addressCases(rule),
    ]);
    const named = fitsPattern(serverNameInput(), ".+");
    return firstMatch(cases, this.#defaultVerdict(named, "pass-server-name"));
  }

  #raw(listener: ListenerSnapshot, kind: Sniffed): OnMatch {
    const cases = this.#rules(listener, "any").flatMap((rule) => [
      ...this.#addressCases(rule),
      ...this.#dialledNameCases(rule, kind),
    ]);
    const named = fitsPattern(filterStateInput(FILTER_STATE.dialledHost), ".+");
    return firstMatch(cases, this.#defaultVerdict(named, "pass-dialled-name"));
  }

  #serverNameRule(rule: L4Rule): Predicate {
    const names = rule.hosts.map((host) => hostPredicate(serverNameInput(), host));
    const name = names.length > 0 ? anyOf(names) : fitsPattern(serverNameInput(), ".+");
    return allOf([name, ...portPredicate(rule)]);
  }

  /** Rules by address, and rules that name neither address nor host. */
  #addressCases(rule: L4Rule) {
    if (rule.cidrs.length === 0 && rule.hosts.length > 0) return [];
    const open = rule.cidrs.filter(({ namesGuarded }) => !namesGuarded).map(({ cidr }) => cidr);
    const named = rule.cidrs.filter(({ namesGuarded }) => namesGuarded).map(({ cidr }) => cidr);
    const anywhere = rule.cidrs.length === 0 ? ["0.0.0.0/0", "::/0"] : open;
    const ranges = [
      ...(named.length > 0 ? [destinationIn(named)] : []),
      ...(anywhere.length > 0 ? [allOf([destinationIn(anywhere), ...this.#unguarded()])] : []),
    ];
    return [
      {
        when: allOf([anyOf(ranges), ...portPredicate(rule)]),
        use: this.#use(treatmentOf(rule, "pass-address")),
      },
    ];
  }

  #dialledNameCases(rule: L4Rule, kind: Sniffed) {
    if (rule.hosts.length === 0 && rule.cidrs.length > 0) return [];
    const input = filterStateInput(FILTER_STATE.dialledHost);
    const names = rule.hosts.map((host) => hostPredicate(input, host));
    const name = names.length > 0 ? anyOf(names) : fitsPattern(input, ".+");
    // Bytes that are TLS must also say the name that was dialled, or one name would open the way to another.
    const says =
      kind === "tls" ? rule.hosts.map((host) => hostPredicate(serverNameInput(), host)) : [];
    const agreed = says.length > 0 ? [anyOf(says)] : [];
    return [
      {
        when: allOf([name, ...agreed, ...portPredicate(rule)]),
        use: this.#use(treatmentOf(rule, "pass-dialled-name")),
      },
    ];
  }

  #defaultVerdict(named: Predicate, kind: "pass-server-name" | "pass-dialled-name"): OnMatch {
    const { defaultPolicy, refusal } = this.#gateway;
    if (refusal) return this.refuse(refusal.reason);
    if (defaultPolicy === "deny-all") return this.refuse("default-policy");
    const decision = encodeDecisionKey({ verdict: "allow" });
    const unguarded = allOf([destinationIn(["0.0.0.0/0", "::/0"]), ...this.#unguarded()]);
    return firstMatch(
      [
        { when: named, use: this.#use({ kind, decision }) },
        { when: unguarded, use: this.#use({ kind: "pass-address", decision }) },
      ],
      this.refuse("default-policy"),
    );
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

function serverNameTreatment(rule: L4Rule): ConnectionTreatment {
  return treatmentOf(rule, "pass-server-name");
}

function treatmentOf(
  rule: L4Rule,
  kind: "pass-server-name" | "pass-dialled-name" | "pass-address",
): ConnectionTreatment {
  const { route, ruleIndex, verdict } = rule;
  if (verdict === "deny") {
    const reason = "deny-policy";
    return { kind: "refuse", decision: encodeDecisionKey({ verdict, reason, route, ruleIndex }) };
  }
  return { kind, decision: encodeDecisionKey({ verdict, route, ruleIndex }) };
}

/** L4 wildcards cover exactly one label. */
function hostPredicate(input: xds.core.v3.ITypedExtensionConfig, host: HostMatch): Predicate {
  if (host.kind === "wildcard") {
    return fitsPattern(input, `(?i)[^.]+\\.${escapeRegex(host.value)}`);
  }
  return fitsPattern(input, `(?i)${escapeRegex(host.value)}`);
}

function escapeRegex(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

function portPredicate({ ports }: L4Rule): Predicate[] {
  if (ports.length === 0) return [];
  return [fitsPattern(filterStateInput(FILTER_STATE.port), portPattern(ports))];
}
