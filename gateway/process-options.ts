/** Command line of the gateway process, as the CLI and service managers start it. */

import { isIP } from "node:net";
import { invalidArgument, parseLogLevel, parseWords } from "./command-words.ts";
import type { LogLevel } from "./log.ts";
import type { NatsOptions } from "./nats-options.ts";
import { natsWords, parseNatsOptions } from "./nats-options.ts";
import type { SocketEndpoint } from "./snapshot.ts";

/** What a gateway process is started with; by NATS it shares limits with other replicas. */
export interface ProcessOptions extends NatsOptions {
  /** Files and folders with manifests */
  readonly paths: readonly string[];
  /** Socket of a control process whose objects are served in place of manifests */
  readonly feed?: string;
  /** `NAME[:KEY]=SOURCE`, as given */
  readonly secrets: readonly string[];
  /** Provider plugins: paths and names of packages, as given */
  readonly providers: readonly string[];
  /** First address for transparent listeners; the second gateway takes the next port */
  readonly transparent?: SocketEndpoint;
  /** Envoy worker threads of each gateway */
  readonly concurrency: number;
  /** Threads of the engine, which all gateways share */
  readonly engineThreads: number;
  /** Ends the process when its standard input ends */
  readonly exitsWithParent: boolean;
  readonly logLevel: LogLevel;
}

/** Parses the arguments after the script's name; throws CLRK_INVALID_ARGUMENT with a sentence for the user. */
export function parseProcessOptions(
  args: readonly string[],
  defaults: { readonly concurrency: number; readonly engineThreads: number },
): ProcessOptions {
  const values = parseWords(args, {
    file: { type: "string", short: "f", multiple: true },
    feed: { type: "string" },
    secret: { type: "string", multiple: true },
    provider: { type: "string", multiple: true },
    transparent: { type: "string" },
    concurrency: { type: "string" },
    "engine-threads": { type: "string" },
    ...natsWords,
    "exit-with-parent": { type: "boolean" },
    "log-level": { type: "string" },
  });
  if (values.feed !== undefined && (values.file ?? []).length > 0) {
    throw invalidArgument(
      "Cannot serve manifests beside a control process: wanted --file or --feed",
    );
  }
  const transparent =
    values.transparent === undefined ? undefined : parseEndpoint(values.transparent);
  return {
    paths: values.file ?? [],
    ...(values.feed !== undefined && { feed: values.feed }),
    secrets: values.secret ?? [],
    providers: values.provider ?? [],
    ...(transparent && { transparent }),
    concurrency: parseThreads(values.concurrency, "concurrency") ?? defaults.concurrency,
    engineThreads:
      parseThreads(values["engine-threads"], "engine threads") ?? defaults.engineThreads,
    ...parseNatsOptions(values),
    exitsWithParent: values["exit-with-parent"] ?? false,
    logLevel: parseLogLevel(values["log-level"]),
  };
}

function parseEndpoint(text: string): SocketEndpoint {
  const fits = /^(?:(.+):)?(\d{1,5})$/.exec(text);
  const port = Number(fits?.[2]);
  const address = fits?.[1]?.replace(/^\[(.*)\]$/, "$1") ?? "127.0.0.1";
  if (!fits || port > 65_535 || isIP(address) === 0) {
    throw invalidArgument(`Cannot use transparent listener "${text}": wanted [ADDRESS:]PORT`);
  }
  return { address, port };
}

function parseThreads(text: string | undefined, what: string): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= 256) return number;
  throw invalidArgument(`Cannot use ${what} "${text}": wanted a number from 1 to 256`);
}
