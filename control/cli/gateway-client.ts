/**
 * Asks a running gateway process over its control socket. Answers are checked for their outline only: the process is
 * ours and of this user. Every failure is a `GatewayClientError` with a sentence for the user.
 */
import type { ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import { CONTROL_PATH } from "../../gateway/control-api.ts";
import type {
  BudgetList,
  ConfirmationDecision,
  ConfirmationList,
  ControlEvent,
  GatewayProcessStatus,
  ObjectList,
  PlaceholderList,
  RunRegistration,
  RunRequest,
} from "../../gateway/control-api.ts";
import type { ActivityReport } from "../../gateway/activity-report.ts";
import type { EgressRecord } from "../../gateway/record.ts";
import { CliError } from "./cli-error.ts";
import { escapeControls } from "./colour.ts";
import { readBounded } from "./read-bounded.ts";
import { LineSplitter } from "../../gateway/line-splitter.ts";

/** Registering waits for Envoy, the rest is answered from memory. */
const defaultTimeoutMs = 10_000;

/** An answer with all objects of a large installation. */
const maxAnswerBytes = 256 * 1024 * 1024;

/** Why the process was of no help. */
export type GatewayClientFailure =
  /** Nothing listens on the socket, or it did not answer in time */
  | "unreachable"
  /** It answered that it does not do this; the message is its own */
  | "refused"
  /** It answered something that this version does not understand */
  | "unreadable";

/** A request that failed. */
export class GatewayClientError extends CliError {
  readonly failure: GatewayClientFailure;

  constructor(failure: GatewayClientFailure, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.failure = failure;
  }
}

/** A stream of JSON lines that the process writes until one of both sides ends it. */
export interface ControlStream {
  /** Resolves when the process has accepted the request; rejects with a `GatewayClientError` */
  readonly opened: Promise<void>;
  /** Resolves when the stream has ended, for whatever reason; never rejects */
  readonly ended: Promise<void>;
  /** Ends the stream; nothing is called back any more */
  close(): void;
}

/** One gateway process as the command line sees it; holds nothing open between requests. */
export interface GatewayClient {
  status(options?: { readonly timeoutMs?: number }): Promise<GatewayProcessStatus>;
  /** Objects of one kind as written (`EgressGateway`), or all */
  objects(kind?: string): Promise<ObjectList>;
  /** What is used of budgets */
  budgets(): Promise<BudgetList>;
  /** Open questions whether calls of tools may go on */
  confirmations(): Promise<ConfirmationList>;
  /** Answers one; rejects when it is open no more, or a webhook decides */
  decide(id: string, decision: ConfirmationDecision): Promise<void>;
  /** Fakes that agents may be given in place of values */
  placeholders(): Promise<PlaceholderList>;
  registerRun(run: RunRequest): Promise<RunRegistration>;
  setRunProcess(runId: string, pid: number): Promise<void>;
  /** Says with which exit code the command ended, where that is known */
  endRun(runId: string, exitCode?: number): Promise<void>;
  /** Resolves when the process has accepted to stop, not when it has */
  stop(): Promise<void>;
  followEvents(
    onEvent: (event: ControlEvent) => void,
    options?: { readonly withRecords?: boolean },
  ): ControlStream;
  /** Counts of all agents, then what changes, a few times a second */
  followActivity(onReport: (report: ActivityReport) => void): ControlStream;
  followRecords(runId: string, onRecord: (record: EgressRecord) => void): ControlStream;
}

/** The client for a control socket; connects at the first request. */
export function createGatewayClient(socketPath: string): GatewayClient {
  const ask = (question: Question) => askOnce(socketPath, question);
  return {
    status: async ({ timeoutMs = defaultTimeoutMs } = {}) => {
      const body = await ask({ method: "GET", path: CONTROL_PATH.status, timeoutMs });
      return parseStatus(body);
    },
    objects: async (kind) => {
      const query = kind === undefined ? "" : `?kind=${encodeURIComponent(kind)}`;
      return parseObjects(await ask({ method: "GET", path: `${CONTROL_PATH.objects}${query}` }));
    },
    budgets: async () => parseBudgets(await ask({ method: "GET", path: CONTROL_PATH.budgets })),
    confirmations: async () =>
      parseConfirmations(await ask({ method: "GET", path: CONTROL_PATH.confirmations })),
    decide: async (id, decision) => {
      const path = `${CONTROL_PATH.confirmations}/${encodeURIComponent(id)}`;
      await ask({ method: "POST", path, body: decision });
    },
    placeholders: async () =>
      parsePlaceholders(await ask({ method: "GET", path: CONTROL_PATH.placeholders })),
    registerRun: async (run) =>
      parseRegistration(await ask({ method: "POST", path: CONTROL_PATH.runs, body: run })),
    setRunProcess: async (runId, pid) => {
      await ask({ method: "POST", path: `${runPath(runId)}/process`, body: { pid } });
    },
    endRun: async (runId, exitCode) => {
      const query = exitCode === undefined ? "" : `?exitCode=${exitCode}`;
      await ask({ method: "DELETE", path: `${runPath(runId)}${query}` });
    },
    stop: async () => {
      await ask({ method: "POST", path: CONTROL_PATH.stop });
    },
    followEvents: (onEvent, { withRecords = true } = {}) =>
      follow(socketPath, `${CONTROL_PATH.events}${withRecords ? "" : "?records=no"}`, (value) => {
        if (isEvent(value)) onEvent(value);
      }),
    followActivity: (onReport) =>
      follow(socketPath, CONTROL_PATH.activity, (value) => {
        if (isReport(value)) onReport(value);
      }),
    followRecords: (runId, onRecord) =>
      follow(socketPath, `${runPath(runId)}/records`, (value) => {
        if (isRecord(value)) onRecord(value);
      }),
  };
}

function runPath(runId: string): string {
  return `${CONTROL_PATH.runs}/${encodeURIComponent(runId)}`;
}

interface Question {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly body?: object;
  readonly timeoutMs?: number;
}

async function askOnce(socketPath: string, question: Question): Promise<unknown> {
  const { method, path, body, timeoutMs = defaultTimeoutMs } = question;
  const text = body === undefined ? "" : JSON.stringify(body);
  const sent = openRequest({
    socketPath,
    method,
    path,
    headers: { "content-type": "application/json", "content-length": Buffer.byteLength(text) },
  });
  const timer = setTimeout(
    () => sent.destroy(new Error(`No answer within ${timeoutMs / 1000} s`)),
    timeoutMs,
  );
  try {
    sent.end(text);
    const response = await responseOf(sent);
    const answer = await readAll(response);
    return conclude(response.statusCode ?? 0, answer);
  } catch (error) {
    throw toClientError(error, socketPath);
  } finally {
    clearTimeout(timer);
  }
}

function openRequest(options: RequestOptions): ClientRequest {
  // An import would run every getter of the module, WebSocket's too, which loads all of undici: 40 ms of a start.
  const { request } = process.getBuiltinModule("node:http");
  return request({ ...options, agent: false });
}

function responseOf(sent: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    sent.once("response", resolve);
    sent.once("error", reject);
  });
}

async function readAll(response: IncomingMessage): Promise<string> {
  const bytes = await readBounded(response, maxAnswerBytes);
  if (bytes === undefined) throw unreadable(`it is longer than ${maxAnswerBytes} bytes`);
  return bytes.toString("utf8");
}

function conclude(status: number, text: string): unknown {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (cause) {
    throw unreadable("it is not JSON", cause);
  }
  if (status < 400) return body;
  const message = hasMembers(body, { error: "object" }) ? messageOf(body.error) : undefined;
  throw message === undefined
    ? unreadable(`its status is ${status}`)
    : new GatewayClientError("refused", escapeControls(message));
}

function messageOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("message" in error)) return undefined;
  return typeof error.message === "string" ? error.message : undefined;
}

function follow(
  socketPath: string,
  path: string,
  onValue: (value: unknown) => void,
): ControlStream {
  const sent = openRequest({ socketPath, method: "GET", path });
  let isClosed = false;
  const lines = new LineSplitter();
  const take = (line: string) => {
    const value = tryParse(line);
    if (!isClosed && value !== undefined) onValue(value);
  };
  const opened = responseOf(sent).then(async (response) => {
    // Whoever is cut off in the middle sees the end, not an error.
    response.on("error", () => {});
    if (response.statusCode !== 200) conclude(response.statusCode ?? 0, await readAll(response));
    response.on("data", (chunk: Buffer) => lines.push(chunk).forEach(take));
    response.on("end", () => lines.end().forEach(take));
  });
  const ended = new Promise<void>((resolve) => sent.once("close", () => resolve()));
  sent.on("error", () => {});
  sent.end();
  return {
    opened: opened.catch((error: unknown) => {
      throw toClientError(error, socketPath);
    }),
    ended,
    close: () => {
      isClosed = true;
      sent.destroy();
    },
  };
}

function tryParse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined; // cut in the middle by the end of the process
  }
}

function toClientError(error: unknown, socketPath: string): GatewayClientError {
  if (error instanceof GatewayClientError) return error;
  const detail = error instanceof Error ? error.message : String(error);
  return new GatewayClientError(
    "unreachable",
    `Cannot reach the gateway process at "${socketPath}": ${detail}\nSee what is wrong: clrk doctor`,
    { cause: error },
  );
}

function unreadable(detail: string, cause?: unknown): GatewayClientError {
  return new GatewayClientError(
    "unreadable",
    `Cannot understand the answer of the gateway process: ${detail}\nIs it of another version? Start it again: clrk dev --replace`,
    { cause },
  );
}

type MemberTypes = Readonly<Record<string, "string" | "number" | "object" | "array">>;

function hasMembers<Types extends MemberTypes>(
  value: unknown,
  types: Types,
): value is { readonly [Name in keyof Types]: unknown } {
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(types).every(([name, type]) => {
    const member: unknown = Reflect.get(value, name);
    if (type === "array") return Array.isArray(member);
    return typeof member === type && member !== null;
  });
}

function parseStatus(value: unknown): GatewayProcessStatus {
  const isStatus =
    hasMembers(value, { version: "string", pid: "number", startedAt: "string" }) &&
    hasMembers(value, { directories: "array", revision: "number", problems: "array" }) &&
    hasMembers(value, { envoy: "object", gateways: "array", records: "object", runs: "array" });
  if (!isStatus) throw unreadable("a member of the status is missing");
  return value as unknown as GatewayProcessStatus;
}

function parseObjects(value: unknown): ObjectList {
  if (!hasMembers(value, { revision: "number", items: "array" })) {
    throw unreadable("a member of the object list is missing");
  }
  return value as unknown as ObjectList;
}

function parseBudgets(value: unknown): BudgetList {
  if (!hasMembers(value, { items: "array" })) {
    throw unreadable("a member of the list of budgets is missing");
  }
  return value as unknown as BudgetList;
}

function parseConfirmations(value: unknown): ConfirmationList {
  if (!hasMembers(value, { items: "array" })) {
    throw unreadable("a member of the list of questions is missing");
  }
  return value as unknown as ConfirmationList;
}

function parsePlaceholders(value: unknown): PlaceholderList {
  if (!hasMembers(value, { items: "array" })) {
    throw unreadable("a member of the list of placeholders is missing");
  }
  return value as unknown as PlaceholderList;
}

function parseRegistration(value: unknown): RunRegistration {
  const isRegistration =
    hasMembers(value, {
      runId: "string",
      gateway: "string",
      proxyUrl: "string",
      telemetryToken: "string",
      trust: "object",
    }) && hasMembers(value.trust, { bundle: "string", directory: "string" });
  if (!isRegistration) throw unreadable("a member of the registration is missing");
  return value as unknown as RunRegistration;
}

const eventMembers = new Map<unknown, MemberTypes>([
  ["revision", { revision: "number", inMs: "number", changes: "array" }],
  ["problems", { revision: "number", problems: "array" }],
  ["warning", { message: "string" }],
  ["gateway", { gateway: "object" }],
  ["record", { record: "object" }],
  ["confirmation", { question: "object" }],
  ["confirmation-ended", { id: "string", ended: "object" }],
  ["stopping", { inFlight: "number" }],
]);

/** Events of kinds that a newer process may have are not for us. */
function isEvent(value: unknown): value is ControlEvent {
  if (!hasMembers(value, { kind: "string" })) return false;
  const members = eventMembers.get(value.kind);
  return members !== undefined && hasMembers(value, members);
}

function isReport(value: unknown): value is ActivityReport {
  const types = { total: "object", lastMinute: "object", agents: "array", lines: "array" } as const;
  return hasMembers(value, { ...types, skipped: "number" });
}

function isRecord(value: unknown): value is EgressRecord {
  return hasMembers(value, { kind: "string", request: "object", response: "object" });
}
