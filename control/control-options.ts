/** Command line of the control process, as the CLI and service managers start it. */
import { invalidArgument, parseLogLevel, parseWords } from "../gateway/command-words.ts";
import type { LogLevel } from "../gateway/log.ts";
import type { NatsOptions } from "../gateway/nats-options.ts";
import { natsWords, parseNatsOptions } from "../gateway/nats-options.ts";
import { parseTelemetryWords, telemetryWords } from "./telemetry-words.ts";
import type { TelemetryWords } from "./telemetry-words.ts";

/** What a control process is started with; by NATS it is told what becomes of invocations. */
export interface ControlOptions extends NatsOptions, TelemetryWords {
  /** Loopback address of the API server */
  readonly address: string;
  /** Port of the API server; 0 for a free one */
  readonly port: number;
  /** Files and folders with manifests, which are applied and followed */
  readonly paths: readonly string[];
  /** Provider plugins, whose names manifests may use: paths and names of packages, as given */
  readonly providers: readonly string[];
  /** Path of the kubeconfig of the admin; absent: `kubeconfig` in the home directory */
  readonly kubeconfig?: string;
  /** Ends the process when its standard input ends */
  readonly exitsWithParent: boolean;
  readonly logLevel: LogLevel;
  /** Starts before this one, told in its reports */
  readonly restarts: number;
  /** Writes a line of JSON with its state to standard output every other second */
  readonly reports: boolean;
}

/** Parses the arguments after the script's name; throws CLRK_INVALID_ARGUMENT with a sentence for the user. */
export function parseControlOptions(args: readonly string[]): ControlOptions {
  const values = parseWords(args, {
    address: { type: "string" },
    port: { type: "string" },
    file: { type: "string", short: "f", multiple: true },
    provider: { type: "string", multiple: true },
    kubeconfig: { type: "string" },
    ...natsWords,
    ...telemetryWords,
    "exit-with-parent": { type: "boolean" },
    "log-level": { type: "string" },
    restarts: { type: "string" },
    report: { type: "boolean" },
  });
  const { kubeconfig } = values;
  return {
    address: values.address ?? "127.0.0.1",
    port: parsePort(values.port),
    paths: values.file ?? [],
    providers: values.provider ?? [],
    ...(kubeconfig !== undefined && { kubeconfig }),
    ...parseNatsOptions(values),
    ...parseTelemetryWords(values),
    exitsWithParent: values["exit-with-parent"] ?? false,
    logLevel: parseLogLevel(values["log-level"]),
    restarts: parseRestarts(values.restarts),
    reports: values.report ?? false,
  };
}

function parseRestarts(text = "0"): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw invalidArgument(`Cannot use --restarts "${text}": wanted a number of starts, 0 or more`);
}

function parsePort(text: string | undefined): number {
  if (text === undefined) return 0;
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw invalidArgument(`Cannot use port "${text}": wanted a number from 0 to 65535`);
}
