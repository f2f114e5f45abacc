/**
 * Where the records of one process go: the file always, and the OTLP receiver of each EgressGateway that names one,
 * which gets that gateway's records and no others. Records of rules that name a sink go there in place of the receiver;
 * a sink that is a file has them in place of the file too.
 */

import type { Clock } from "./clock.ts";
import type { RecordsStatus } from "./control-api.ts";
import type { InvocationEvent } from "./invocation-event.ts";
import { invocationLine } from "./invocation-line.ts";
import type { EndedInvocation } from "./invocation-span.ts";
import { lastLineNumber, LINE_NUMBER } from "./line-number.ts";
import type { Logger } from "./log.ts";
import { OtlpExporter } from "./otlp.ts";
import type { OtlpDrops } from "./otlp-pipe.ts";
import type { EgressRecord } from "./record.ts";
import { RecordFile } from "./record-file.ts";
import type { LineText } from "./record-lines.ts";
import { RecordHub } from "./record-hub.ts";
import { RecordRules, withoutParameters } from "./record-rules.ts";
import type { RecordTarget } from "./record-targets.ts";
import { recordTargets, sinkKey } from "./record-targets.ts";
import type { SecretValue } from "./secret-value.ts";
import type { GatewaySnapshot } from "./snapshot.ts";
import { SpoolOwners } from "./spool-owners.ts";
import { version } from "./version.ts";

/** Of one signal of one receiver, on disk. */
const maxSpoolBytes = 64 * 1024 * 1024;

/** What the outputs need. */
export interface RecordOutputsOptions {
  readonly directory: string;
  /** Base name of the file; two processes must not share one */
  readonly name?: string;
  /** Private folder for what OTLP receivers do not take in time; absent: it waits in memory */
  readonly spoolDirectory?: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What happened to records before they came here. */
export interface RecordsBefore {
  readonly unread: number;
  readonly incomplete: number;
}

/** Counts of every place that records go to, for collectors of metrics. */
export interface OutputFigures {
  readonly files: readonly {
    /** `records`, `invocations`, or as a sink is called in messages */
    readonly name: string;
    readonly written: number;
    readonly bytes: number;
    readonly dropped: number;
    /** Bytes that wait to be written */
    readonly buffered: number;
  }[];
  readonly receivers: readonly {
    readonly name: string;
    readonly signal: "traces" | "logs";
    readonly queued: number;
    /** Records that wait on disk */
    readonly spooled: number;
    readonly sent: number;
    readonly retries: number;
    readonly failing: boolean;
    readonly dropped: Readonly<OtlpDrops>;
  }[];
}

/** A target that is open. */
interface Output {
  readonly target: RecordTarget;
  readonly writer: OtlpExporter | RecordFile;
  /** Of a sink: what its records go through */
  readonly hub?: RecordHub;
  readonly remove: () => void;
}

/** All sinks of a process. */
export class RecordOutputs {
  readonly #options: RecordOutputsOptions;
  readonly #hub: RecordHub;
  /** Where records of a sink go that is gone */
  readonly #lost: RecordHub;
  readonly #file: RecordFile;
  readonly #invocations: RecordFile;
  /** Number of the last line that was written of invocations, by processes before too */
  #invocationLines: number;
  readonly #outputs = new Map<string, Output>();
  readonly #rules = new RecordRules();
  readonly #spools: SpoolOwners;
  #sunk = 0;
  /** By outputs that are closed */
  #droppedBefore = 0;

  constructor(options: RecordOutputsOptions) {
    this.#options = options;
    const { directory, name, spoolDirectory, clock, log } = options;
    this.#spools = new SpoolOwners({
      ...{ directory: spoolDirectory, maxBytes: maxSpoolBytes, clock, log },
    });
    this.#hub = new RecordHub({ log });
    this.#lost = new RecordHub({ log });
    this.#file = new RecordFile({ directory, clock, log, ...(name !== undefined && { name }) });
    const series = (name ?? "records").replace(/^records/, "invocations");
    this.#invocations = new RecordFile({ directory, clock, log, name: series });
    this.#invocationLines = lastLineNumber(directory, series);
    this.#hub.addSink("file", this.#file);
    this.#lost.addSink("file", this.#file);
  }

  /**
   * Gives a record, and its JSON where it is there, to every sink that is to have it; never waits. Gives back the record
   * as it may be shown: what its rule takes out is taken out.
   */
  add(record: EgressRecord, json?: LineText): EgressRecord {
    const rule = this.#rules.find(record);
    if (rule === undefined) {
      this.#hub.add(record, json);
      return record;
    }
    const shown = withoutParameters(record, rule);
    const text = shown === record ? json : undefined;
    if (rule.sink === undefined) this.#hub.add(shown, text);
    else {
      this.#sunk++;
      const output = this.#outputs.get(sinkKey(record.gateway, rule.sink));
      (output?.hub ?? this.#lost).add(shown, text);
    }
    return shown;
  }

  /**
   * Writes what became of an invocation into the file `invocations`, with the number of its line, and sends its root span, once it is over, to every
   * receiver of its gateway: whichever of its requests are there then have their root.
   */
  addInvocation(event: InvocationEvent, ended?: EndedInvocation): void {
    const numbered = { ...event, [LINE_NUMBER]: ++this.#invocationLines };
    this.#invocations.addLine(invocationLine(numbered, ended));
    if (ended === undefined) return;
    for (const { target, writer } of this.#outputs.values()) {
      const { namespace, name } = target.gateway;
      const isOf = namespace === ended.gateway.namespace && name === ended.gateway.name;
      if (isOf && writer instanceof OtlpExporter) writer.addInvocation(ended);
    }
  }

  /** Follows what the gateways say; receivers and files whose settings did not change go on. */
  setTargets(
    gateways: readonly GatewaySnapshot[],
    credentials: ReadonlyMap<string, SecretValue>,
  ): void {
    this.#rules.publish(gateways, this.#options.clock.now());
    const wanted = recordTargets(gateways, credentials);
    for (const [key, output] of this.#outputs) {
      if (wanted.get(key)?.fingerprint === output.target.fingerprint) continue;
      output.remove();
      this.#outputs.delete(key);
      this.#retire(output, wanted);
    }
    this.#spools.clean(spoolsOf(wanted));
    for (const [key, target] of wanted) {
      if (!this.#outputs.has(key)) this.#outputs.set(key, this.#open(target));
    }
  }

  /** State for people; `unread` entries were lost before they became records, `incomplete` ones miss their facts. */
  status({ unread, incomplete }: RecordsBefore): RecordsStatus {
    const file = this.#file.status;
    const invocations = this.#invocations.status;
    const outputs = [...this.#outputs.values()].map(outputStatus);
    return {
      file: file.path,
      published: this.#hub.status.published + this.#sunk,
      dropped: outputs.reduce(
        (sum, { dropped }) => sum + dropped,
        file.droppedRecords + invocations.droppedRecords + unread + this.#droppedBefore,
      ),
      spooled: outputs.reduce((sum, { spooled }) => sum + spooled, 0),
      incomplete,
      failure: [
        ...[file, invocations].flatMap(({ path, error }) =>
          error === undefined ? [] : [`${path}: ${error}`],
        ),
        ...outputs.flatMap(({ failures }) => failures),
      ].join("; "),
    };
  }

  /** Counts of each place since it was opened. */
  figures(): OutputFigures {
    const outputs = [...this.#outputs.values()];
    return {
      files: [
        fileFigures("records", this.#file),
        fileFigures("invocations", this.#invocations),
        ...outputs.flatMap(({ target, writer }) =>
          writer instanceof RecordFile ? [fileFigures(target.label, writer)] : [],
        ),
      ],
      receivers: outputs.flatMap(({ target, writer }) =>
        writer instanceof OtlpExporter ? receiverFigures(target.label, writer) : [],
      ),
    };
  }

  /** Writes and sends what is left, within the bounds of each sink. */
  async close(): Promise<void> {
    this.#hub.close();
    await Promise.all([this.#file.close(), this.#invocations.close()]);
    await Promise.all([...this.#outputs.values()].map(({ writer }) => writer.close()));
    await this.#spools.settled();
  }

  #retire({ target, writer }: Output, wanted: ReadonlyMap<string, RecordTarget>): void {
    const folder = target.kind === "otlp" ? target.spool : undefined;
    const isWanted = folder !== undefined && spoolsOf(wanted).has(folder);
    const ended = writer.close().then(() => {
      this.#droppedBefore += outputStatus({ target, writer }).dropped;
      if (isWanted || !(writer instanceof OtlpExporter)) return;
      const { traces, logs } = writer.status;
      this.#droppedBefore += traces.spooled.records + logs.spooled.records;
    });
    this.#spools.giveUp({ label: target.label, folder, isWanted, ended });
  }

  #open(target: RecordTarget): Output {
    const writer = this.#createWriter(target);
    if (target.sink === undefined)
      return { target, writer, remove: this.#addDefault(target, writer) };
    const hub = new RecordHub({ log: this.#options.log });
    hub.addSink(target.label, writer);
    if (target.kind === "otlp") hub.addSink("file", this.#file);
    return { target, writer, hub, remove: () => hub.close() };
  }

  #addDefault({ label, gateway }: RecordTarget, writer: Output["writer"]): () => void {
    return this.#hub.addSink(label, {
      add: (record) => {
        const { namespace, name } = record.gateway;
        if (namespace === gateway.namespace && name === gateway.name) writer.add(record);
      },
    });
  }

  #createWriter(target: RecordTarget): Output["writer"] {
    const { directory, name = "records", clock, log } = this.#options;
    if (target.kind === "file") {
      const { namespace, name: gateway } = target.gateway;
      // No label holds a dot, so that no two of them make one name.
      const file = `${name}.${namespace}.${gateway}.${target.sink}`;
      return new RecordFile({ directory, name: file, clock, log });
    }
    const spool = this.#spools.spool(target.spool);
    return new OtlpExporter({
      ...(spool !== undefined && { spool }),
      endpoint: target.endpoint,
      headers: Object.fromEntries(target.headers),
      resource: { version },
      clock,
      log,
    });
  }
}

function fileFigures(name: string, { status }: RecordFile): OutputFigures["files"][number] {
  const { writtenRecords, writtenBytes, droppedRecords, bufferedBytes } = status;
  return {
    name,
    written: writtenRecords,
    bytes: writtenBytes,
    dropped: droppedRecords,
    buffered: bufferedBytes,
  };
}

function receiverFigures(name: string, { status }: OtlpExporter): OutputFigures["receivers"] {
  return (["traces", "logs"] as const).map((signal) => {
    const { queued, spooled, sent, retries, failing, dropped } = status[signal];
    return { name, signal, queued, spooled: spooled.records, sent, retries, failing, dropped };
  });
}

function spoolsOf(targets: ReadonlyMap<string, RecordTarget>): ReadonlySet<string> {
  return new Set(
    [...targets.values()].flatMap((target) => (target.kind === "otlp" ? [target.spool] : [])),
  );
}

function outputStatus({ target: { label }, writer }: Pick<Output, "target" | "writer">): {
  readonly dropped: number;
  readonly spooled: number;
  readonly failures: readonly string[];
} {
  if (writer instanceof RecordFile) {
    const { droppedRecords, error, path } = writer.status;
    return {
      dropped: droppedRecords,
      spooled: 0,
      failures: error === undefined ? [] : [`${path}: ${error}`],
    };
  }
  const { traces, logs } = writer.status;
  const drops = [traces, logs].flatMap(({ dropped }) => Object.values(dropped));
  return {
    dropped: drops.reduce((sum, count) => sum + count, 0),
    spooled: traces.spooled.records + logs.spooled.records,
    failures: [traces, logs].flatMap(({ error }) =>
      error === undefined ? [] : [`${label}: ${error}`],
    ),
  };
}
