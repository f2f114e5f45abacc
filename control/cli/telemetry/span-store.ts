/**
 * The spans that are looked at, by trace. Invariant: memory is bounded however many come: the oldest spans go first, and
 * before them the bodies of the oldest; both are counted.
 */
import type { Span } from "./span.ts";
import { layTree } from "./span-tree.ts";
import type { TreeRow } from "./span-tree.ts";

/** All spans of a trace that are kept, as a tree, with sums. */
export interface Trace {
  /** Stays the same while any of its spans is kept */
  readonly key: string;
  readonly traceId: string;
  readonly rows: readonly TreeRow[];
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly denied: number;
  readonly errors: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Of the calls of which a price is known; undefined where there is none */
  readonly costMicroDollars: number | undefined;
  /** Calls with tokens whose price is not known */
  readonly unpriced: number;
}

/** Bounds of a store. */
export interface SpanStoreOptions {
  readonly maxSpans?: number;
  /** Of attributes and events, together */
  readonly maxBytes?: number;
}

const defaultMaxSpans = 5_000;
const defaultMaxBytes = 128 * 1024 * 1024;

/** Keeps spans; one that comes again takes the place of the former. */
export class SpanStore {
  readonly #maxSpans: number;
  readonly #maxBytes: number;
  readonly #groups = new Map<string, TraceGroup>();
  #sorted: readonly Trace[] | undefined;
  #spans = 0;
  #bytes = 0;
  #unnamed = 0;
  #dropped = 0;
  #stripped = 0;

  constructor(options: SpanStoreOptions = {}) {
    this.#maxSpans = options.maxSpans ?? defaultMaxSpans;
    this.#maxBytes = options.maxBytes ?? defaultMaxBytes;
  }

  /** Spans that are kept */
  get spans(): number {
    return this.#spans;
  }

  /** Spans that had to go */
  get dropped(): number {
    return this.#dropped;
  }

  /** Spans that are kept without their attributes and events */
  get stripped(): number {
    return this.#stripped;
  }

  /** Takes a span. */
  add(span: Span): void {
    const unnamed = `-${this.#unnamed}`;
    if (span.traceId === "" || span.spanId === "") this.#unnamed++;
    const traceKey = span.traceId || unnamed;
    const spanKey = span.spanId || unnamed;
    const group = this.#groups.get(traceKey) ?? { spans: new Map(), trace: undefined };
    const former = group.spans.get(spanKey);
    group.spans.set(spanKey, span);
    group.trace = undefined;
    this.#groups.set(traceKey, group);
    this.#spans += former === undefined ? 1 : 0;
    this.#bytes += span.bytes - (former?.bytes ?? 0);
    this.#sorted = undefined;
    // Sorting for each span would be slow, and letting it grow until somebody looks has no bound.
    if (this.#spans > this.#maxSpans * 1.2 || this.#bytes > this.#maxBytes * 1.2) this.#trim();
  }

  /** The traces, the earliest first. */
  traces(): readonly Trace[] {
    if (this.#sorted !== undefined) return this.#sorted;
    this.#trim();
    const traces = [...this.#groups].map(([key, group]) => {
      group.trace ??= summarise(key, [...group.spans.values()]);
      return group.trace;
    });
    this.#sorted = traces.sort((a, b) => compare(a.startNs, b.startNs) || (a.key < b.key ? -1 : 1));
    return this.#sorted;
  }

  #trim(): void {
    const isOver = this.#spans > this.#maxSpans || this.#bytes > this.#maxBytes;
    if (!isOver) return;
    const oldest = [...this.#groups]
      .flatMap(([traceKey, { spans }]) =>
        [...spans].map(([spanKey, span]) => ({ traceKey, spanKey, span })),
      )
      .sort((a, b) => compare(a.span.startNs, b.span.startNs));
    for (const { traceKey, spanKey, span } of oldest) {
      const group = this.#groups.get(traceKey);
      if (group === undefined) continue;
      if (this.#spans > this.#maxSpans) this.#drop({ traceKey, spanKey, span }, group);
      else if (this.#bytes > this.#maxBytes && span.bytes > 0) {
        group.spans.set(spanKey, { ...span, attributes: [], events: [], bytes: 0 });
        group.trace = undefined;
        this.#bytes -= span.bytes;
        this.#stripped++;
      }
    }
  }

  #drop(place: SpanPlace, group: TraceGroup): void {
    group.spans.delete(place.spanKey);
    group.trace = undefined;
    if (group.spans.size === 0) this.#groups.delete(place.traceKey);
    this.#spans--;
    this.#bytes -= place.span.bytes;
    this.#dropped++;
  }
}

interface TraceGroup {
  readonly spans: Map<string, Span>;
  trace: Trace | undefined;
}

interface SpanPlace {
  readonly traceKey: string;
  readonly spanKey: string;
  readonly span: Span;
}

function summarise(key: string, spans: readonly Span[]): Trace {
  const rows = layTree(spans);
  const [first] = spans;
  const costs = spans.flatMap(({ costMicroDollars: cost }) => (cost === undefined ? [] : [cost]));
  const sum = (of: (span: Span) => number) => spans.reduce((total, span) => total + of(span), 0);
  return {
    key,
    traceId: first?.traceId ?? "",
    rows,
    startNs: spans.map(({ startNs }) => startNs).reduce(earlier),
    endNs: spans.map(({ endNs }) => endNs).reduce(later),
    denied: sum(({ outcome }) => (outcome === "denied" ? 1 : 0)),
    errors: sum(({ outcome }) => (outcome === "error" ? 1 : 0)),
    inputTokens: sum(({ inputTokens }) => inputTokens),
    outputTokens: sum(({ outputTokens }) => outputTokens),
    unpriced: sum(({ unpriced }) => unpriced),
    costMicroDollars: costs.length === 0 ? undefined : costs.reduce((a, b) => a + b, 0),
  };
}

function earlier(a: bigint, b: bigint): bigint {
  return compare(a, b) <= 0 ? a : b;
}

function later(a: bigint, b: bigint): bigint {
  return compare(a, b) >= 0 ? a : b;
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
