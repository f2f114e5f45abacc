/**
 * Runs a real client as a child process with an environment of its own and reads back one JSON value. What the
 * client raised is a value, because most tests look at exactly that; a child that reports nothing is an error.
 */
import { fileURLToPath } from "node:url";
import { runProcess } from "../processes.ts";

const defaultDeadlineMs = 20_000;
const causeLimit = 5;

/** Where and how long a client runs. */
export interface ClientRun {
  /** Environment beside `PATH` and `HOME`; nothing else is inherited */
  readonly environment?: Readonly<Record<string, string>>;
  /** Longest run in `ms`; 20 s when absent */
  readonly deadlineMs?: number;
}

/** What a client raised, as its user would see it. */
export interface ClientError {
  /** Class name of the error */
  readonly name: string;
  readonly message: string;
  /** HTTP or gRPC status, when the error carries one */
  readonly status?: number;
  /** `code` of the error, for example of the provider's error body */
  readonly code?: string;
  /** `type` of the error, likewise */
  readonly type?: string;
  readonly requestId?: string;
  /** `code` or message of the causes, outermost first */
  readonly causes: readonly string[];
}

/** What happened: the client's own report, or what it raised. */
export type ClientResult<T> =
  | { readonly kind: "answered"; readonly value: T }
  | { readonly kind: "failed"; readonly error: ClientError };

/** Runs a client module as the main program of this Node; `options` reaches its `reportClient` as JSON. */
export async function runNodeClient<T>(
  moduleUrl: string,
  options: object,
  run: ClientRun,
): Promise<ClientResult<T>> {
  const program = fileURLToPath(moduleUrl);
  return runClient<T>(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", program, JSON.stringify(options)],
    run,
  );
}

/** Runs any program that prints one `ClientResult` as JSON. Throws when it prints none or is late. */
export async function runClient<T>(
  command: string,
  args: readonly string[],
  run: ClientRun,
): Promise<ClientResult<T>> {
  const deadlineMs = run.deadlineMs ?? defaultDeadlineMs;
  const outcome = await runProcess(
    { command, arguments: args, environment: clientEnvironment(run) },
    deadlineMs,
  );
  const reason = outcome.timedOut ? `still running after ${deadlineMs} ms` : outcome.stderr.trim();
  try {
    // The child is our own program: the shape is its side of this contract.
    return JSON.parse(outcome.stdout) as ClientResult<T>;
  } catch (cause) {
    throw new Error(`Cannot read report of "${command}": ${reason}`, { cause });
  }
}

/** The whole environment of a client: only what finds programs, and what the run gives. */
export function clientEnvironment(run: ClientRun): Record<string, string> {
  const { PATH = "", HOME = "/" } = process.env;
  return { PATH, HOME, ...run.environment };
}

/** The child's side: runs `client` on the options from the command line and prints its result. */
export async function reportClient<O>(client: (options: O) => Promise<unknown>): Promise<void> {
  let result: ClientResult<unknown>;
  try {
    // Written by `runNodeClient` of the same module.
    result = { kind: "answered", value: await client(JSON.parse(process.argv[2] ?? "{}") as O) };
  } catch (error) {
    result = { kind: "failed", error: describeError(error) };
  }
  process.stdout.write(JSON.stringify(result));
}

/** What is worth knowing of anything thrown. */
export function describeError(error: unknown): ClientError {
  if (!(error instanceof Error)) return { name: "unknown", message: String(error), causes: [] };
  const status = numberField(error, "status") ?? numberField(error, "code");
  const code = textField(error, "code");
  const type = textField(error, "type");
  const requestId = textField(error, "requestID");
  return {
    name: error.constructor.name,
    message: error.message,
    ...(status === undefined ? {} : { status }),
    ...(code === undefined ? {} : { code }),
    ...(type === undefined ? {} : { type }),
    ...(requestId === undefined ? {} : { requestId }),
    causes: causesOf(error),
  };
}

function causesOf(error: Error): string[] {
  const causes: string[] = [];
  let cause = error.cause;
  while (cause instanceof Error && causes.length < causeLimit) {
    causes.push(textField(cause, "code") ?? cause.message);
    cause = cause.cause;
  }
  return causes;
}

function textField(error: Error, name: string): string | undefined {
  const value: unknown = Reflect.get(error, name);
  return typeof value === "string" ? value : undefined;
}

function numberField(error: Error, name: string): number | undefined {
  const value: unknown = Reflect.get(error, name);
  return typeof value === "number" ? value : undefined;
}
