/** `clrk run-task`: calls a task agent, passes its answer on as it comes, and says what became of the invocation. */
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { readDuration } from "../../../crds/duration.ts";
import { createApiClient } from "../api-client.ts";
import type { ApiClient } from "../api-client.ts";
import { ApiError } from "../api-error.ts";
import { getApiTarget } from "../api-target.ts";
import type { ApiFlags } from "../api-target.ts";
import type { CliContext, Interruption } from "../cli-context.ts";
import { readBounded } from "../read-bounded.ts";
import { CliError, EXIT_CODE, SIGNAL_EXIT_CODE } from "../cli-error.ts";
import { escapeControls } from "../colour.ts";
import { agentPath, parseAgentWord } from "../telemetry/agent-reference.ts";
import { parseHeaderLine, parseRequestText } from "../telemetry/http-request-text.ts";
import { watchInvocation } from "../telemetry/invocation-phase.ts";
import type { InvocationEnd } from "../telemetry/invocation-phase.ts";
import { readOption } from "../telemetry/read-option.ts";

/** Options as the user gave them. */
export interface RunTaskFlags extends ApiFlags {
  readonly namespace?: string;
  /** The text, `@FILE`, or `-` */
  readonly input?: string;
  /** A file with a whole HTTP request, or `-` */
  readonly request?: string;
  /** As `parseHeaderLine()` takes them */
  readonly header?: readonly string[];
  readonly "ce-type"?: string;
  readonly "ce-source"?: string;
  readonly "ce-subject"?: string;
  readonly "content-type"?: string;
  /** Of all of it, a duration */
  readonly timeout?: string;
  readonly async?: boolean;
}

/** Exit codes beside the usual ones; 124 is what timeout(1) has, 77 what sysexits(3) has for "no permission". */
export const RUN_TASK_EXIT_CODE = { failed: 1, timeout: 124, rejected: 77 } as const;

const longestTimeoutMs = 24 * 3_600_000;

/** Largest input: it is read before it is sent, so that it can have a length. */
const maxInputBytes = 64 * 1024 * 1024;

/** After a call that the server refused or broke off, the invocation says why, if it was ever made. */
const phaseAfterFailureMs = 6_000;

/** Runs the agent once; the exit code says how it ended. */
export async function runTask(this: CliContext, flags: RunTaskFlags, word: string): Promise<void> {
  const { plural = "taskagents", name } = readOption("NAME", word, parseAgentWord);
  const timeoutMs = readOption("--timeout", flags.timeout ?? "60s", parseTimeout);
  if (plural !== "taskagents") throw new CliError("Cannot call it: only task agents are called");
  const client = createApiClient(await getApiTarget(this, flags));
  const namespace = flags.namespace ?? client.target.namespace;
  const id = randomUUID();
  const call: TaskCall = {
    context: this,
    client,
    id,
    namespace,
    path: agentPath({ namespace, plural, name }, "invoke"),
    content: await readContent(this, flags),
    isAsync: flags.async === true,
  };
  const run = startRun(this, timeoutMs);
  try {
    this.process.exitCode = await perform(call, run);
  } finally {
    run.end();
  }
}

interface TaskCall {
  readonly context: CliContext;
  readonly client: ApiClient;
  readonly id: string;
  readonly namespace: string;
  readonly path: string;
  readonly content: TaskContent;
  readonly isAsync: boolean;
}

interface TaskContent {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
}

async function perform(call: TaskCall, run: TaskRun): Promise<number> {
  const { context, id, isAsync } = call;
  const { stdout, stderr } = context.process;
  stderr.write(`clrk: invocation ${id}\n`);
  let failure: ApiError | undefined;
  try {
    await invoke(call, run.signal);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    failure = error;
  }
  const stopped = stoppedCode(run, call);
  if (stopped !== undefined) return stopped;
  if (isAsync && failure === undefined) {
    stdout.write(`${id}\n`);
    return EXIT_CODE.done;
  }
  if (failure !== undefined && isSettled(failure)) throw failure;
  const end = await waitForEnd(call, run, failure);
  const stoppedMeanwhile = stoppedCode(run, call);
  if (end === undefined && stoppedMeanwhile !== undefined) return stoppedMeanwhile;
  return report(call, end, failure);
}

/** Sends the call and passes the answer on, piece by piece. */
async function invoke(call: TaskCall, signal: AbortSignal): Promise<void> {
  const { client, path, id, isAsync, content, context } = call;
  const { stdout } = context.process;
  const { "content-type": type = "application/json", ...headers } = content.headers;
  const answer = await client.stream({
    method: "POST",
    path,
    accept: headers["accept"] ?? "*/*",
    headers: {
      ...headers,
      "x-clrk-invocation-id": id,
      ...(isAsync && { prefer: "respond-async" }),
    },
    ...(content.body !== undefined && { content: { type, bytes: content.body } }),
    timeoutMs: 0,
    signal,
  });
  const decoder = new TextDecoder();
  let last = "\n";
  for await (const chunk of answer.bytes()) {
    if (isAsync) continue;
    const text = decoder.decode(chunk, { stream: true });
    const shown = stdout.isTerminal ? escapeAnswer(text) : text;
    if (shown !== "") last = shown;
    stdout.write(shown);
    await stdout.drained?.();
  }
  // The prompt of a shell begins a line of its own; a file holds what was sent.
  if (stdout.isTerminal && !last.endsWith("\n")) stdout.write("\n");
}

/** What an agent says may be lines with tabs; nothing else of it may steer the terminal. */
function escapeAnswer(text: string): string {
  return text
    .split(/(\r?\n|\t)/)
    .map((part) => (/^(?:\r?\n|\t)$/.test(part) ? part : escapeControls(part)))
    .join("");
}

/** Errors that no invocation can explain, because there is none. */
function isSettled({ failure, status }: ApiError): boolean {
  const never = ["forbidden", "unauthorized", "untrusted", "not-found", "invalid"];
  return never.includes(failure) || status === 400;
}

async function waitForEnd(
  { client, namespace, id }: TaskCall,
  run: TaskRun,
  failure: ApiError | undefined,
): Promise<InvocationEnd | undefined> {
  const signal =
    failure === undefined
      ? run.signal
      : AbortSignal.any([run.signal, AbortSignal.timeout(phaseAfterFailureMs)]);
  return await watchInvocation(client, { namespace, id }, { signal });
}

function report(
  { context, id }: TaskCall,
  end: InvocationEnd | undefined,
  failure: ApiError | undefined,
): number {
  if (end === undefined) {
    if (failure === undefined) throw new CliError(`Cannot tell what became of invocation ${id}`);
    if (isRejection(failure)) {
      throw new CliError(failure.message, { exitCode: RUN_TASK_EXIT_CODE.rejected });
    }
    throw failure;
  }
  const why = end.message === "" ? "" : `: ${end.message}`;
  context.process.stderr.write(`clrk: invocation ${id} ${end.phase}${why}\n`);
  switch (end.phase) {
    case "Succeeded":
      return EXIT_CODE.done;
    case "Timeout":
      return RUN_TASK_EXIT_CODE.timeout;
    case "Rejected":
      return RUN_TASK_EXIT_CODE.rejected;
    default:
      return RUN_TASK_EXIT_CODE.failed;
  }
}

function isRejection({ status, reason }: ApiError): boolean {
  return status === 429 || reason === "NoReadyWorker" || reason === "NoReadyRevision";
}

interface TaskRun {
  /** Aborts when time is up, or the user gave up */
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  reason(): Interruption | "timeout" | undefined;
  end(): void;
}

function startRun(context: CliContext, timeoutMs: number): TaskRun {
  const controller = new AbortController();
  let reason: Interruption | "timeout" | undefined;
  const stop = (why: Interruption | "timeout") => {
    reason ??= why;
    controller.abort();
  };
  const timer = setTimeout(() => stop("timeout"), timeoutMs);
  const release = context.onInterrupt(stop);
  return {
    signal: controller.signal,
    timeoutMs,
    reason: () => reason,
    end: () => {
      clearTimeout(timer);
      release();
    },
  };
}

function stoppedCode(run: TaskRun, { context, id }: TaskCall): number | undefined {
  const reason = run.reason();
  if (reason === undefined) return undefined;
  const { stderr } = context.process;
  if (reason === "timeout") {
    const seconds = run.timeoutMs / 1_000;
    stderr.write(`clrk: invocation ${id} has not ended within ${seconds} s; see: --timeout\n`);
    return RUN_TASK_EXIT_CODE.timeout;
  }
  if (reason === "output-closed") return RUN_TASK_EXIT_CODE.failed;
  stderr.write(`clrk: invocation ${id} is not waited for any more\n`);
  return SIGNAL_EXIT_CODE[reason];
}

async function readContent(context: CliContext, flags: RunTaskFlags): Promise<TaskContent> {
  const { input, request } = flags;
  const header = (flags.header ?? []).map((line) => readOption("--header", line, parseHeaderLine));
  if (input !== undefined && request !== undefined) {
    throw new CliError("Cannot take both --input and --request: the request has its own body", {
      exitCode: EXIT_CODE.usage,
    });
  }
  const events = [
    ["ce-type", flags["ce-type"]],
    ["ce-source", flags["ce-source"]],
    ["ce-subject", flags["ce-subject"]],
    ["content-type", flags["content-type"]],
  ].flatMap(([name = "", value]) => (value === undefined ? [] : [[name, value] as const]));
  if (request !== undefined) {
    const bytes = await readSource(context, request);
    const parsed = readOption("--request", request, () => parseRequestText(bytes));
    const headers = Object.fromEntries([...parsed.headers, ...header, ...events]);
    return { headers, body: parsed.body.length === 0 ? undefined : parsed.body };
  }
  const headers = Object.fromEntries([...header, ...events]);
  return { headers, body: input === undefined ? undefined : await readInput(context, input) };
}

function parseTimeout(input: string): number {
  const read = readDuration(input);
  if (read.kind === "valid" && read.value > 0 && read.value <= longestTimeoutMs) return read.value;
  throw new RangeError('Wanted a time such as "90s" or "10m", at most 24h');
}

function readInput(context: CliContext, input: string): Promise<Uint8Array> {
  if (input === "-") return readSource(context, input);
  if (input.startsWith("@")) return readSource(context, input.slice(1));
  return Promise.resolve(Buffer.from(input));
}

async function readSource(context: CliContext, source: string): Promise<Uint8Array> {
  if (source !== "-") {
    try {
      return await readFile(path.resolve(context.workingDirectory, source));
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      throw new CliError(`Cannot read "${escapeControls(source)}": ${escapeControls(detail)}`, {
        cause: error,
      });
    }
  }
  const bytes = await readBounded(context.input(), maxInputBytes);
  if (bytes !== undefined) return bytes;
  throw new CliError(`Cannot send what comes on standard input: more than ${maxInputBytes} bytes`);
}
