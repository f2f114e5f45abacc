/** The gateway process's command line from the options that `clrk dev` and `clrk run` share. */
import { access } from "node:fs/promises";
import { resolve } from "node:path";
import { ClrkError } from "../../gateway/errors.ts";
import { CliError, EXIT_CODE } from "./cli-error.ts";

/** Options of a gateway process, as the user gave them. */
export interface GatewayOptions {
  readonly file: readonly string[];
  /** Socket of the control process, in place of files */
  readonly feed?: string;
  readonly secret: readonly string[];
  readonly provider?: readonly string[];
  readonly transparent?: string;
  readonly metrics?: string;
  readonly concurrency?: number;
  readonly "engine-threads"?: number;
  readonly nats?: readonly string[];
  readonly "nats-credentials"?: string;
}

const telemetryNames = [
  "telemetry",
  "telemetry-memory",
  "telemetry-size",
  "telemetry-age",
  "clickhouse-url",
  "clickhouse-password-file",
  "otlp-port",
] as const satisfies readonly (keyof TelemetryFlags)[];

/** Options of telemetry, as the user gave them. */
export interface TelemetryFlags {
  readonly telemetry?: string;
  readonly "telemetry-memory"?: string;
  readonly "telemetry-size"?: string;
  readonly "telemetry-age"?: string;
  readonly "clickhouse-url"?: string;
  readonly "clickhouse-password-file"?: string;
  readonly "otlp-port"?: string;
}

/** Those of them that a control process is started with. */
export type ControlStartOptions = Pick<
  GatewayOptions,
  "file" | "provider" | "nats" | "nats-credentials"
> &
  TelemetryFlags;

/** Returns the arguments for `gateway/main.ts`. */
export function gatewayArguments(options: GatewayOptions): string[] {
  const { file, feed, secret, provider = [], transparent, metrics, concurrency } = options;
  const { "engine-threads": engineThreads } = options;
  return [
    ...file.flatMap((path) => ["--file", path]),
    ...(feed === undefined ? [] : ["--feed", feed]),
    ...secret.flatMap((text) => ["--secret", text]),
    ...provider.flatMap((specifier) => ["--provider", specifier]),
    ...(transparent === undefined ? [] : ["--transparent", transparent]),
    ...(metrics === undefined ? [] : ["--metrics", metrics]),
    ...(concurrency === undefined ? [] : ["--concurrency", String(concurrency)]),
    ...(engineThreads === undefined ? [] : ["--engine-threads", String(engineThreads)]),
    ...natsArguments(options),
  ];
}

/** Returns the arguments for `control/main.ts`; it is to write reports. */
export function controlArguments(
  options: ControlStartOptions & { readonly port?: number; readonly restarts?: number },
): string[] {
  const { file, provider = [], port, restarts = 0 } = options;
  return [
    ...file.flatMap((path) => ["--file", path]),
    ...provider.flatMap((specifier) => ["--provider", specifier]),
    ...natsArguments(options),
    ...telemetryArguments(options),
    ...(port === undefined ? [] : ["--port", String(port)]),
    ...(restarts === 0 ? [] : ["--restarts", String(restarts)]),
    "--report",
    "--exit-with-parent",
  ];
}

/**
 * Throws a `CliError` when one of the paths cannot be read, or a secret is not written `NAME[:KEY]=SOURCE` or names a
 * variable that is not set: all of it before anything is started.
 */
export async function checkGatewayOptions(
  options: Pick<GatewayOptions, "file" | "secret">,
  world: {
    readonly workingDirectory: string;
    readonly env: Readonly<Partial<Record<string, string>>>;
  },
): Promise<void> {
  const { workingDirectory, env } = world;
  for (const path of options.file) {
    const isThere = await access(resolve(workingDirectory, path)).then(
      () => true,
      () => false,
    );
    if (!isThere) {
      throw new CliError(
        `Cannot read "${path}": no such file or folder\nName a folder with manifests, such as examples/quickstart`,
      );
    }
  }
  if (options.secret.length > 0) await checkSecrets(options.secret, env);
}

/** Throws a `CliError` of wrong usage for options of telemetry that the control process would refuse. */
export async function checkTelemetryFlags(flags: TelemetryFlags): Promise<void> {
  if (telemetryArguments(flags).length === 0) return;
  const { parseTelemetryWords } = await import("../telemetry-words.ts");
  try {
    parseTelemetryWords(telemetryOf(flags));
  } catch (cause) {
    if (!(cause instanceof ClrkError)) throw cause;
    const next = "See what they take: clrk dev --help";
    throw new CliError(`${cause.expose}\n${next}`, { exitCode: EXIT_CODE.usage, cause });
  }
}

function telemetryOf(flags: TelemetryFlags): TelemetryFlags {
  return Object.fromEntries(
    telemetryNames.flatMap((name) => (flags[name] === undefined ? [] : [[name, flags[name]]])),
  );
}

function telemetryArguments(flags: TelemetryFlags): string[] {
  return telemetryNames.flatMap((name) => {
    const value = flags[name];
    return value === undefined ? [] : [`--${name}`, value];
  });
}

function natsArguments(options: Pick<GatewayOptions, "nats" | "nats-credentials">): string[] {
  const { nats = [], "nats-credentials": credentials } = options;
  return [
    ...nats.flatMap((url) => ["--nats", url]),
    ...(credentials === undefined ? [] : ["--nats-credentials", credentials]),
  ];
}

async function checkSecrets(
  flags: readonly string[],
  env: Readonly<Partial<Record<string, string>>>,
): Promise<void> {
  // Brings the kinds with it: only for those who use it.
  const { parseSecretFlag } = await import("../../gateway/secret-flag.ts");
  for (const flag of flags) {
    const spec = parseFlag(flag, parseSecretFlag);
    // What is behind the others may come later, and be gone again: the gateway tells of it.
    if (spec.kind !== "variable") continue;
    const { variable } = spec;
    if (env[variable]) continue;
    const state = env[variable] === undefined ? "not set" : "empty";
    throw new CliError(
      `Cannot use --secret: the environment variable ${variable} is ${state}\nSet it before clrk starts, or name another one`,
    );
  }
}

function parseFlag<Parsed>(flag: string, parse: (text: string) => Parsed): Parsed {
  try {
    return parse(flag);
  } catch (cause) {
    // The sentence never repeats what may be the secret itself.
    const detail = cause instanceof ClrkError ? cause.expose : "it cannot be read";
    throw new CliError(`${detail}\nFor example: --secret openai=OPENAI_API_KEY`, { cause });
  }
}
