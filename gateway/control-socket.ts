/**
 * The running gateway's local door: HTTP over a Unix socket in a private folder, so that the file system says who
 * may use it. Requests are small and bounded; streams are JSON lines and end with their reader.
 */

import { chmod, rm } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { ActivityReport } from "./activity-report.ts";
import type { ConfirmationDesk } from "./confirmation-desk.ts";
import type {
  ConfirmationDecision,
  ConfirmationList,
  ControlError,
  BudgetList,
  ControlEvent,
  GatewayProcessStatus,
  ObjectList,
  PlaceholderList,
  RunRegistration,
  RunRequest,
} from "./control-api.ts";
import { CONTROL_PATH } from "./control-api.ts";
import { ClrkError, describeError } from "./errors.ts";
import type { Logger } from "./log.ts";
import type { MetricsHandlers } from "./metrics-server.ts";
import { answerMetrics } from "./metrics-text.ts";
import { createServer } from "./node-http.ts";
import type { EgressRecord } from "./record.ts";

/** Bodies of requests here are a few names. */
const maxBodyBytes = 64 * 1024;

/** Bytes that a slow reader of a stream may leave unread before it is cut. */
const maxUnreadBytes = 4 * 1024 * 1024;

/** What the process answers. Handlers throw `ClrkError` for what a caller did wrong. */
export interface ControlHandlers extends MetricsHandlers {
  status(): GatewayProcessStatus;
  objects(kind: string | undefined): ObjectList;
  budgets(): BudgetList;
  readonly confirmations: Pick<ConfirmationDesk, "list" | "decide">;
  placeholders(): PlaceholderList;
  registerRun(request: RunRequest): Promise<RunRegistration>;
  /** Resolves when the run's credential is refused; false for unknown runs. Without an exit code nobody knows its end */
  endRun(runId: string, exitCode: number | undefined): Promise<boolean>;
  setRunProcess(runId: string, pid: number): boolean;
  /** Records of a run until `stop` is called; undefined for unknown runs */
  followRun(runId: string, onRecord: (record: EgressRecord) => void): (() => void) | undefined;
  /** Events from now on, the present state first; without those of records where nobody wants them */
  followEvents(onEvent: (event: ControlEvent) => void, withRecords: boolean): () => void;
  followActivity(onReport: (report: ActivityReport) => void): () => void;
  stop(): void;
}

/** A listening socket. */
export interface ControlSocket {
  /** Ends all streams and stops listening. */
  close(): Promise<void>;
}

/** Listens; rejects when the path cannot be bound. */
export async function openControlSocket(
  path: string,
  handlers: ControlHandlers,
  log: Logger,
): Promise<ControlSocket> {
  const server = createServer((request, response) => {
    answer(request, response, handlers).catch((error: unknown) => fail(response, error, log));
  });
  server.keepAliveTimeout = 1_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  server.on("error", (error) => log.error("Control socket failed", { error: error.message }));
  await chmod(path, 0o600);
  return {
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(path, { force: true });
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  handlers: ControlHandlers,
): Promise<void> {
  const url = URL.parse(request.url ?? "/", "http://gateway");
  if (url === null) throw invalid("Cannot read request: its target is not a path");
  const operation = `${request.method} ${url.pathname}`;
  switch (operation) {
    case `GET ${CONTROL_PATH.status}`:
      return send(response, 200, handlers.status());
    case `GET ${CONTROL_PATH.objects}`:
      return send(response, 200, handlers.objects(url.searchParams.get("kind") ?? undefined));
    case `GET ${CONTROL_PATH.budgets}`:
      return send(response, 200, handlers.budgets());
    case `GET ${CONTROL_PATH.confirmations}`:
      return send(response, 200, {
        items: handlers.confirmations.list(),
      } satisfies ConfirmationList);
    case `GET ${CONTROL_PATH.placeholders}`:
      return send(response, 200, handlers.placeholders());
    case `GET ${CONTROL_PATH.events}`:
      followEvents(response, url, handlers);
      return;
    case `GET ${CONTROL_PATH.activity}`:
      stream(response, (write) => handlers.followActivity(write));
      return;
    case `GET ${CONTROL_PATH.metrics}`:
      return sendMetrics(request, response, handlers);
    case `GET ${CONTROL_PATH.ready}`: {
      const readiness = handlers.readiness();
      return send(response, readiness.ready ? 200 : 503, readiness);
    }
    case `POST ${CONTROL_PATH.runs}`: {
      const registration = await handlers.registerRun(parseRunRequest(await readJson(request)));
      return send(response, 201, registration);
    }
    case `POST ${CONTROL_PATH.stop}`:
      send(response, 202, {});
      return handlers.stop();
    default: {
      const id = /^\/v1\/confirmations\/([0-9a-f]{1,32})$/.exec(url.pathname)?.[1];
      if (request.method === "POST" && id !== undefined) {
        decide(handlers, id, parseDecision(await readJson(request)));
        return send(response, 200, {});
      }
      return answerRun(request, response, { handlers, url });
    }
  }
}

function followEvents(response: ServerResponse, url: URL, handlers: ControlHandlers): void {
  const withRecords = url.searchParams.get("records") !== "no";
  stream<ControlEvent>(response, (write) => handlers.followEvents(write, withRecords));
}

function sendMetrics(
  { headers }: IncomingMessage,
  response: ServerResponse,
  handlers: ControlHandlers,
): void {
  const { contentType, body } = answerMetrics(handlers.families(), headers.accept);
  response.writeHead(200, { "content-type": contentType });
  response.end(body);
}

function decide(handlers: ControlHandlers, id: string, decision: ConfirmationDecision): void {
  const outcome = handlers.confirmations.decide(id, decision);
  if (outcome === "done") return;
  const message =
    outcome === "unknown"
      ? `Cannot answer question ${id}: it is not open, or no more`
      : `Cannot answer question ${id}: a webhook decides about it`;
  const code = outcome === "unknown" ? "CLRK_NOT_FOUND" : "CLRK_PRECONDITION_FAILED";
  throw new ClrkError(code, message, { expose: message });
}

async function answerRun(
  request: IncomingMessage,
  response: ServerResponse,
  { handlers, url }: { readonly handlers: ControlHandlers; readonly url: URL },
): Promise<void> {
  const path = url.pathname;
  const fits = /^\/v1\/runs\/([a-z0-9-]{1,64})(\/records|\/process)?$/.exec(path);
  const runId = fits?.[1] ?? "";
  const operation = fits ? `${request.method} ${fits[2] ?? ""}` : "";
  if (operation === "DELETE ") {
    const exitCode = parseExitCode(url.searchParams.get("exitCode"));
    if (await handlers.endRun(runId, exitCode)) return send(response, 200, {});
  }
  if (operation === "POST /process") {
    const pid = parseProcess(await readJson(request));
    if (handlers.setRunProcess(runId, pid)) return send(response, 200, {});
  }
  if (operation === "GET /records") {
    const unknown = stream(response, (write) => handlers.followRun(runId, write));
    if (unknown === undefined) return;
  }
  throw new ClrkError("CLRK_NOT_FOUND", `Cannot ${request.method} "${path}": no such resource`, {
    expose: `Cannot ${request.method} "${path}": no such resource`,
  });
}

/** Writes values as JSON lines until the reader goes; `"absent"` when there is nothing to follow. */
function stream<Value>(
  response: ServerResponse,
  follow: (write: (value: Value) => void) => (() => void) | undefined,
): "absent" | undefined {
  let stop: (() => void) | undefined;
  const write = (value: Value) => {
    if (response.writableLength > maxUnreadBytes) {
      response.destroy();
      return;
    }
    response.write(`${JSON.stringify(value)}\n`);
  };
  const early: Value[] = [];
  let isOpen = false;
  stop = follow((value) => (isOpen ? write(value) : void early.push(value)));
  if (stop === undefined) return "absent";
  response.writeHead(200, { "content-type": "application/x-ndjson" });
  response.flushHeaders();
  isOpen = true;
  for (const value of early) write(value);
  response.once("close", () => stop?.());
  return undefined;
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  // Destroyed with the loop, the socket could not carry the answer.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    const bytes: Buffer = Buffer.from(chunk);
    size += bytes.length;
    if (size > maxBodyBytes) {
      throw new ClrkError("CLRK_TOO_LARGE", `Cannot read request: more than ${maxBodyBytes} bytes`);
    }
    chunks.push(bytes);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch (cause) {
    throw new ClrkError("CLRK_INVALID_ARGUMENT", "Cannot read request: not JSON", { cause });
  }
}

const agentName = /^[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?$/;

function parseRunRequest(value: unknown): RunRequest {
  const { agent, gateway, command } = members(value);
  if (typeof agent !== "string" || !agentName.test(agent)) {
    throw invalid(
      `Cannot register run: agent ${JSON.stringify(agent)} is not a name, wanted up to 63 lower-case letters, digits, "-" and "."`,
    );
  }
  if (gateway !== undefined && typeof gateway !== "string") {
    throw invalid("Cannot register run: gateway is not a string");
  }
  const text = typeof command === "string" ? command.slice(0, 200) : "";
  return { agent, command: text, ...(gateway !== undefined && { gateway }) };
}

/** Longest reason of an answer, in characters. */
const maxReason = 256;

function parseDecision(value: unknown): ConfirmationDecision {
  const { decision, reason = "" } = members(value);
  if (decision !== "approve" && decision !== "deny") {
    throw invalid('Cannot answer question: decision is neither "approve" nor "deny"');
  }
  if (typeof reason !== "string" || reason.length > maxReason) {
    throw invalid(`Cannot answer question: reason is no text of at most ${maxReason} characters`);
  }
  return { decision, reason };
}

function parseProcess(value: unknown): number {
  const { pid } = members(value);
  if (typeof pid === "number" && Number.isInteger(pid) && pid > 0) return pid;
  throw invalid("Cannot set process of run: pid is not a process id");
}

/** The exit status of a command, 0 to 255; undefined where it is not told. */
function parseExitCode(text: string | null): number | undefined {
  if (text === null) return undefined;
  if (/^\d{1,3}$/.test(text) && Number(text) <= 255) return Number(text);
  throw invalid("Cannot end run: exitCode is no whole number from 0 to 255");
}

function members(value: unknown): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return Object.assign(Object.create(null), value);
  }
  throw invalid("Cannot read request: not a JSON object");
}

function invalid(message: string): ClrkError {
  return new ClrkError("CLRK_INVALID_ARGUMENT", message, { expose: message });
}

function send(response: ServerResponse, status: number, body: object): void {
  // What is left of a request that was not read to its end must not be taken for the next one.
  const isRead = response.req.complete;
  response.writeHead(status, {
    "content-type": "application/json",
    ...(!isRead && { connection: "close" }),
  });
  response.end(JSON.stringify(body));
}

function fail(response: ServerResponse, thrown: unknown, log: Logger): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const error =
    thrown instanceof ClrkError
      ? thrown
      : new ClrkError("CLRK_INTERNAL", "Cannot answer request", { cause: thrown });
  if (error.status >= 500) log.error("Control request failed", { error: describeError(thrown) });
  const body: ControlError = { error: { code: error.code, message: error.expose } };
  send(response, error.status, body);
}
