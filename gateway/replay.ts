/**
 * Decides about recorded transactions by a snapshot, without Envoy, network or clock: the filter chains and routes are
 * those that Envoy would get (`xds/`), searched as Envoy searches them, and what the engine decides its own code says.
 * What a record does not tell is never guessed.
 */

import type { EgressRecord } from "./record.ts";
import { compileChains } from "./replay/chain-choice.ts";
import type { ChainChooser } from "./replay/chain-choice.ts";
import { connectionCases } from "./replay/connection-cases.ts";
import type { ConnectionCase } from "./replay/connection-cases.ts";
import type { ChooseRecorded } from "./replay/model-choice.ts";
import type { KnownOutcome, ReplayOutcome } from "./replay/outcome.ts";
import { denied, joinOutcomes, known, nothing } from "./replay/outcome.ts";
import { fateBeforeRules, withFate } from "./replay/recorded-fate.ts";
import { recordedRequest, unreadRequest } from "./replay/request-facts.ts";
import { RequestReplay } from "./replay/request-replay.ts";
import { RouteTable } from "./replay/route-table.ts";
import { routeNamed, RuleBook } from "./replay/rule-book.ts";
import type { GatewaySnapshot } from "./snapshot.ts";
import { tryParseDecisionKey } from "./decision-key.ts";
import { planChains } from "./xds/chain-matcher.ts";
import type { ConnectionTreatment } from "./xds/filter-chain.ts";
import { chainName } from "./xds/filter-chain.ts";
import { rawPorts } from "./xds/listener.ts";
import { routeConfiguration } from "./xds/route-configuration.ts";

export type {
  ChooseRecorded,
  RecordedCall,
  ReplayedChoice,
  ReplayedWay,
} from "./replay/model-choice.ts";
export type {
  KnownOutcome,
  ReplayedCredential,
  ReplayedDestination,
  ReplayOutcome,
  UnknownOutcome,
} from "./replay/outcome.ts";
export { ruleText } from "./replay/request-replay.ts";

/** So many kinds of connection are remembered: agents open the same ones again and again. */
const mostKnown = 16_384;

/** The chains that a connection may get, with what is missing. */
interface PossibleTreatments {
  readonly treatments: readonly ConnectionTreatment[];
  readonly missing: string | undefined;
}

/** Replays records of one EgressGateway. Throws a TypeError where its configuration holds what the replay does not know. */
export class GatewayReplay {
  readonly #gateway: GatewaySnapshot;
  readonly #chains: ChainChooser;
  readonly #treatments: ReadonlyMap<string, ConnectionTreatment>;
  readonly #rawPorts: ReadonlySet<number>;
  /** All that decides about connections */
  readonly #connectionRules: string;
  readonly #tables = new Map<string, RouteTable>();
  readonly #requests: RequestReplay;
  readonly #known = new Map<string, PossibleTreatments>();
  readonly #bytes = new Map<string, KnownOutcome>();

  constructor(gateway: GatewaySnapshot, choose: ChooseRecorded) {
    const { matcher, treatments } = planChains(gateway);
    this.#gateway = gateway;
    this.#chains = compileChains(matcher);
    this.#treatments = new Map(treatments.map((one) => [chainName(one), one]));
    this.#connectionRules = JSON.stringify([gateway.listeners, gateway.l4Rules]);
    this.#rawPorts = new Set(rawPorts(gateway));
    this.#requests = new RequestReplay({ gateway, book: new RuleBook(gateway), choose });
  }

  /** What the snapshot makes of the transaction. Limits and budgets are named and not counted. */
  decide(record: EgressRecord): ReplayOutcome {
    const fate = fateBeforeRules(record);
    if (fate !== undefined) return fate;
    const { treatments, missing } = this.#treat(record);
    const outcomes = treatments.map((treatment) => this.#take(treatment, record));
    return withFate(joinOutcomes(outcomes, { missing, by: this.#connectionRules }), record);
  }

  #treat(record: EgressRecord): PossibleTreatments {
    const { kind, listener, request, decision } = record;
    const { scheme, host, port, protocol } = request;
    const key = `${kind} ${listener} ${scheme} ${protocol} ${decision.verdict} ${port} ${host}`;
    const made = this.#known.get(key);
    if (made !== undefined) return made;
    const possible = this.#choose(connectionCases(record, this.#rawPorts));
    if (this.#known.size >= mostKnown) this.#known.clear();
    this.#known.set(key, possible);
    return possible;
  }

  #choose(cases: readonly ConnectionCase[]): PossibleTreatments {
    const found = cases.map(({ facts }) => this.#chains(facts));
    const names = new Set(found.flatMap((one) => one.names));
    const treatments = [...names].map((name) => {
      const treatment = this.#treatments.get(name);
      if (treatment === undefined) throw new TypeError(`Cannot replay: no chain "${name}"`);
      return treatment;
    });
    const missing = found.find((one) => one.missing !== undefined)?.missing?.missing;
    return {
      treatments,
      missing: missing ?? (cases.length > 1 ? "first bytes of the connection" : undefined),
    };
  }

  #take(treatment: ConnectionTreatment, record: EgressRecord): ReplayOutcome {
    switch (treatment.kind) {
      case "intercept-tls":
        return this.#read("tls", treatment.section, record);
      case "plain-http":
        return this.#read("plain", treatment.section, record);
      case "refuse":
      case "pass-address":
      case "pass-alias":
      case "pass-dialled-name":
      case "pass-server-name":
        return this.#pass(treatment.decision, treatment);
    }
  }

  #read(scheme: "tls" | "plain", section: string, record: EgressRecord): ReplayOutcome {
    const isRead = record.kind === "http";
    const request = isRead
      ? recordedRequest(record)
      : unreadRequest(record.request.host, record.kind);
    const host = this.#table(scheme, section).find(request.host);
    if (host === undefined) return denied("no-rule", null);
    return this.#requests.replay({ host, request, record });
  }

  #table(scheme: "tls" | "plain", section: string): RouteTable {
    const key = `${scheme}/${section}`;
    const made = this.#tables.get(key);
    if (made !== undefined) return made;
    const table = new RouteTable(routeConfiguration(this.#gateway, { scheme, section }));
    this.#tables.set(key, table);
    return table;
  }

  #pass(decision: string, treatment: ConnectionTreatment): KnownOutcome {
    const name = chainName(treatment);
    const made = this.#bytes.get(name);
    if (made !== undefined) return made;
    const outcome = this.#createPass(decision, treatment);
    this.#bytes.set(name, outcome);
    return outcome;
  }

  #createPass(decision: string, treatment: ConnectionTreatment): KnownOutcome {
    const key = tryParseDecisionKey(decision);
    if (key === undefined) throw new TypeError(`Cannot replay: nobody knows "${decision}"`);
    const route = routeNamed(decision);
    if (key.verdict === "deny") return denied(key.reason ?? "default-policy", route, "bytes");
    const rule = this.#gateway.l4Rules.find(
      (one) =>
        one.route.name === route?.name &&
        one.route.namespace === route.namespace &&
        one.ruleIndex === route.rule,
    );
    const { engine } = rule ?? {};
    const alias = treatment.kind === "pass-alias" ? treatment.alias : undefined;
    const address = alias === undefined ? "" : `${alias.address}:${alias.port ?? ""}`;
    return known({
      ...nothing,
      verdict: "allow",
      wouldDeny: key.wouldDeny ?? null,
      route,
      destinations: [{ backend: "", address, provider: "", model: null, weight: 1 }],
      limits: engine?.limits ?? [],
      tier: engine === undefined ? "native" : "engine",
      view: "bytes",
    });
  }
}
