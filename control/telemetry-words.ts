/** How a control process is told of its telemetry: words of its command line, and variables for what is secret. */
import { readFileSync } from "node:fs";
import { invalidArgument } from "../gateway/command-words.ts";
import { SecretValue } from "../gateway/secret-value.ts";
import { smallestMemoryCapBytes } from "./telemetry/engine-config.ts";
import type { StoreAddress } from "./telemetry/store-client.ts";

/** The words, for `parseWords()`. */
export const telemetryWords = {
  telemetry: { type: "string" },
  "telemetry-memory": { type: "string" },
  "telemetry-size": { type: "string" },
  "telemetry-age": { type: "string" },
  "clickhouse-url": { type: "string" },
  "clickhouse-password-file": { type: "string" },
  "otlp-port": { type: "string" },
} as const;

/** Values of the words, as they were given. */
export type TelemetryValues = Readonly<Partial<Record<keyof typeof telemetryWords, string>>>;

/** What they say. */
export interface TelemetryWords {
  /** Nothing is stored */
  readonly telemetryOff: boolean;
  /** Resident memory of the embedded store's process in bytes; absent: the store's own default */
  readonly telemetryMemoryBytes?: number;
  /** Bytes of the tables on disk, beyond which the oldest rows go; absent: the default of retention */
  readonly telemetrySizeBytes?: number;
  /** Age in `ms` beyond which rows go; absent: the default of retention */
  readonly telemetryAgeMs?: number;
  /** A ClickHouse server in place of the embedded store */
  readonly clickhouseUrl?: string;
  /** File whose text is the password, without the end of its line */
  readonly clickhousePasswordFile?: string;
  /** Port on loopback where agents send telemetry; absent: a free one */
  readonly otlpPort?: number;
}

const mebibyte = 1024 ** 2;
const gibibyte = 1024 ** 3;
const hourMs = 3_600_000;

/** Below the least a merge does not fit; the most are beyond any machine that this is for. */
const memoryBounds = {
  least: Math.ceil(smallestMemoryCapBytes / mebibyte) * mebibyte,
  most: 64 * gibibyte,
};
const sizeBounds = { least: 64 * mebibyte, most: 16 * 1024 * gibibyte };

/** Rows go by partitions of four hours. */
const ageBounds = { least: 4 * hourMs, most: 366 * 24 * hourMs };

/** Reads the words; throws CLRK_INVALID_ARGUMENT with a sentence for the user. */
export function parseTelemetryWords(values: TelemetryValues): TelemetryWords {
  const { telemetry = "on", "clickhouse-url": url, "clickhouse-password-file": file } = values;
  if (telemetry !== "on" && telemetry !== "off") {
    throw invalidArgument(`Cannot use --telemetry ${JSON.stringify(telemetry)}: wanted on or off`);
  }
  if (telemetry === "off") refuseOthers(values);
  if (url !== undefined) checkUrl(url);
  if (file !== undefined && url === undefined) {
    throw invalidArgument("Cannot use --clickhouse-password-file without --clickhouse-url");
  }
  const { "telemetry-memory": memory, "telemetry-size": size, "telemetry-age": age } = values;
  if (memory !== undefined && url !== undefined) {
    throw invalidArgument(
      "Cannot use --telemetry-memory with --clickhouse-url: the memory of a server is bounded in its own settings; leave it out",
    );
  }
  return {
    telemetryOff: telemetry === "off",
    ...(memory !== undefined && {
      telemetryMemoryBytes: parseBytes("--telemetry-memory", memory, memoryBounds),
    }),
    ...(size !== undefined && {
      telemetrySizeBytes: parseBytes("--telemetry-size", size, sizeBounds),
    }),
    ...(age !== undefined && { telemetryAgeMs: parseAge(age) }),
    ...(url !== undefined && { clickhouseUrl: url }),
    ...(file !== undefined && { clickhousePasswordFile: file }),
    ...(values["otlp-port"] !== undefined && { otlpPort: parseOtlpPort(values["otlp-port"]) }),
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

/** What is asked for and not done would be missed later. */
function refuseOthers(values: TelemetryValues): void {
  const [other] = Object.entries(values).flatMap(([name, value]) =>
    name === "telemetry" || value === undefined || !(name in telemetryWords) ? [] : [name],
  );
  if (other === undefined) return;
  throw invalidArgument(
    `Cannot use --${other} with --telemetry off, which stores and takes nothing: leave one of them out`,
  );
}

interface Bounds {
  readonly least: number;
  readonly most: number;
}

function parseBytes(option: string, text: string, { least, most }: Bounds): number {
  const [, number = "", unit = ""] = /^(\d{1,6})(MiB|GiB|TiB)$/.exec(text) ?? [];
  const scale = { MiB: mebibyte, GiB: gibibyte, TiB: 1024 * gibibyte }[unit] ?? Number.NaN;
  const bytes = Number(number) * scale;
  if (bytes >= least && bytes <= most) return bytes;
  throw invalidArgument(
    `Cannot use ${option} ${JSON.stringify(text.slice(0, 40))}: wanted a size from ${least / mebibyte}MiB to ${most / gibibyte}GiB, such as 800MiB or 2GiB`,
  );
}

function parseAge(text: string): number {
  const [, number = "", unit = ""] = /^(\d{1,5})(h|d)$/.exec(text) ?? [];
  const ageMs = Number(number) * ({ h: hourMs, d: 24 * hourMs }[unit] ?? Number.NaN);
  if (ageMs >= ageBounds.least && ageMs <= ageBounds.most) return ageMs;
  throw invalidArgument(
    `Cannot use --telemetry-age ${JSON.stringify(text.slice(0, 40))}: wanted a time from 4h to 366d, such as 12h or 30d`,
  );
}

function parseOtlpPort(text: string): number {
  const port = Number(text);
  if (/^[1-9]\d*$/.test(text) && port <= 65_535) return port;
  throw invalidArgument(
    `Cannot use --otlp-port ${JSON.stringify(text)}: wanted a number from 1 to 65535`,
  );
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
