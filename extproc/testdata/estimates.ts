/** Estimates for tests: real ones, with a table of their own in which nothing is known. */
import { CallEstimates } from "../call-estimates.ts";
import type { CallDemand } from "../call-demand.ts";
import { createHabitMemory, HabitTable } from "../habit-table.ts";

/** Estimates of one thread with their table. */
export function createEstimates() {
  const table = new HabitTable(createHabitMemory(16));
  return { table, estimates: new CallEstimates({ table, nowMs: () => 1_000 }) };
}

/** A demand, changed as told: 2,000 tokens of input at most, of which the text says 100, and 100 of output. */
export function demandOf(changes: Partial<CallDemand> = {}): CallDemand {
  return {
    ...{ input: 2_000, output: 100, price: null, habit: "p m" },
    ...{ promptWeight: 100, isStream: false },
    ...changes,
  };
}
