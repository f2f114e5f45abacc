/**
 * Takes Envoy's access log streams and makes one record of each entry. Entries are turned into records as they
 * come and handed on at once: nothing is queued here, and what cannot be read is counted.
 */

import type {
  sendUnaryData,
  ServerReadableStream,
  UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { EngineLine } from "./access-log/engine-line.ts";
import type { EntryContext } from "./access-log/entry-context.ts";
import { readHttpEntry } from "./access-log/http-entry.ts";
import { tcpRecord } from "./access-log/tcp-entry.ts";
import { describeError } from "./errors.ts";
import type { Logger } from "./log.ts";
import type { envoy } from "./proto/gen/accesslog.js";
import type { EgressRecord } from "./record.ts";

type Message = envoy.service.accesslog.v3.StreamAccessLogsMessage;
type Stream = ServerReadableStream<Message, object>;

/** What the server needs from the process it runs in. */
export interface AccessLogServerOptions {
  readonly log: Logger;
  readonly onRecord: (record: EgressRecord) => void;
  /** Takes a transaction that the engine saw; without it records are made of what the entry says */
  readonly onEngineLine?: (line: EngineLine) => void;
  /** Facts of a gateway by its Envoy's node id; undefined for unknown ones, whose entries are dropped */
  readonly findContext: (gateway: string) => Omit<EntryContext, "listener"> | undefined;
}

/** Receives access logs of any number of Envoys. */
export class AccessLogServer {
  readonly #options: AccessLogServerOptions;
  #received = 0;
  #dropped = 0;

  constructor(options: AccessLogServerOptions) {
    this.#options = options;
  }

  /** Entries that came in since the start. */
  get received(): number {
    return this.#received;
  }

  /** Entries that could not become records. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Handlers for `Server.addService(accessLogService, …)`. */
  get handlers(): UntypedServiceImplementation {
    return {
      streamAccessLogs: (stream: Stream, done: sendUnaryData<object>) => this.#serve(stream, done),
    };
  }

  #serve(stream: Stream, done: sendUnaryData<object>): void {
    let gateway = "";
    let logName = "";
    stream.on("data", (message: Message) => {
      // Only the first message of a stream says who sends.
      gateway = message.identifier?.node?.id ?? gateway;
      logName = message.identifier?.logName ?? logName;
      this.#take(message, gateway, logName);
    });
    // Envoy never reads the answer, but without one the call would stay open as long as the connection.
    stream.on("end", () => done(null, {}));
    stream.on("error", (error) => {
      this.#options.log.debug("Access log stream closed", { gateway, error: error.message });
    });
  }

  #take(message: Message, gateway: string, logName: string): void {
    const http = message.httpLogs?.logEntry ?? [];
    const tcp = message.tcpLogs?.logEntry ?? [];
    this.#received += http.length + tcp.length;
    const facts = this.#options.findContext(gateway);
    if (facts === undefined) {
      this.#dropped += http.length + tcp.length;
      return;
    }
    const context: EntryContext = {
      ...facts,
      listener: logName.includes("transparent") ? "transparent" : "explicit",
    };
    for (const entry of http) this.#emit(() => readHttpEntry(entry, context));
    for (const entry of tcp) this.#emit(() => tcpRecord(entry, context));
  }

  #emit(read: () => EgressRecord | EngineLine): void {
    const { onRecord, onEngineLine } = this.#options;
    try {
      const found = read();
      if (!(found instanceof EngineLine)) onRecord(found);
      else if (onEngineLine !== undefined) onEngineLine(found);
      else onRecord(found.complete(undefined).record);
    } catch (error) {
      this.#dropped++;
      this.#options.log.error("Cannot record a transaction", { error: describeError(error) });
    }
  }
}
