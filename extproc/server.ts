/**
 * The engine: threads that serve one socket each, watched and replaced. A thread that crashes or hangs costs the
 * requests that it holds and no others: Envoy asks the next one, and a thread in reserve takes its place.
 */

import { randomInt } from "node:crypto";
import { rm } from "node:fs/promises";
import { systemClock } from "../gateway/clock.ts";
import type { Ejection } from "../gateway/backend-health.ts";
import type {
  BudgetUse,
  Engine,
  EngineFigures,
  EngineOptions,
  EngineStatus,
  RunAgent,
} from "../gateway/engine.ts";
import { engineSocketPaths } from "../gateway/engine.ts";
import { describeError } from "../gateway/errors.ts";
import type { SecretValue } from "../gateway/secret-value.ts";
import type { Snapshot } from "../gateway/snapshot.ts";
import { EngineWorker } from "./engine-worker.ts";
import { decodeFacts } from "./facts-text.ts";
import type { PlanUpdate } from "./plan-update.ts";
import { createPlanUpdate } from "./plan-update.ts";
import { engineFigures } from "./engine-figures.ts";
import { createLimitMemory } from "./limit-table.ts";
import { createOpenMemory, OpenRequests } from "./open-requests.ts";
import { createPortionMemory, PortionTable } from "./portion-table.ts";
import { PortionHolder } from "./portion-holder.ts";
import { ThreadQuestions } from "./thread-questions.ts";
import { ThreadBudgets } from "./thread-budgets.ts";
import { createCounters, ThreadCounters } from "./thread-counters.ts";
import type { ThreadReport } from "./thread-messages.ts";

/** How often hearts are felt, and how long one may stand still. */
const watchMs = 500;
const defaultHungMs = 5_000;

/** Wait before a thread is started that ended soon after its start, doubled each time. */
const firstBackoffMs = 100;
const longestBackoffMs = 5_000;
const soonMs = 2_000;

/** How often journals of budgets that are complete are put into their book. */
const mergeMs = 5_000;

/** How often they are read on: seldom would be a burst that calls under way wait for. */
const readJournalsMs = 250;

/** A thread that does not take a revision in that time decides by the one before; it is probably hung and replaced. */
const updateDeadlineMs = 2_000;

/** Settings that only tests change. */
export interface EngineTuning {
  /** Time in `ms` for which a thread's heart may stand still */
  readonly hungMs?: number;
}

/** Starts an engine; resolves when all threads listen. */
export async function openEngine(
  options: EngineOptions,
  tuning: EngineTuning = {},
): Promise<Engine> {
  const pool = new EnginePool(options, tuning.hungMs ?? defaultHungMs);
  try {
    await pool.open();
  } catch (error) {
    await pool.close(0);
    throw error;
  }
  return pool;
}

interface Slot {
  readonly index: number;
  readonly socket: string;
  readonly counters: ThreadCounters;
  worker: EngineWorker | undefined;
  isServing: boolean;
  revision: number;
  startedMs: number;
  backoffMs: number;
  heartbeat: number;
  beatMs: number;
}

class EnginePool implements Engine {
  readonly sockets: readonly string[];
  readonly #options: EngineOptions;
  readonly #hungMs: number;
  readonly #memory: SharedArrayBuffer;
  readonly #limits = createLimitMemory();
  readonly #open: SharedArrayBuffer;
  readonly #portions: SharedArrayBuffer | undefined;
  readonly #holder: PortionHolder | undefined;
  readonly #sampleSeed = randomInt(2 ** 32);
  readonly #budgets: ThreadBudgets;
  readonly #slots: readonly Slot[];
  readonly #questions: ThreadQuestions<EngineWorker>;
  readonly #changed = new Set<() => void>();
  #reserve: EngineWorker | undefined;
  #update: PlanUpdate | undefined;
  #watch: NodeJS.Timeout | undefined;
  #merge: NodeJS.Timeout | undefined;
  #readJournals: NodeJS.Timeout | undefined;
  #replaced = 0;
  /** Threads have had something to do: from now on it counts how soon one is replaced */
  #hasWorked = false;
  #isClosing = false;

  constructor(options: EngineOptions, hungMs: number) {
    this.#options = options;
    this.#hungMs = hungMs;
    const { directory, threads } = options;
    this.sockets = engineSocketPaths(directory, threads);
    this.#memory = createCounters(threads);
    this.#open = createOpenMemory(threads);
    this.#questions = new ThreadQuestions(options.confirmations, (worker, number, answer) =>
      worker.tell({ kind: "answer", number, answer }),
    );
    this.#budgets = new ThreadBudgets(options.budgetsDirectory);
    this.#portions = options.limitStore && createPortionMemory();
    this.#holder = this.#portions && this.#holdPortions(this.#portions);
    this.#slots = this.sockets.map((socket, index) => ({
      index,
      socket,
      counters: new ThreadCounters(this.#memory, index),
      worker: undefined,
      isServing: false,
      revision: 0,
      startedMs: 0,
      backoffMs: 0,
      heartbeat: 0,
      beatMs: 0,
    }));
  }

  async open(): Promise<void> {
    for (const slot of this.#slots) this.#fill(slot);
    await this.#until(() => this.#slots.every(({ isServing }) => isServing));
    this.#watch = setInterval(() => this.#lookAfter(), watchMs);
    this.#watch.unref();
    this.#merge = setInterval(() => this.#budgets.merge(), mergeMs);
    this.#merge.unref();
    this.#readJournals = setInterval(() => this.#budgets.catchUp(), readJournalsMs);
    this.#readJournals.unref();
  }

  async publish(snapshot: Snapshot, credentials: ReadonlyMap<string, SecretValue>): Promise<void> {
    const update = createPlanUpdate(snapshot, credentials);
    this.#update = update;
    for (const { worker } of this.#slots) worker?.tell({ kind: "update", update });
    this.#reserve?.tell({ kind: "update", update });
    const decides = ({ worker, revision }: Slot) =>
      worker === undefined || revision >= update.revision;
    await this.#until(() => this.#slots.every(decides), updateDeadlineMs);
  }

  eject(ejections: readonly Ejection[]): void {
    this.#ejections = { ejections, toldMs: performance.now() };
    for (const { worker } of this.#slots) worker?.tell({ kind: "eject", ejections });
  }

  #holdPortions(memory: SharedArrayBuffer): PortionHolder | undefined {
    const { limitStore: store } = this.#options;
    if (store === undefined) return undefined;
    return new PortionHolder({
      store,
      table: new PortionTable(memory),
      clock: systemClock,
      onAnswered: (caller) => {
        for (const { worker } of this.#slots) worker?.tell({ kind: "portion", caller });
      },
    });
  }

  identify(runs: readonly RunAgent[]): void {
    for (const { worker } of this.#slots) worker?.tell({ kind: "runs", runs });
  }

  status(): EngineStatus {
    const sum = (name: Parameters<ThreadCounters["get"]>[0]) =>
      this.#slots.reduce((total, { counters }) => total + counters.get(name), 0);
    return {
      threads: {
        serving: this.#slots.filter(({ isServing }) => isServing).length,
        wanted: this.#slots.length,
      },
      replaced: this.#replaced,
      streams: { open: sum("openStreams"), total: sum("totalStreams") },
      connections: {
        open: sum("openConnections"),
        total: sum("totalConnections"),
        bytesUpstream: sum("bytesUpstream"),
        bytesDownstream: sum("bytesDownstream"),
      },
      failed: sum("failedStreams"),
      droppedFacts: sum("droppedFacts"),
      limited: {
        spent: sum("limitedRequests"),
        full: sum("fullLimits"),
        unreachable: sum("unreachableLimits"),
        unshared: sum("unsharedLimits"),
      },
      budgets: {
        exhausted: sum("exhaustedBudgets"),
        full: sum("fullBudgets"),
        unwritten: sum("unwrittenBudgets"),
        failure: this.#budgets.failure,
      },
    };
  }

  figures(): EngineFigures {
    return engineFigures(this.#slots, performance.now());
  }

  budgets(): readonly BudgetUse[] {
    return this.#budgets.list();
  }

  refund(transaction: string): void {
    this.#budgets.refund(transaction);
  }

  async close(drainMs = 0): Promise<void> {
    if (this.#isClosing) return;
    this.#isClosing = true;
    clearInterval(this.#watch);
    clearInterval(this.#merge);
    clearInterval(this.#readJournals);
    const workers = this.#slots.flatMap(({ worker }) => worker ?? []);
    for (const worker of workers) worker.tell({ kind: "drain", deadlineMs: drainMs });
    await this.#until(
      () => this.#slots.every(({ worker }) => worker === undefined),
      drainMs + 1_000,
    );
    await this.#reserve?.terminate();
    await Promise.all(this.#slots.map(({ worker }) => worker?.terminate()));
    this.#budgets.close();
    await this.#holder?.close();
    await Promise.all(this.sockets.map((socket) => rm(socket, { force: true })));
  }

  /** Gives the slot the thread in reserve, or a new one. */
  #fill(slot: Slot): void {
    if (this.#isClosing) return;
    const worker = this.#reserve ?? this.#start();
    this.#reserve = undefined;
    slot.worker = worker;
    slot.startedMs = performance.now();
    this.#adopt(worker, slot);
    void this.#serve(worker, slot);
  }

  #ejections: { readonly ejections: readonly Ejection[]; readonly toldMs: number } = {
    ejections: [],
    toldMs: 0,
  };
  readonly #owners = new Map<EngineWorker, Slot | undefined>();

  #start(): EngineWorker {
    const worker: EngineWorker = new EngineWorker({
      start: { plugins: this.#options.plugins ?? [] },
      onReport: (report) => this.#onReport(worker, report),
      onExit: (cause) => this.#onExit(worker, cause),
    });
    this.#owners.set(worker, undefined);
    if (this.#update !== undefined) worker.tell({ kind: "update", update: this.#update });
    return worker;
  }

  #adopt(worker: EngineWorker, slot: Slot): void {
    this.#owners.set(worker, slot);
    slot.counters.set("openStreams", 0);
    slot.counters.set("openConnections", 0);
    slot.beatMs = performance.now();
  }

  async #serve(worker: EngineWorker, slot: Slot): Promise<void> {
    await worker.whenReady;
    // What is left of the thread before would keep the new one from listening.
    await rm(slot.socket, { force: true });
    worker.tell({
      kind: "serve",
      socket: slot.socket,
      slot: slot.index,
      counters: this.#memory,
      limits: this.#limits,
      open: { memory: this.#open, threads: this.#slots.length },
      ...(this.#portions && { portions: this.#portions }),
      sampleSeed: this.#sampleSeed,
      ...(this.#options.traceKey && { traceKey: this.#options.traceKey }),
      ...this.#budgets.begin(worker),
      prices: this.#options.prices ?? [],
    });
    worker.tell({ kind: "runs", runs: this.#options.runs?.() ?? [] });
    worker.tell({ kind: "eject", ejections: this.#ejectionsLeft() });
  }

  /** What is still left out, for a thread that was not there when it was said. */
  #ejectionsLeft(): Ejection[] {
    const { ejections, toldMs } = this.#ejections;
    const sinceMs = performance.now() - toldMs;
    return ejections
      .map(({ pick, forMs }) => ({ pick, forMs: forMs - sinceMs }))
      .filter(({ forMs }) => forMs > 0);
  }

  #onReport(worker: EngineWorker, report: ThreadReport): void {
    const slot = this.#owners.get(worker);
    switch (report.kind) {
      case "serving":
        if (slot === undefined) break;
        slot.isServing = true;
        if (this.#update !== undefined) slot.revision = this.#update.revision;
        this.#raiseReserve();
        break;
      case "updated":
        if (slot !== undefined) slot.revision = report.revision;
        break;
      case "facts":
        slot?.counters.add("takenFactBytes", report.bytes);
        this.#options.onFacts(decodeFacts(report.facts, worker.captures));
        return;
      case "portion":
        this.#holder?.ask(report.ask);
        return;
      case "ask":
      case "withdraw":
      case "cancel":
        this.#questions.onReport(worker, report);
        return;
      case "trouble":
        this.#options.log.warn("The engine had trouble", { error: report.message });
        return;
      case "ready":
      case "drained":
        break;
    }
    this.#tellChanged();
  }

  #onExit(worker: EngineWorker, cause: unknown): void {
    const slot = this.#owners.get(worker);
    this.#owners.delete(worker);
    const lost = this.#budgets.end(worker);
    if (lost.length > 0) this.#options.onFacts(lost);
    this.#questions.end(worker);
    if (this.#reserve === worker) {
      this.#reserve = undefined;
      setTimeout(() => this.#raiseReserve(), longestBackoffMs).unref();
    }
    if (slot === undefined || slot.worker !== worker) return;
    slot.worker = undefined;
    slot.isServing = false;
    const lostRequests = { threads: this.#slots.length, slot: slot.index };
    new OpenRequests(this.#open, lostRequests).forget();
    this.#tellChanged();
    if (this.#isClosing) return;
    this.#replaced++;
    this.#hasWorked = true;
    this.#options.log.error("A thread of the engine ended and is replaced", {
      error: describeError(cause),
    });
    this.#replace(slot);
  }

  /** At once, unless threads end as soon as they start. */
  #replace(slot: Slot): void {
    const isSoon = performance.now() - slot.startedMs < soonMs;
    slot.backoffMs = isSoon
      ? Math.min(Math.max(slot.backoffMs * 2, firstBackoffMs), longestBackoffMs)
      : 0;
    if (slot.backoffMs === 0) this.#fill(slot);
    else setTimeout(() => this.#fill(slot), slot.backoffMs).unref();
  }

  #raiseReserve(): void {
    if (this.#isClosing || !this.#hasWorked || this.#reserve !== undefined) return;
    if (this.#slots.some(({ isServing }) => !isServing)) return;
    this.#reserve = this.#start();
  }

  /** Sees whether there is work, and ends threads whose heart stands still. */
  #lookAfter(): void {
    this.#noteWork();
    const now = performance.now();
    for (const slot of this.#slots) {
      const heartbeat = slot.counters.get("heartbeat");
      if (heartbeat !== slot.heartbeat || !slot.isServing) {
        slot.heartbeat = heartbeat;
        slot.beatMs = now;
      } else if (now - slot.beatMs > this.#hungMs) {
        slot.beatMs = now;
        this.#options.log.error("A thread of the engine hangs and is ended", {
          afterMs: this.#hungMs,
        });
        void slot.worker?.terminate();
      }
    }
  }

  /** A thread in reserve costs 25 MB: it is had when there is something to lose. */
  #noteWork(): void {
    if (this.#hasWorked) return;
    const isIdle = ({ counters }: Slot) =>
      counters.get("totalStreams") + counters.get("totalConnections") === 0;
    if (this.#slots.every(isIdle)) return;
    this.#hasWorked = true;
    this.#raiseReserve();
  }

  #tellChanged(): void {
    for (const look of [...this.#changed]) look();
  }

  /** Resolves when the condition holds, or after the deadline. */
  #until(holds: () => boolean, deadlineMs?: number): Promise<void> {
    if (holds()) return Promise.resolve();
    return new Promise((resolve) => {
      const timer =
        deadlineMs === undefined ? undefined : systemClock.setTimeout(() => finish(), deadlineMs);
      const finish = () => {
        systemClock.clearTimeout(timer);
        this.#changed.delete(look);
        resolve();
      };
      const look = () => {
        if (holds()) finish();
      };
      this.#changed.add(look);
    });
  }
}
