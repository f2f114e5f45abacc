/** Command line of the control process, as the CLI and service managers start it. */
import { parseArgs } from "node:util";
import { ClrkError } from "../gateway/errors.ts";
import type { LogLevel } from "../gateway/log.ts";
import { findLogLevel, LOG_LEVELS } from "../gateway/log.ts";

/** What a control process is started with. */
export interface ControlOptions {
  /** Loopback address of the API server */
  readonly address: string;
  /** Port of the API server; 0 for a free one */
  readonly port: number;
  /** Path of the kubeconfig of the admin; absent: `kubeconfig` in the home directory */
  readonly kubeconfig?: string;
  /** Ends the process when its standard input ends */
  readonly exitsWithParent: boolean;
  readonly logLevel: LogLevel;
}

/** Parses the arguments after the script's name; throws CLRK_INVALID_ARGUMENT with a sentence for the user. */
export function parseControlOptions(args: readonly string[]): ControlOptions {
  const values = parse(args);
  const { kubeconfig } = values;
  return {
    address: values.address ?? "127.0.0.1",
    port: parsePort(values.port),
    ...(kubeconfig !== undefined && { kubeconfig }),
    exitsWithParent: values["exit-with-parent"] ?? false,
    logLevel: parseLevel(values["log-level"]),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        address: { type: "string" },
        port: { type: "string" },
        kubeconfig: { type: "string" },
        "exit-with-parent": { type: "boolean" },
        "log-level": { type: "string" },
      },
    }).values;
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : "unreadable";
    throw invalid(`Cannot read arguments: ${detail}`);
  }
}

function parsePort(text: string | undefined): number {
  if (text === undefined) return 0;
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw invalid(`Cannot use port "${text}": wanted a number from 0 to 65535`);
}

function parseLevel(text: string | undefined): LogLevel {
  if (text === undefined) return "warn";
  const level = findLogLevel(text);
  if (level !== undefined) return level;
  throw invalid(`Cannot use log level "${text}": wanted one of ${LOG_LEVELS.join(", ")}`);
}

function invalid(message: string): ClrkError {
  return new ClrkError("CLRK_INVALID_ARGUMENT", message, { expose: message });
}
