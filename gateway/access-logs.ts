/**
 * The access logs of all Envoys of the process, by pipe or by stream, and what becomes of them: a record of every
 * transaction, joined with what the engine found out, and a count of whatever was lost on the way.
 */

import type { UntypedServiceImplementation } from "@grpc/grpc-js";
import type { PriceEntry } from "../providers/prices.ts";
import type { AccessLogPipe } from "./access-log-pipe.ts";
import { openAccessLogPipe } from "./access-log-pipe.ts";
import type { AccessLogServerOptions } from "./access-log-server.ts";
import { AccessLogServer } from "./access-log-server.ts";
import type { LoggedAttempt } from "./access-log/attempt-line.ts";
import { AttemptBook } from "./attempt-book.ts";
import type { BackendHealth } from "./backend-health.ts";
import type { CallFacts } from "./call-facts.ts";
import type { Clock } from "./clock.ts";
import { describeError } from "./errors.ts";
import type { Logger } from "./log.ts";
import { RecordJoin } from "./record-join.ts";
import type { RecordJoinOptions } from "./record-join.ts";
import type { RecordsBefore } from "./record-outputs.ts";

type FindContext = AccessLogServerOptions["findContext"];

/** What the logs need from the process. */
export interface AccessLogsOptions extends Pick<RecordJoinOptions, "onRecord" | "onUnsent"> {
  /** All prices of the process */
  readonly prices: readonly PriceEntry[];
  readonly clock: Clock;
  readonly log: Logger;
  /** Facts of a gateway by its Envoy's node id; undefined for unknown ones, whose entries are dropped */
  readonly findContext: FindContext;
  /** Judges the backends that attempts were made at */
  readonly health: Pick<BackendHealth, "backendOf" | "note">;
}

/** All access logs; `close()` when the Envoys and the engine have ended. */
export class AccessLogs {
  readonly #options: AccessLogsOptions;
  readonly #join: RecordJoin;
  readonly #server: AccessLogServer;
  readonly #attempts = new AttemptBook();
  /** Lines of pipes that did not become records */
  #lostLines = 0;

  constructor(options: AccessLogsOptions) {
    this.#options = options;
    const { clock, log, onRecord, onUnsent, findContext, prices } = options;
    this.#join = new RecordJoin({
      clock,
      log,
      onRecord,
      prices,
      ...(onUnsent !== undefined && { onUnsent }),
      takeAttempts: (spanId) => this.#attempts.take(spanId),
    });
    this.#server = new AccessLogServer({
      log,
      onRecord: (record) => onRecord(record, undefined),
      onEngineLine: (line) => this.#join.addLine(line),
      findContext,
    });
  }

  /** Handlers for `Server.addService(accessLogService, …)`. */
  get handlers(): UntypedServiceImplementation {
    return this.#server.handlers;
  }

  /** What did not become a record, or only a part of one. */
  get losses(): RecordsBefore {
    const unread = this.#server.dropped + this.#lostLines;
    return { unread, incomplete: this.#join.stats.incomplete };
  }

  /**
   * Makes the FIFO of one Envoy: lines cost a fraction of a stream's messages. Undefined where there can be none, which
   * is logged: Envoy streams then.
   */
  async openPipe(
    path: string,
    findContext: () => ReturnType<FindContext>,
  ): Promise<AccessLogPipe | undefined> {
    const { log, onRecord } = this.#options;
    try {
      return await openAccessLogPipe({
        path,
        log,
        onRecord,
        onEngineLine: (line) => this.#join.addLine(line),
        onAttempt: (logged) => this.#addAttempt(logged),
        onDrop: (lines) => {
          this.#lostLines += lines;
        },
        findContext,
      });
    } catch (error) {
      const message = "Cannot open the access log pipe: access logs are streamed, at more cost";
      log.warn(message, { error: describeError(error) });
      return undefined;
    }
  }

  #addAttempt(logged: LoggedAttempt): void {
    const { health } = this.#options;
    this.#attempts.add(logged.spanId, {
      backend: health.backendOf(logged.cluster),
      ...logged.attempt,
    });
    health.note(logged);
  }

  /** Takes what the engine found out, in any order. Never throws. */
  addFacts(facts: readonly CallFacts[]): void {
    this.#join.addFacts(facts);
  }

  /** Makes records of what still waits for facts. Safe to call again. */
  close(): void {
    this.#join.close();
  }
}
