/** How a control process is told of its telemetry: words of its command line, and variables for what is secret. */
import { readFileSync } from "node:fs";
import { invalidArgument } from "../gateway/command-words.ts";
import { SecretValue } from "../gateway/secret-value.ts";
import type { StoreAddress } from "./telemetry/store-client.ts";

/** The words, for `parseWords()`. */
export const telemetryWords = {
  telemetry: { type: "string" },
  "clickhouse-url": { type: "string" },
  "clickhouse-password-file": { type: "string" },
} as const;

/** What they say. */
export interface TelemetryWords {
  /** Nothing is stored */
  readonly telemetryOff: boolean;
  /** A ClickHouse server in place of the embedded store */
  readonly clickhouseUrl?: string;
  /** File whose text is the password, without the end of its line */
  readonly clickhousePasswordFile?: string;
}

/** Reads the words; throws CLRK_INVALID_ARGUMENT with a sentence for the user. */
export function parseTelemetryWords(values: {
  readonly telemetry?: string;
  readonly "clickhouse-url"?: string;
  readonly "clickhouse-password-file"?: string;
}): TelemetryWords {
  const { telemetry = "on", "clickhouse-url": url, "clickhouse-password-file": file } = values;
  if (telemetry !== "on" && telemetry !== "off") {
    throw invalidArgument(`Cannot use --telemetry ${JSON.stringify(telemetry)}: wanted on or off`);
  }
  if (url !== undefined) checkUrl(url);
  if (file !== undefined && url === undefined) {
    throw invalidArgument("Cannot use --clickhouse-password-file without --clickhouse-url");
  }
  return {
    telemetryOff: telemetry === "off",
    ...(url !== undefined && { clickhouseUrl: url }),
    ...(file !== undefined && { clickhousePasswordFile: file }),
  };
}

/**
 * The server with its credentials: the user of `CLRK_CLICKHOUSE_USER`, and the password of the file or of
 * `CLRK_CLICKHOUSE_PASSWORD`, which is taken out of the environment. Undefined for the embedded store. Throws
 * CLRK_INVALID_ARGUMENT for a file that cannot be read.
 */
export function readClickHouse(
  { clickhouseUrl: url, clickhousePasswordFile: file }: TelemetryWords,
  environment: NodeJS.ProcessEnv,
): Extract<StoreAddress, { kind: "server" }> | undefined {
  const { CLRK_CLICKHOUSE_USER: user, CLRK_CLICKHOUSE_PASSWORD: fromEnvironment } = environment;
  // Programs that this process starts have no business with it.
  delete environment["CLRK_CLICKHOUSE_PASSWORD"];
  if (url === undefined) return undefined;
  const text = file === undefined ? fromEnvironment : readPassword(file);
  const password = text === undefined ? undefined : new SecretValue(text);
  return {
    kind: "server",
    url,
    ...(user !== undefined && { user }),
    ...(password !== undefined && { password }),
  };
}

function checkUrl(text: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw invalidArgument(
      "Cannot use --clickhouse-url: wanted http://HOST:PORT or https://HOST:PORT",
    );
  }
  if (url.username === "" && url.password === "") return;
  throw invalidArgument(
    "Cannot use --clickhouse-url with credentials in it, where every process sees them: set CLRK_CLICKHOUSE_USER, and CLRK_CLICKHOUSE_PASSWORD or --clickhouse-password-file",
  );
}

function readPassword(file: string): string {
  try {
    return readFileSync(file, "utf8").replace(/\r?\n$/, "");
  } catch {
    throw invalidArgument(`Cannot read the password of ClickHouse from ${JSON.stringify(file)}`);
  }
}
