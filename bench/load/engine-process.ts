/**
 * Our ext_proc engine as a process of its own for the benchmark `extproc`: threads, facts and, when asked for, records
 * joined with Envoy's access log and written to a file, as the gateway process does all of it.
 */
import { join } from "node:path";
import { openEngine } from "../../extproc/server.ts";
import type { AccessLogPipe } from "../../gateway/access-log-pipe.ts";
import { openAccessLogPipe } from "../../gateway/access-log-pipe.ts";
import type { CallFacts } from "../../gateway/call-facts.ts";
import { systemClock } from "../../gateway/clock.ts";
import { createLogger } from "../../gateway/log.ts";
import { RecordJoin } from "../../gateway/record-join.ts";
import { RecordOutputs } from "../../gateway/record-outputs.ts";
import { indexRuleFacts } from "../../gateway/rule-facts.ts";
import { createBenchPolicy } from "./extproc-policy.ts";
import type { BenchPolicy } from "./extproc-policy.ts";
import { createTranslationPolicy } from "./llm-engine-policy.ts";
import type { ProcessorCounts } from "./processor.ts";

/** How the process is started: one JSON argument. */
export interface EngineProcessOptions {
  /** Directory for sockets, pipe and records */
  readonly directory: string;
  readonly threads: number;
  /** What is decided: calls are read as they pass, or are served by another provider */
  readonly policy: EnginePolicy;
  /** Whether facts become records; else they are counted and forgotten */
  readonly records: boolean;
}

/** Calls are read as they pass, or served by another provider. */
export type EnginePolicy = "read" | "translate";

/** Process to parent: it serves, or its counts; the latter are the answer to the IPC message "counts". */
export type EngineReport =
  | {
      readonly kind: "listening";
      readonly sockets: readonly string[];
      /** FIFO into which Envoy has to write its lines */
      readonly pipe?: string;
    }
  | { readonly kind: "counts"; readonly counts: ProcessorCounts };

type Counts = { -readonly [Name in keyof ProcessorCounts]: number };

const log = createLogger({ level: "warn" });
const agent = {
  kind: "TaskAgent",
  namespace: "default",
  name: "bench",
  uid: "00000000-0000-4000-8000-000000000001",
  revision: "1",
  invocationId: "00000000-0000-7000-8000-000000000001",
};

interface Recording {
  readonly pipe: AccessLogPipe;
  addFacts(facts: readonly CallFacts[]): void;
}

/** Makes records of facts and of the lines that Envoy writes into a FIFO in `directory`. */
async function openRecording(
  directory: string,
  { gateway }: BenchPolicy,
  counts: Counts,
): Promise<Recording> {
  const clock = systemClock;
  const outputs = new RecordOutputs({ directory: join(directory, "records"), clock, log });
  const onRecord: ConstructorParameters<typeof RecordJoin>[0]["onRecord"] = (record, json) => {
    counts.records += 1;
    if (record.usage !== null) counts.meteredRecords += 1;
    outputs.add(record, json);
  };
  const records = new RecordJoin({ clock, log, onRecord });
  const { namespace, name } = gateway;
  const context = {
    gateway: { namespace, name },
    revision: 1,
    ruleFacts: indexRuleFacts(gateway),
    findAgent: () => agent,
  };
  const pipe = await openAccessLogPipe({
    path: join(directory, "http.log"),
    log,
    onRecord,
    onEngineLine: (line) => records.addLine(line),
    findContext: () => context,
  });
  return { pipe, addFacts: (facts) => records.addFacts(facts) };
}

async function main(options: EngineProcessOptions): Promise<void> {
  const { directory, threads } = options;
  const policy = options.policy === "read" ? createBenchPolicy() : createTranslationPolicy();
  const counts: Counts = { transactions: 0, metered: 0, records: 0, meteredRecords: 0 };
  const recording = options.records ? await openRecording(directory, policy, counts) : undefined;
  const engine = await openEngine({
    directory,
    threads,
    log,
    onFacts(facts) {
      counts.transactions += facts.length;
      for (const { model } of facts) if (model?.usage) counts.metered += 1;
      recording?.addFacts(facts);
    },
  });
  const { snapshot, credentials } = policy.compiled;
  await engine.publish(snapshot, credentials);
  const report = (message: EngineReport) => process.send?.(message);
  process.on("message", (message) => {
    if (message === "counts") report({ kind: "counts", counts: { ...counts } });
  });
  process.once("disconnect", () => process.exit());
  report({
    kind: "listening",
    sockets: engine.sockets,
    ...(recording && { pipe: recording.pipe.path }),
  });
}

if (import.meta.main) await main(JSON.parse(process.argv[2] ?? "{}"));
