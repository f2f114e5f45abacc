/**
 * OTLP/HTTP for agents: `/v1/traces` and `/v1/logs` in protobuf or JSON. A credential says who sends, and 200 means
 * that the spool has it. Metrics are not stored, and 404 says so.
 *
 * @see https://opentelemetry.io/docs/specs/otlp/#otlphttp
 */
import { once } from "node:events";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Clock } from "../../gateway/clock.ts";
import { ClrkError, describeError, toClrkError } from "../../gateway/errors.ts";
import type { Logger } from "../../gateway/log.ts";
import { createServer } from "../../gateway/node-http.ts";
import { SecretValue } from "../../gateway/secret-value.ts";
import { UserPlaces } from "../apiserver/user-places.ts";
import type { SpoolOutcome } from "./agent-spool.ts";
import type { IsForeignTrace } from "./foreign-trace.ts";
import { readOtlpBody } from "./otlp-body.ts";
import type { BodyBounds } from "./otlp-body.ts";
import { defaultRequestBounds } from "./otlp-bounds.ts";
import type { RequestBounds } from "./otlp-bounds.ts";
import { answerJson, parseLogs, parseTraces } from "./otlp-json.ts";
import type { OtlpGroup, OtlpLog, OtlpSignal, OtlpSpan } from "./otlp-model.ts";
import { decodeLogs, decodeTraces, encodeAnswer, encodeStatus } from "./otlp-protobuf.ts";
import { logRows, spanRows } from "./otlp-rows.ts";
import type { RowRules, RowsOutcome } from "./otlp-rows.ts";
import type { TelemetrySender } from "./telemetry-sender.ts";

/** What the receiver needs; bounds have defaults. */
export interface OtlpReceiverOptions extends Partial<BodyBounds & RequestBounds> {
  /** Whose credential it is; undefined: nobody's. It is what follows `Bearer` */
  readonly authenticate: (credential: SecretValue) => TelemetrySender | undefined;
  /** Spans of such a trace are rejected; absent: none is */
  readonly isForeignTrace?: IsForeignTrace | undefined;
  readonly spools: Readonly<Record<OtlpSignal, RowSpool>>;
  /** Told what was taken once the spool has it; its sender is answered when that resolves. Must not reject */
  readonly onTaken?: ((batch: TakenBatch, sender: TelemetrySender) => Promise<void>) | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  /** Requests that are worked on at once; more are answered 429. Default 4 */
  readonly maxConcurrent?: number;
  /** Requests that wait for `onTaken` at once, and those of one gateway; more are answered 429. Default 16 and 4 */
  readonly maxWaiting?: number;
  readonly maxWaitingOfGateway?: number;
}

/** Where rows go. */
export interface RowSpool {
  append(rows: readonly string[]): Promise<SpoolOutcome>;
}

/** Items of one request that became rows. */
export type TakenBatch =
  | { readonly signal: "traces"; readonly groups: readonly OtlpGroup<OtlpSpan>[] }
  | { readonly signal: "logs"; readonly groups: readonly OtlpGroup<OtlpLog>[] };

/** Numbers since the start. */
export interface OtlpReceiverStatus {
  /** `host:port`; empty when it does not listen */
  readonly address: string;
  readonly takenRows: number;
  /** Items that could not become rows */
  readonly rejectedItems: number;
  /** Requests that were refused, by status */
  readonly refused: Readonly<Record<string, number>>;
}

type Form = "protobuf" | "json";

const defaultBounds: BodyBounds = {
  maxBytes: 4 * 1024 * 1024,
  maxInflatedBytes: 16 * 1024 * 1024,
};
const defaultMaxConcurrent = 4;
const defaultMaxWaiting = 16;
const defaultMaxWaitingOfGateway = 4;
const retryAfterSeconds = { busy: 1, full: 5 } as const;

/** The receiver; `listen()` once, `close()` at the end. */
export class OtlpReceiver {
  readonly #options: OtlpReceiverOptions;
  readonly #server: Server;
  readonly #refused: Record<string, number> = {};
  #address = "";
  #working = 0;
  /** Of those that wait for `onTaken`, by gateway */
  readonly #waiting: UserPlaces;
  #takenRows = 0;
  #rejectedItems = 0;

  /** Listens nowhere yet. */
  constructor(options: OtlpReceiverOptions) {
    this.#options = options;
    const { maxWaiting = defaultMaxWaiting, maxWaitingOfGateway = defaultMaxWaitingOfGateway } =
      options;
    this.#waiting = new UserPlaces({ all: maxWaiting, ofOne: maxWaitingOfGateway });
    this.#server = createServer((request, response) => void this.#handle(request, response));
    this.#server.requestTimeout = 15_000;
    this.#server.headersTimeout = 10_000;
    this.#server.maxConnections = 256;
  }

  /** Numbers of now; a new object each time */
  get status(): OtlpReceiverStatus {
    return {
      address: this.#address,
      takenRows: this.#takenRows,
      rejectedItems: this.#rejectedItems,
      refused: { ...this.#refused },
    };
  }

  /** Listens, on port 0 on one that is free; gives the port. Rejects with what the system says. */
  async listen(host: string, port: number): Promise<number> {
    this.#server.listen(port, host);
    await once(this.#server, "listening");
    const bound = addressOf(this.#server);
    this.#address = `${bound.address}:${bound.port}`;
    return bound.port;
  }

  /** Waits for the requests that are worked on. Safe to call again. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    await closed;
    this.#address = "";
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const form = formOf(request);
    try {
      const asked = this.#admit(request, form);
      const { batch, ...taken } = await this.#takeInTurn(request, asked);
      // Others may have the place meanwhile: what is waited for here is a disk, or the receiver of one gateway.
      if (taken.rows > 0) await this.#tell(batch, asked.sender);
      answer(response, asked, taken);
    } catch (error) {
      this.#refuse(request, response, error, form ?? "json");
    }
  }

  #admit(request: IncomingMessage, form: Form | undefined): AskedTelemetry {
    const signal = signalOf(request);
    const sender = this.#options.authenticate(bearerOf(request));
    if (sender === undefined) {
      throw refusal("CLRK_UNAUTHENTICATED", "Cannot take telemetry: its credential is nobody's");
    }
    if (form === undefined) {
      const message = `Cannot read content-type "${String(request.headers["content-type"]).slice(0, 64)}": want application/x-protobuf or application/json`;
      throw new ClrkError("CLRK_UNSUPPORTED", message, { expose: message, status: 415 });
    }
    const { maxConcurrent = defaultMaxConcurrent } = this.#options;
    const isBusy = this.#working >= maxConcurrent;
    if (isBusy || this.#waiting.findFull(sender.gateway) !== undefined) {
      throw new BusyError("Cannot take telemetry now: too many requests at once", "busy");
    }
    return { signal, sender, form };
  }

  async #tell(batch: TakenBatch, sender: TelemetrySender): Promise<void> {
    const leave = this.#waiting.enter(sender.gateway);
    try {
      await this.#options.onTaken?.(batch, sender);
    } finally {
      leave();
    }
  }

  async #takeInTurn(request: IncomingMessage, asked: AskedTelemetry): Promise<TakenTelemetry> {
    this.#working++;
    try {
      return await this.#take(request, asked);
    } finally {
      this.#working--;
    }
  }

  async #take(request: IncomingMessage, asked: AskedTelemetry): Promise<TakenTelemetry> {
    const { clock, spools, ...options } = this.#options;
    const bounds = { ...defaultBounds, ...defaultRequestBounds, ...options };
    const body = await readOtlpBody(request, bounds);
    const receivedNs = BigInt(clock.now()) * 1_000_000n;
    const { batch, rows, rejected, reason } = readRows(body, { ...asked, receivedNs, bounds });
    if (rows.length > 0 && (await spools[asked.signal].append(rows)) === "full") {
      throw new BusyError("Cannot take telemetry now: the store is behind", "full");
    }
    this.#takenRows += rows.length;
    this.#rejectedItems += rejected;
    return { batch, rows: rows.length, rejected, reason };
  }

  #refuse(request: IncomingMessage, response: ServerResponse, error: unknown, form: Form): void {
    const { status, grpcStatus, expose } = toClrkError(error);
    this.#refused[status] = (this.#refused[status] ?? 0) + 1;
    if (status >= 500 && !(error instanceof BusyError)) {
      this.#options.log.error("Cannot take telemetry", { error: describeError(error) });
    }
    if (response.headersSent || response.destroyed) {
      response.destroy();
      return;
    }
    response.writeHead(status, {
      "content-type": contentTypes[form],
      ...(error instanceof BusyError && { "retry-after": String(retryAfterSeconds[error.why]) }),
      // What is left of a body that was not read is not worth reading.
      ...(!request.complete && { connection: "close" }),
    });
    response.end(
      form === "json"
        ? JSON.stringify({ code: grpcStatus, message: expose })
        : encodeStatus(grpcStatus, expose),
    );
  }
}

const contentTypes = { protobuf: "application/x-protobuf", json: "application/json" } as const;

/** A refusal after which the sender may come again. */
class BusyError extends ClrkError {
  readonly why: keyof typeof retryAfterSeconds;

  constructor(message: string, why: keyof typeof retryAfterSeconds) {
    super(why === "busy" ? "CLRK_LIMIT_EXCEEDED" : "CLRK_UNAVAILABLE", message, {
      expose: message,
    });
    this.why = why;
  }
}

/** What a request wants, once it is known whose it is. */
interface AskedTelemetry {
  readonly signal: OtlpSignal;
  readonly sender: TelemetrySender;
  readonly form: Form;
}

/** What became of it. */
interface TakenTelemetry {
  readonly batch: TakenBatch;
  readonly rows: number;
  readonly rejected: number;
  /** Why some were rejected */
  readonly reason: string;
}

function answer(
  response: ServerResponse,
  { signal, form }: AskedTelemetry,
  { rejected, reason }: Omit<TakenTelemetry, "batch">,
): void {
  const message = rejected === 0 ? "" : `Refused ${rejected}: ${reason}`;
  response.writeHead(200, { "content-type": contentTypes[form] });
  response.end(
    form === "json"
      ? answerJson(signal, rejected, message)
      : encodeAnswer(signal, rejected, message),
  );
}

type ReadBatch = Omit<RowsOutcome<unknown>, "taken"> & { readonly batch: TakenBatch };

function readRows(
  body: Buffer,
  {
    signal,
    sender,
    form,
    receivedNs,
    bounds,
  }: AskedTelemetry & { readonly receivedNs: bigint; readonly bounds: RequestBounds & RowRules },
): ReadBatch {
  const { maxItems } = bounds;
  try {
    if (signal === "traces") {
      const groups =
        form === "json" ? parseTraces(body.toString(), maxItems) : decodeTraces(body, maxItems);
      const { taken, ...outcome } = spanRows(groups, sender, receivedNs, bounds);
      return { ...outcome, batch: { signal, groups: taken } };
    }
    const groups =
      form === "json" ? parseLogs(body.toString(), maxItems) : decodeLogs(body, maxItems);
    const { taken, ...outcome } = logRows(groups, sender, receivedNs, bounds);
    return { ...outcome, batch: { signal, groups: taken } };
  } catch (error) {
    if (error instanceof ClrkError) throw error;
    throw refusal("CLRK_MALFORMED_MESSAGE", `Cannot read the request: ${describeError(error)}`);
  }
}

function signalOf(request: IncomingMessage): OtlpSignal {
  const path = (request.url ?? "").split("?")[0];
  const signal = path === "/v1/traces" ? "traces" : path === "/v1/logs" ? "logs" : undefined;
  if (signal === undefined) {
    const what = path === "/v1/metrics" ? "metrics are not stored" : "the path is not known";
    throw refusal("CLRK_NOT_FOUND", `Cannot take telemetry: ${what}; want /v1/traces or /v1/logs`);
  }
  if (request.method !== "POST") {
    const message = "Cannot take telemetry: want POST";
    throw new ClrkError("CLRK_INVALID_ARGUMENT", message, { expose: message, status: 405 });
  }
  return signal;
}

function formOf(request: IncomingMessage): Form | undefined {
  const type = (request.headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase();
  if (type === contentTypes.protobuf || type === "application/protobuf") return "protobuf";
  return type === contentTypes.json ? "json" : undefined;
}

function bearerOf(request: IncomingMessage): SecretValue {
  const [, token = ""] = /^bearer +(\S+)$/i.exec(request.headers.authorization ?? "") ?? [];
  if (token === "") {
    throw refusal("CLRK_UNAUTHENTICATED", "Cannot take telemetry: want authorization: Bearer …");
  }
  return new SecretValue(token);
}

function addressOf(server: Server): AddressInfo {
  const address = server.address();
  if (address === null || typeof address === "string") {
    throw new TypeError("Cannot tell the port of a server that has none");
  }
  return address;
}

function refusal(
  code: "CLRK_UNAUTHENTICATED" | "CLRK_NOT_FOUND" | "CLRK_MALFORMED_MESSAGE",
  message: string,
): ClrkError {
  return new ClrkError(code, message, { expose: message });
}
