/** Differences of millions of transactions in little memory: counts, who and where they are about, and a few examples. */
import type { EgressRecord } from "../../../gateway/record.ts";
import type { Difference, DifferenceKind } from "./difference.ts";
import { Reservoir } from "./reservoir.ts";

/** So many names of a kind are counted by themselves; the rest is counted together. */
const mostNames = 2_000;

/** So many of them are told. */
const mostTold = 10;

const examples = 3;

/** One transaction that is decided differently. */
export interface DifferenceExample {
  /** ISO 8601 */
  readonly time: string;
  readonly record: string;
  /** `namespace/name`; empty where nobody is proved */
  readonly agent: string;
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly model: string | null;
  readonly from: string;
  readonly to: string;
}

/** A name with how many transactions are about it. */
export interface NamedCount {
  readonly name: string;
  readonly count: number;
}

/** A change of decision with how many transactions have it. */
export interface ChangeCount {
  readonly from: string;
  readonly to: string;
  readonly count: number;
}

/** All differences of one kind. */
export interface KindSummary {
  readonly kind: DifferenceKind;
  readonly count: number;
  /** How many agents; `areAllAgents` is false where there are more than can be counted */
  readonly agents: number;
  readonly areAllAgents: boolean;
  /** The most frequent ones */
  readonly topAgents: readonly NamedCount[];
  readonly topHosts: readonly NamedCount[];
  readonly changes: readonly ChangeCount[];
  readonly examples: readonly DifferenceExample[];
}

/** Counts differences. */
export class DifferenceTally {
  readonly #random: () => number;
  readonly #kinds = new Map<DifferenceKind, KindTally>();

  /** `random` draws the examples. */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** Counts one difference of a transaction. */
  add(record: EgressRecord, difference: Difference): void {
    const { kind } = difference;
    const known = this.#kinds.get(kind);
    const tally = known ?? new KindTally(kind, this.#random);
    if (known === undefined) this.#kinds.set(kind, tally);
    tally.add(record, difference);
  }

  /** What was counted of a kind; undefined: nothing. */
  summary(kind: DifferenceKind): KindSummary | undefined {
    return this.#kinds.get(kind)?.summary();
  }
}

class KindTally {
  readonly #kind: DifferenceKind;
  readonly #agents = new NameCounts();
  readonly #hosts = new NameCounts();
  readonly #changes = new NameCounts();
  readonly #examples: Reservoir<DifferenceExample>;
  #count = 0;

  constructor(kind: DifferenceKind, random: () => number) {
    this.#kind = kind;
    this.#examples = new Reservoir(examples, random);
  }

  add(record: EgressRecord, { from, to }: Difference): void {
    this.#count++;
    this.#agents.add(agentText(record));
    this.#hosts.add(record.request.host);
    this.#changes.add(JSON.stringify([from, to]));
    this.#examples.offer(() => exampleOf(record, from, to));
  }

  summary(): KindSummary {
    return {
      kind: this.#kind,
      count: this.#count,
      agents: this.#agents.size,
      areAllAgents: this.#agents.isWhole,
      topAgents: this.#agents.top(),
      topHosts: this.#hosts.top(),
      changes: this.#changes.top().map(({ name, count }) => ({ ...changeOf(name), count })),
      examples: this.#examples.values,
    };
  }
}

function changeOf(key: string): { readonly from: string; readonly to: string } {
  if (key === otherNames) return { from: otherNames, to: otherNames };
  const [from = "", to = ""]: readonly string[] = JSON.parse(key);
  return { from, to };
}

const otherNames = "others";

class NameCounts {
  readonly #counts = new Map<string, number>();
  #others = 0;

  get size(): number {
    return this.#counts.size;
  }

  /** Whether every name has a count of its own. */
  get isWhole(): boolean {
    return this.#others === 0;
  }

  add(name: string): void {
    const count = this.#counts.get(name);
    if (count === undefined && this.#counts.size >= mostNames) this.#others++;
    else this.#counts.set(name, (count ?? 0) + 1);
  }

  top(): readonly NamedCount[] {
    const sorted = [...this.#counts]
      .map(([name, count]) => ({ name, count }))
      .toSorted((left, right) => right.count - left.count || (left.name < right.name ? -1 : 1));
    const told = sorted.slice(0, mostTold);
    const rest = sorted.slice(mostTold).reduce((sum, { count }) => sum + count, this.#others);
    return rest === 0 ? told : [...told, { name: otherNames, count: rest }];
  }
}

function agentText({ agent }: EgressRecord): string {
  return agent === null ? "" : `${agent.namespace}/${agent.name}`;
}

function exampleOf(record: EgressRecord, from: string, to: string): DifferenceExample {
  const { id, time, request, model } = record;
  const { method, host, path } = request;
  return {
    ...{ time, record: id, agent: agentText(record), method, host, path, from, to },
    model: model?.requestModel ?? null,
  };
}
