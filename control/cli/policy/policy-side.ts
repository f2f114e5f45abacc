/** A policy as it is replayed: its gateways, and what its limits and budgets have counted so far. */
import { createRecordedChoice } from "../../../extproc/recorded-choice.ts";
import type { CountedOutcome } from "../../../extproc/recorded-use.ts";
import { UseReplay } from "../../../extproc/recorded-use.ts";
import type { ParsedObject } from "../../../crds/kinds.ts";
import type { ObjectStatus } from "../../../gateway/compile.ts";
import { compile } from "../../../gateway/compile.ts";
import type { EgressRecord } from "../../../gateway/record.ts";
import type { ReplayOutcome } from "../../../gateway/replay.ts";
import { GatewayReplay } from "../../../gateway/replay.ts";
import { gatewayKey } from "../../../gateway/snapshot.ts";
import type { PriceEntry } from "../../../providers/prices.ts";

/** What a policy makes of a transaction. */
export interface SideOutcome {
  readonly outcome: ReplayOutcome;
  /** Null where nothing is counted, because the outcome is not known */
  readonly counted: CountedOutcome | null;
}

/** Placeholders are only recognised as such: their values never matter. */
const somePlaceholderKey = new Uint8Array(32);

/** One policy. */
export class PolicySide {
  readonly #gateways: ReadonlyMap<string, GatewayReplay>;
  readonly #use: UseReplay;
  /** What is to be said about each object */
  readonly statuses: readonly ObjectStatus[];

  constructor(
    objects: readonly ParsedObject[],
    {
      prices,
      addresses,
    }: { readonly prices: readonly PriceEntry[]; readonly addresses: readonly string[] },
  ) {
    const { snapshot, statuses } = compile({
      objects,
      revision: 1,
      environment: {
        ownAddresses: addresses,
        sharesLimits: true,
        placeholderKey: somePlaceholderKey,
      },
    });
    const choose = createRecordedChoice(prices);
    this.#gateways = new Map(
      snapshot.gateways.map((gateway) => [gatewayKey(gateway), new GatewayReplay(gateway, choose)]),
    );
    this.#use = new UseReplay(prices);
    this.statuses = statuses;
  }

  /** `namespace/name` of its EgressGateways. */
  get gateways(): readonly string[] {
    return [...this.#gateways.keys()];
  }

  /** What it makes of a transaction, and counts it; undefined where it has no such gateway. In order of their start. */
  decide(record: EgressRecord): SideOutcome | undefined {
    const replay = this.#gateways.get(gatewayKey(record.gateway));
    if (replay === undefined) return undefined;
    const outcome = replay.decide(record);
    const counted = outcome.kind === "known" ? this.#use.count(record, outcome) : null;
    return { outcome, counted };
  }
}
