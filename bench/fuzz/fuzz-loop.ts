/**
 * The search itself, in the thread that calls it: change an input, try it, keep it when it reached new code. Inputs are
 * tried in batches, because coverage is costly to take: only a batch that reached something new is looked at one by one.
 */

import type { Random } from "../../extproc/testdata/random.ts";
import { mutateBytes } from "./byte-mutations.ts";
import type { MutationSources } from "./byte-mutations.ts";
import { maxCorpusBytes, maxCorpusFiles } from "./corpus.ts";
import { Coverage } from "./coverage.ts";
import type { Places } from "./coverage.ts";
import { fuzzRandom } from "./fuzz-random.ts";
import type { Finding, FuzzTarget, OpenTarget } from "./fuzz-target.ts";
import { InputCost } from "./input-cost.ts";
import { shorten } from "./shorten.ts";

/** What a search is given. */
export interface SearchOptions {
  readonly target: FuzzTarget;
  /** The same target, ready; it stays the caller's */
  readonly open: OpenTarget;
  readonly seed: number;
  /** Inputs of earlier runs */
  readonly corpus: readonly Buffer[];
  readonly budgetMs: number;
  /** Called before each try of an input, so that it is known should it never end */
  readonly onInput?: (input: Buffer) => void;
  readonly onFinding: (input: Buffer, finding: string) => void;
  readonly onProgress?: (progress: SearchProgress) => void;
}

/** How far a search is. */
export interface SearchProgress {
  readonly executions: number;
  /** Inputs that reached new code in this run */
  readonly entries: number;
  /** Characters of source that ran; 0 where nothing guides the search */
  readonly covered: number;
}

/** What a search came to. */
export interface SearchOutcome extends SearchProgress {
  /** The smallest inputs that together reach all that was reached, shortest first */
  readonly corpus: readonly Buffer[];
}

const defaultMaxBytes = 4_096;
const batchMs = 25;
/** What a batch lasts at least, by the time that it takes to see what it reached */
const batchTakes = 8;
const maxBatch = 256;
const progressMs = 1_000;
/** More inputs than this are only searched through, never kept on disk. */
const maxPool = 2_000;

const findingShortening = { tries: 2_000, maxMs: 2_000 };
const entryShortening = { tries: 40, maxMs: 200 };
/** Share of the time that entries may be shortened in: what is long finds new code as well as what is short. */
const shorteningShare = 0.15;

/** Searches until the time is over. */
export async function search(options: SearchOptions): Promise<SearchOutcome> {
  const { covers } = options.target;
  const coverage = covers.length === 0 ? undefined : new Coverage(covers);
  const run = new SearchRun(options, coverage);
  try {
    return await run.finish(await run.search());
  } finally {
    coverage?.close();
  }
}

/** What an input breaks, a throw included; undefined when all holds. */
export async function tryInput(target: OpenTarget, input: Buffer): Promise<Finding> {
  try {
    const outcome = target.check(input);
    return typeof outcome === "object" ? await outcome : outcome;
  } catch (error) {
    if (!(error instanceof Error)) return `it throws ${String(error)}`;
    const [, place = ""] = /\n\s+at ([^\n]*)/.exec(error.stack ?? "") ?? [];
    return `it throws ${error.name}: ${error.message} at ${place.replace(/\(?file:\S*\/(?=\w+\/\S+$)/, "")}`;
  }
}

class SearchRun {
  readonly #options: SearchOptions;
  readonly #open: OpenTarget;
  readonly #coverage: Coverage | undefined;
  readonly #random: Random;
  readonly #cost: InputCost;
  readonly #pool: Buffer[];
  readonly #sources: MutationSources;
  readonly #told = new Set<string>();
  #executions = 0;
  #entries = 0;
  #lastProgressMs = performance.now();
  readonly #startMs = performance.now();
  #shorteningMs = 0;

  constructor(options: SearchOptions, coverage: Coverage | undefined) {
    const { target, seed, corpus, open } = options;
    this.#options = options;
    this.#open = open;
    this.#coverage = coverage;
    this.#random = fuzzRandom(seed);
    this.#cost = new InputCost(target.maxCpuMs);
    this.#pool = [...corpus, ...target.seeds()];
    if (this.#pool.length === 0) this.#pool.push(target.invent(this.#random));
    this.#sources = {
      others: this.#pool,
      words: (target.words ?? []).map((word) => Buffer.from(word)),
      maxBytes: target.maxInputBytes ?? defaultMaxBytes,
    };
  }

  async search(): Promise<Buffer[]> {
    const endMs = performance.now() + this.#options.budgetMs;
    const kept: Buffer[] = [];
    const first = [...this.#pool];
    for (let at = 0; at < first.length && performance.now() < endMs; at++) {
      kept.push(...(await this.#tryBatch(first.slice(at, at + 1))));
    }
    this.#entries = 0;
    while (performance.now() < endMs) {
      const found = await this.#tryBatch(this.#makeInput.bind(this));
      for (const entry of found) {
        const small = await this.#shortenEntry(entry);
        kept.push(small);
        if (this.#pool.length < maxPool) this.#pool.push(small);
      }
    }
    return kept;
  }

  /** Thins out what was kept: the shortest inputs first, each only when it adds something. */
  async finish(kept: readonly Buffer[]): Promise<SearchOutcome> {
    const coverage = this.#coverage;
    const covered = coverage?.size ?? 0;
    const corpus: Buffer[] = [];
    if (coverage !== undefined) {
      coverage.forget();
      const small = kept.filter(({ length }) => length <= maxCorpusBytes);
      for (const input of small.toSorted((one, other) => one.length - other.length)) {
        coverage.take();
        await this.#try(input);
        const places = coverage.take();
        if (!coverage.isNew(places)) continue;
        coverage.add(places);
        corpus.push(input);
        if (corpus.length === maxCorpusFiles) break;
      }
    }
    return { executions: this.#executions, entries: this.#entries, covered, corpus };
  }

  #makeInput(): Buffer {
    const { target } = this.#options;
    const random = this.#random;
    const input = random.below(8) === 0 ? target.invent(random) : this.#pick();
    if (random.below(2) === 0) {
      const changed = target.mutate?.(input, random);
      if (changed !== undefined) return changed.subarray(0, this.#sources.maxBytes);
    }
    return mutateBytes(input, random, this.#sources);
  }

  /** Half of the time one of the newest, which nobody has changed yet. */
  #pick(): Buffer {
    const random = this.#random;
    const newest = Math.min(this.#pool.length, 32);
    const at = random.below(2) === 0 ? random.below(this.#pool.length) : random.below(newest) + 1;
    return this.#pool.at(-at) ?? Buffer.alloc(0);
  }

  /** Tries given inputs, or as many new ones as fit into the time; gives those that reached new code. */
  async #tryBatch(source: readonly Buffer[] | (() => Buffer)): Promise<Buffer[]> {
    const batch: Buffer[] = [];
    const startMs = performance.now();
    this.#coverage?.take();
    const takeMs = performance.now() - startMs;
    const endMs = startMs + takeMs + Math.max(batchMs, batchTakes * takeMs);
    if (typeof source !== "function") {
      for (const input of source) await this.#execute(input);
      batch.push(...source);
    } else {
      do {
        const input = source();
        batch.push(input);
        await this.#execute(input);
      } while (batch.length < maxBatch && performance.now() < endMs);
    }
    this.#tellProgress();
    const coverage = this.#coverage;
    if (coverage === undefined) return [];
    const places = coverage.take();
    if (!coverage.isNew(places)) return [];
    return batch.length === 1 ? this.#keep(batch, places) : this.#sift(batch);
  }

  /** The inputs of a batch that reached something new, by halves. */
  async #sift(batch: readonly Buffer[]): Promise<Buffer[]> {
    const coverage = this.#coverage;
    if (coverage === undefined || batch.length === 0) return [];
    coverage.take();
    for (const input of batch) await this.#try(input);
    const places = coverage.take();
    if (!coverage.isNew(places)) return [];
    if (batch.length === 1) return this.#keep(batch, places);
    const half = batch.length >> 1;
    return [...(await this.#sift(batch.slice(0, half))), ...(await this.#sift(batch.slice(half)))];
  }

  #keep(batch: readonly Buffer[], places: Places): Buffer[] {
    this.#coverage?.add(places);
    this.#entries++;
    return [...batch];
  }

  /** A shorter input that reaches all that this one does. */
  async #shortenEntry(entry: Buffer): Promise<Buffer> {
    const startMs = performance.now();
    if (this.#shorteningMs > shorteningShare * (startMs - this.#startMs)) return entry;
    const small = await this.#shorten(entry);
    this.#shorteningMs += performance.now() - startMs;
    return small;
  }

  async #shorten(entry: Buffer): Promise<Buffer> {
    const wanted = await this.#reach(entry);
    const reaches = async (shorter: Buffer) => {
      const found = await this.#reach(shorter);
      return [...wanted].every(([id, marks]) => {
        const other = found.get(id);
        return marks.every((mark, at) => mark === 0 || other?.[at] === 1);
      });
    };
    return shorten(entry, reaches, entryShortening);
  }

  async #reach(input: Buffer) {
    const coverage = this.#coverage;
    coverage?.take();
    await this.#try(input);
    return coverage?.take() ?? new Map<string, Uint8Array>();
  }

  #try(input: Buffer): Promise<Finding> {
    this.#options.onInput?.(input);
    return tryInput(this.#open, input);
  }

  async #execute(input: Buffer): Promise<void> {
    this.#executions++;
    this.#cost.begin();
    let finding = await this.#try(input);
    if (finding === undefined && this.#cost.isSuspicious()) {
      finding = await this.#cost.judge(this.#open, input);
    }
    if (finding !== undefined) await this.#tell(input, finding);
  }

  /** Each sort of finding once, with the shortest input that makes it. */
  async #tell(input: Buffer, finding: string): Promise<void> {
    const sort = sortOf(finding);
    if (this.#told.has(sort)) return;
    this.#told.add(sort);
    const isSame = async (shorter: Buffer) => {
      const found = await this.#try(shorter);
      return found !== undefined && sortOf(found) === sort;
    };
    // What only costs too much is not found again by trying it.
    const small = (await isSame(input)) ? await shorten(input, isSame, findingShortening) : input;
    this.#options.onFinding(small, (await this.#try(small)) ?? finding);
  }

  #tellProgress(): void {
    const nowMs = performance.now();
    if (nowMs - this.#lastProgressMs < progressMs) return;
    this.#lastProgressMs = nowMs;
    const covered = this.#coverage?.size ?? 0;
    this.#options.onProgress?.({
      executions: this.#executions,
      entries: this.#entries,
      covered,
    });
  }
}

/** Findings that differ only in what stands in parentheses and quotes and in numbers are of one sort. */
function sortOf(finding: string): string {
  return finding
    .replace(/ \([^)]*\)/g, "")
    .replace(/…?"(?:[^"\\]|\\.)*"/g, '""')
    .replace(/-?\d[\d.e+]*/g, "0")
    .slice(0, 120);
}
