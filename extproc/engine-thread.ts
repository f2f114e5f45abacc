/**
 * Entry of one thread of the engine: loads everything at once, then takes the place of a slot when it is told, so that
 * a thread in reserve replaces a lost one within milliseconds.
 */

import { parentPort, workerData } from "node:worker_threads";
import type { ConfirmationAnswer } from "../gateway/confirmation.ts";
import { systemClock } from "../gateway/clock.ts";
import type { RunAgent } from "../gateway/engine.ts";
import { describeError } from "../gateway/errors.ts";
import { InvocationTraces } from "../gateway/invocation-trace.ts";
import { installProviderPlugins } from "../gateway/plugin-loader.ts";
import { StartMemory } from "../gateway/start-memory.ts";
import { confirmationWorker } from "./asked-confirmation.ts";
import { BudgetJournal } from "./budget-journal.ts";
import { BudgetTable } from "./budget-table.ts";
import { ConfirmationAsker } from "./confirmation-asker.ts";
import { engineLimits } from "./engine-limits.ts";
import { EngineService } from "./engine-service.ts";
import { FactsOutbox } from "./facts-outbox.ts";
import { FactsEncoder } from "./facts-text.ts";
import type { EncodedFacts } from "./facts-text.ts";
import { HabitTable } from "./habit-table.ts";
import { GrpcServer } from "./http2/server.ts";
import { LimitTable } from "./limit-table.ts";
import { OpenRequests } from "./open-requests.ts";
import { PortionTable } from "./portion-table.ts";
import { PortionWaiters } from "./portion-waiters.ts";
import { ThreadCounters } from "./thread-counters.ts";
import type { ThreadOrder, ThreadReport, ThreadStart } from "./thread-messages.ts";
import type { Ejection } from "../gateway/backend-health.ts";
import type { PlanUpdate } from "./plan-update.ts";

const heartbeatMs = 100;

/** A thread that serves a slot. */
class ServingThread {
  readonly #server: GrpcServer;
  readonly #service: EngineService;
  readonly #outbox: FactsOutbox<EncodedFacts>;
  readonly #heart: NodeJS.Timeout;
  readonly #journal: BudgetJournal | undefined;
  readonly #asker = new ConfirmationAsker(report);

  constructor(order: Extract<ThreadOrder, { kind: "serve" }>) {
    const { counters, limits, open, portions, slot, budgets, habits, journal, prices, sampleSeed } =
      order;
    const row = new ThreadCounters(counters, slot);
    this.#journal = journal && new BudgetJournal({ ...journal, clock: systemClock });
    this.#outbox = new FactsOutbox({
      clock: systemClock,
      counters: row,
      gatherer: new FactsEncoder(),
      send: (facts, bytes) => report({ kind: "facts", facts, bytes }),
    });
    this.#service = new EngineService({
      clock: systemClock,
      counters: row,
      limits: new LimitTable(limits),
      openRequests: new OpenRequests(open.memory, { threads: open.threads, slot }),
      ...(portions !== undefined && {
        shared: {
          table: new PortionTable(portions),
          waiters: new PortionWaiters((ask) => report({ kind: "portion", ask })),
        },
      }),
      budgets: {
        table: new BudgetTable(budgets),
        journal: this.#journal,
      },
      habits: new HabitTable(habits),
      prices,
      workers: new Map([[confirmationWorker, this.#asker.worker]]),
      cancel: (cancellation) => this.#asker.cancel(cancellation),
      sampleSeed,
      ...(order.traceKey && { traces: new InvocationTraces(order.traceKey) }),
      onFacts: (facts) => this.#outbox.add(facts),
    });
    this.#server = new GrpcServer({
      methods: this.#service.methods,
      ...(this.#journal !== undefined && { batch: this.#journal }),
      clock: systemClock,
      limits: engineLimits,
      // Envoy connects when it has the first request, and what decides it has not run yet.
      onConnection: () => start.work(),
      onError: (error) => report({ kind: "trouble", message: describeError(error) }),
    });
    this.#heart = setInterval(() => row.add("heartbeat", 1), heartbeatMs);
  }

  listen(socket: string): Promise<void> {
    return this.#server.listenUnix(socket);
  }

  publish(update: PlanUpdate): void {
    this.#service.publish(update);
  }

  eject(ejections: readonly Ejection[]): void {
    this.#service.publishEjections(ejections);
  }

  identify(runs: readonly RunAgent[]): void {
    this.#service.identify(runs);
  }

  onPortion(caller: string): void {
    this.#service.onPortion(caller);
  }

  answer(number: number, answer: ConfirmationAnswer): void {
    this.#asker.onAnswer(number, answer);
  }

  async drain(deadlineMs: number): Promise<void> {
    await this.#server.drain(deadlineMs);
    await this.#server.close();
    // Streams that have just ended may still hold compressed bodies that are being read; their facts go without.
    this.#outbox.flush();
    this.#journal?.close();
    clearInterval(this.#heart);
  }
}

const start = new StartMemory(systemClock);
let serving: ServingThread | undefined;
let newest: PlanUpdate | undefined;

function report(message: ThreadReport): void {
  parentPort?.postMessage(message);
}

async function obey(order: ThreadOrder): Promise<void> {
  switch (order.kind) {
    case "serve":
      serving = new ServingThread(order);
      if (newest !== undefined) serving.publish(newest);
      await serving.listen(order.socket);
      report({ kind: "serving" });
      return;
    case "update":
      newest = order.update;
      serving?.publish(order.update);
      report({ kind: "updated", revision: order.update.revision });
      return;
    case "eject":
      serving?.eject(order.ejections);
      return;
    case "runs":
      serving?.identify(order.runs);
      return;
    case "portion":
      serving?.onPortion(order.caller);
      return;
    case "answer":
      serving?.answer(order.number, order.answer);
      return;
    case "drain":
      await serving?.drain(order.deadlineMs);
      report({ kind: "drained" });
      parentPort?.close();
      return;
  }
}

// Written by engine-worker.ts. Orders wait until somebody listens; a plugin that cannot be loaded ends the thread.
const { plugins } = workerData as ThreadStart;
await installProviderPlugins(plugins, { from: "/" });

parentPort?.on("message", (order: ThreadOrder) => {
  obey(order).catch((error: unknown) => {
    report({ kind: "trouble", message: describeError(error) });
    // A thread that cannot do what it is told is replaced, which ends what it still serves.
    process.exit(1);
  });
});
report({ kind: "ready" });
start.settle();
