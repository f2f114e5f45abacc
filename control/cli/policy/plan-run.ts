/** One replay of recorded transactions through a policy, beside another one or beside what the records say. */
import type { EgressRecord } from "../../../gateway/record.ts";
import { gatewayKey } from "../../../gateway/snapshot.ts";
import type { DifferenceKind } from "./difference.ts";
import { differenceKinds, differencesOf, recordedSide, replayedSide } from "./difference.ts";
import type { KindSummary } from "./difference-tally.ts";
import { DifferenceTally } from "./difference-tally.ts";
import type { PolicySide } from "./policy-side.ts";
import { seeded } from "./reservoir.ts";

/** What is replayed. */
export interface PlanRunOptions {
  /** In the order in which the transactions began */
  readonly records: AsyncIterable<EgressRecord>;
  readonly changed: PolicySide;
  /** Undefined: what the records say happened */
  readonly against: PolicySide | undefined;
  /** Only those of this gateway, `namespace/name` or `name`; undefined: of all */
  readonly gateway: string | undefined;
  /** Draws the examples */
  readonly seed: number;
  /** Told now and then how many records were replayed */
  readonly onProgress: (records: number) => void;
}

/** What came out. */
export interface PlanSummary {
  readonly records: number;
  /** Of no difference at all */
  readonly same: number;
  /** Of gateways that one of the policies does not have */
  readonly otherGateways: number;
  /** Calls under a budget of which nobody knows what they used */
  readonly uncounted: number;
  /** By the missing fact, those of `unknown` among the differences */
  readonly differences: readonly KindSummary[];
  /** ISO 8601 of the first and last one; null where there is none */
  readonly from: string | null;
  readonly to: string | null;
}

const progressEvery = 4_096;

/** Replays all records; rejects as reading them does. */
export async function runPlan(options: PlanRunOptions): Promise<PlanSummary> {
  const { records, onProgress, gateway } = options;
  const run = new PlanRun(options);
  let read = 0;
  for await (const record of records) {
    if (++read % progressEvery === 0) onProgress(read);
    if (gateway === undefined || isGateway(record, gateway)) run.add(record);
  }
  onProgress(read);
  return run.summary();
}

function isGateway({ gateway }: EgressRecord, wanted: string): boolean {
  return wanted === gateway.name || wanted === gatewayKey(gateway);
}

class PlanRun {
  readonly #changed: PolicySide;
  readonly #against: PolicySide | undefined;
  readonly #tally: DifferenceTally;
  #records = 0;
  #same = 0;
  #otherGateways = 0;
  #uncounted = 0;
  #from: string | null = null;
  #to: string | null = null;

  constructor({ changed, against, seed }: PlanRunOptions) {
    this.#changed = changed;
    this.#against = against;
    this.#tally = new DifferenceTally(seeded(seed));
  }

  add(record: EgressRecord): void {
    this.#records++;
    this.#from ??= record.time;
    this.#to = record.time;
    const after = this.#changed.decide(record);
    const before = this.#against?.decide(record);
    if (after === undefined || (before === undefined && this.#against !== undefined)) {
      this.#otherGateways++;
      return;
    }
    if (after.counted?.isUncounted === true) this.#uncounted++;
    const differences = differencesOf(
      before === undefined
        ? recordedSide(record, after.outcome)
        : replayedSide(before.outcome, before.counted),
      replayedSide(after.outcome, after.counted),
    );
    if (differences.length === 0) this.#same++;
    for (const difference of differences) this.#tally.add(record, difference);
  }

  summary(): PlanSummary {
    const summaries = differenceKinds.map((kind: DifferenceKind) => this.#tally.summary(kind));
    return {
      records: this.#records,
      same: this.#same,
      otherGateways: this.#otherGateways,
      uncounted: this.#uncounted,
      differences: summaries.filter((one) => one !== undefined),
      from: this.#from,
      to: this.#to,
    };
  }
}
