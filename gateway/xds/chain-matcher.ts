/**
 * Which filter chain a connection gets: listeners of the EgressGateway by sniffed protocol and dialled port, then
 * L4 rules by name, address and port. All of it is decided before anything is sent upstream; what nothing allows
 * is refused, and so is a transparent connection without an identity.
 */

import type { ConnectionDenyReason } from "../decision-key.ts";
import type { xds } from "../proto/gen/xds.js";
import type { DenyReason, GatewaySnapshot, L4Rule, ListenerSnapshot } from "../snapshot.ts";
import type { AliasNames } from "./alias-names.ts";
import { aliasNames } from "./alias-names.ts";
import type { ConnectionCase, ConnectionNaming, ConnectionScope } from "./connection-rules.ts";
import { defaultVerdict, refusal, ruleCases } from "./connection-rules.ts";
import type { ConnectionTreatment } from "./filter-chain.ts";
import type { GatewaySide } from "./resource-names.ts";
import { chainName } from "./filter-chain.ts";
import {
  FILTER_STATE,
  identifiedPattern,
  unreadablePattern,
  untraceablePattern,
} from "./filter-state.ts";
import type { Sniffed } from "./listener-reach.ts";
import { candidates, fitting, lostPorts, namedPorts, reachOf } from "./listener-reach.ts";
import type { Predicate } from "./match-predicate.ts";
import {
  anyOf,
  applicationProtocolInput,
  filterStateInput,
  firstMatch,
  fitsPattern,
  isExactly,
  not,
  serverNameInput,
  transportProtocolInput,
  useChain,
} from "./match-predicate.ts";

type OnMatch = xds.type.matcher.v3.Matcher.IOnMatch;

/** The tree, and the treatments that it names: a chain must exist for each. */
export interface ChainPlan {
  readonly matcher: xds.type.matcher.v3.IMatcher;
  readonly treatments: readonly ConnectionTreatment[];
}

/** Plans the chains of one gateway, or of a side of it; the same for transparent and tunnelled connections. */
export function planChains(gateway: GatewaySnapshot, side?: GatewaySide): ChainPlan {
  const plan = new Planner(gateway, side);
  const { matcher } = firstMatch(
    [
      {
        when: anyOf([
          not(fitsPattern(filterStateInput(FILTER_STATE.caller), identifiedPattern)),
          fitsPattern(filterStateInput(FILTER_STATE.dialledHost), unreadablePattern),
          fitsPattern(filterStateInput(FILTER_STATE.trace), untraceablePattern),
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
  readonly #side: GatewaySide | undefined;

  constructor(gateway: GatewaySnapshot, side: GatewaySide | undefined) {
    this.#gateway = gateway;
    this.#side = side;
    this.#aliases = aliasNames(gateway);
    this.#usesSections = gateway.hosts.some(({ rules }) =>
      rules.some(({ sections }) => sections !== undefined),
    );
  }

  get treatments(): readonly ConnectionTreatment[] {
    return [...this.#treatments.values()];
  }

  refuse(reason: DenyReason | ConnectionDenyReason): OnMatch {
    return this.#use(refusal(reason));
  }

  /** Connections that look like this: first by the ports that listeners name, then by the others. */
  sniffed(kind: Sniffed): OnMatch {
    const listeners = fitting(this.#gateway.listeners, kind);
    return firstMatch(
      namedPorts(listeners).map((port) => ({
        when: isExactly(filterStateInput(FILTER_STATE.port), String(port)),
        use: this.#listened(kind, candidates(listeners, port)),
      })),
      this.#listened(kind, candidates(listeners, undefined)),
    );
  }

  #listened(kind: Sniffed, listeners: readonly ListenerSnapshot[]): OnMatch {
    const [winner] = listeners;
    if (winner === undefined) return this.refuse("unmatched-port");
    const listened = {
      section: winner.name,
      ...(winner.port !== undefined && { port: winner.port }),
      lostPorts: this.#usesSections ? lostPorts(winner, kind, this.#gateway.listeners) : [],
    };
    switch (winner.shape) {
      case "tls-terminate":
      case "https":
        return this.#terminated({ kind: "intercept-tls", ...listened }, listeners);
      case "http":
        return this.#use({ kind: "plain-http", ...listened });
      case "tls-passthrough":
        return this.#passedThrough(winner);
      case "tcp":
        return this.#raw(winner, kind);
    }
  }

  /** A route that names a passthrough listener of the same port takes its server names out of interception. */
  #terminated(treatment: ConnectionTreatment, listeners: readonly ListenerSnapshot[]): OnMatch {
    const others = listeners.filter(({ shape }) => shape === "tls-passthrough");
    const cases = others.flatMap((listener) => {
      const rules = this.#rules(listener, "explicit").filter(({ hosts }) => hosts.length > 0);
      return ruleCases(rules, this.#scope(listener, byServerName())).map((it) => this.#case(it));
    });
    // The name becomes that of a secret: one with a slash could be the name of a secret of ours.
    const unlikely = fitsPattern(serverNameInput(), "(?s).*[^A-Za-z0-9._-].*");
    return firstMatch(
      [...cases, { when: unlikely, use: this.refuse("no-server-name") }],
      this.#use(treatment),
    );
  }

  #passedThrough(listener: ListenerSnapshot): OnMatch {
    return this.#ruled(listener, byServerName());
  }

  #raw(listener: ListenerSnapshot, kind: Sniffed): OnMatch {
    return this.#ruled(listener, {
      kind: "pass-dialled-name",
      name: filterStateInput(FILTER_STATE.dialledHost),
      // Bytes that are TLS must also say the name that was dialled, or one name would open the way to another.
      otherNames: kind === "tls" ? [serverNameInput()] : [],
    });
  }

  #ruled(listener: ListenerSnapshot, naming: ConnectionNaming): OnMatch {
    const scope = this.#scope(listener, naming);
    const rules = this.#rules(listener, "any");
    const cases = ruleCases(rules, scope);
    const { cases: rest, otherwise } = defaultVerdict(rules, scope);
    return firstMatch(
      [...cases, ...rest].map((it) => this.#case(it)),
      this.#use(otherwise),
    );
  }

  #scope(listener: ListenerSnapshot, naming: ConnectionNaming): ConnectionScope {
    const reach = reachOf(listener, this.#gateway.listeners);
    return { gateway: this.#gateway, listener, reach, naming, aliases: this.#aliases };
  }

  #case({ when, use }: ConnectionCase) {
    return { when, use: this.#use(use) };
  }

  #rules(listener: ListenerSnapshot, attachment: "any" | "explicit"): readonly L4Rule[] {
    if (this.#gateway.refusal) return [];
    return this.#gateway.l4Rules.filter(({ sections }) =>
      sections === undefined ? attachment === "any" : sections.includes(listener.name),
    );
  }

  #use(treatment: ConnectionTreatment): OnMatch {
    const name = chainName(treatment, this.#side);
    this.#treatments.set(name, treatment);
    return useChain(name);
  }
}

function byServerName(): ConnectionNaming {
  return { kind: "pass-server-name", name: serverNameInput(), otherNames: [] };
}
