/**
 * Where the records of one process go: the file always, and the OTLP receiver of each EgressGateway that names one,
 * which gets that gateway's records and no others.
 */

import type { Clock } from "./clock.ts";
import type { RecordsStatus } from "./control-api.ts";
import type { Logger } from "./log.ts";
import { OtlpExporter } from "./otlp.ts";
import type { EgressRecord } from "./record.ts";
import { RecordFile } from "./record-file.ts";
import { RecordHub } from "./record-hub.ts";
import type { SecretValue } from "./secret-value.ts";
import type { GatewaySnapshot } from "./snapshot.ts";
import { gatewayKey } from "./snapshot.ts";
import { version } from "./version.ts";

/** What the outputs need. */
export interface RecordOutputsOptions {
  readonly directory: string;
  /** Base name of the file; two processes must not share one */
  readonly name?: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What happened to records before they came here. */
export interface RecordsBefore {
  readonly unread: number;
  readonly incomplete: number;
}

interface Target {
  /** Changes whenever the exporter must be made anew */
  readonly fingerprint: string;
  readonly exporter: OtlpExporter;
  readonly remove: () => void;
}

/** All sinks of a process. */
export class RecordOutputs {
  readonly #options: RecordOutputsOptions;
  readonly #hub: RecordHub;
  readonly #file: RecordFile;
  readonly #targets = new Map<string, Target>();

  constructor(options: RecordOutputsOptions) {
    this.#options = options;
    const { directory, name, clock, log } = options;
    this.#hub = new RecordHub({ log });
    this.#file = new RecordFile({ directory, clock, log, ...(name !== undefined && { name }) });
    this.#hub.addSink("file", this.#file);
  }

  /** Gives a record, and its JSON where it is there, to every sink that is to have it; never waits. */
  add(record: EgressRecord, json?: string): void {
    this.#hub.add(record, json);
  }

  /** Follows the gateways' OTLP settings; exporters whose settings did not change go on. */
  setTargets(
    gateways: readonly GatewaySnapshot[],
    credentials: ReadonlyMap<string, SecretValue>,
  ): void {
    const wanted = new Map(gateways.map((gateway) => [gatewayKey(gateway), gateway]));
    for (const [key, target] of this.#targets) {
      const gateway = wanted.get(key);
      if (gateway && fingerprint(gateway, credentials) === target.fingerprint) continue;
      this.#remove(key, target);
    }
    for (const [key, gateway] of wanted) {
      if (gateway.otlp !== undefined && !this.#targets.has(key)) {
        this.#targets.set(key, this.#create(gateway, credentials));
      }
    }
  }

  /** State for people; `unread` entries were lost before they became records, `incomplete` ones miss their facts. */
  status({ unread, incomplete }: RecordsBefore): RecordsStatus {
    const file = this.#file.status;
    const exporters = [...this.#targets.entries()].map(([key, { exporter }]) => ({
      key,
      ...exporter.status,
    }));
    const failing = exporters.flatMap(({ key, traces, logs }) =>
      [traces, logs].flatMap(({ error }) =>
        error === undefined ? [] : [`OTLP of ${key}: ${error}`],
      ),
    );
    const lost = exporters.flatMap(({ traces, logs }) =>
      [traces.dropped, logs.dropped].map((drops) => Object.values(drops).reduce(add, 0)),
    );
    return {
      file: file.path,
      published: this.#hub.status.published,
      dropped: file.droppedRecords + unread + lost.reduce(add, 0),
      incomplete,
      failure: [
        ...(file.error === undefined ? [] : [`${file.path}: ${file.error}`]),
        ...failing,
      ].join("; "),
    };
  }

  /** Writes and sends what is left, within the bounds of each sink. */
  async close(): Promise<void> {
    this.#hub.close();
    await this.#file.close();
    await Promise.all([...this.#targets.values()].map(({ exporter }) => exporter.close()));
  }

  #create(gateway: GatewaySnapshot, credentials: ReadonlyMap<string, SecretValue>): Target {
    const { clock, log } = this.#options;
    const exporter = new OtlpExporter({
      endpoint: gateway.otlp?.endpoint ?? "",
      headers: Object.fromEntries(otlpHeaders(gateway, credentials)),
      resource: { version },
      clock,
      log,
    });
    const { namespace, name } = gateway;
    const remove = this.#hub.addSink(`otlp ${gatewayKey(gateway)}`, {
      add: (record) => {
        if (record.gateway.namespace === namespace && record.gateway.name === name) {
          exporter.add(record);
        }
      },
    });
    return { fingerprint: fingerprint(gateway, credentials), exporter, remove };
  }

  #remove(key: string, target: Target): void {
    target.remove();
    this.#targets.delete(key);
    void target.exporter.close();
  }
}

function otlpHeaders(
  gateway: GatewaySnapshot,
  credentials: ReadonlyMap<string, SecretValue>,
): (readonly [string, SecretValue])[] {
  return (gateway.otlp?.headerNames ?? []).flatMap((header) => {
    const value = credentials.get(`otlp/${gatewayKey(gateway)}/${header}`);
    return value === undefined ? [] : [[header, value] as const];
  });
}

function fingerprint(
  gateway: GatewaySnapshot,
  credentials: ReadonlyMap<string, SecretValue>,
): string {
  const headers = otlpHeaders(gateway, credentials).map(([name, value]) => [name, value.version]);
  return JSON.stringify([gateway.otlp?.endpoint, headers]);
}

function add(left: number, right: number): number {
  return left + right;
}
