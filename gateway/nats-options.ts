/** Where NATS is, as every program of ours takes it: `--nats URL`, which may be repeated, and `--nats-credentials FILE`. */
import { readFile } from "node:fs/promises";
import { invalidArgument } from "./command-words.ts";
import { ClrkError, describeError } from "./errors.ts";
import type { NatsServers } from "./nats-connection.ts";

/** What was given on a command line. */
export interface NatsOptions {
  /** NATS servers: `nats://host:port` or `tls://host:port`; none: there is no NATS */
  readonly nats: readonly string[];
  /** Path of a NATS credentials file */
  readonly natsCredentials?: string;
}

/** Words of a command line for `parseWords()`. */
export const natsWords = {
  nats: { type: "string", multiple: true },
  "nats-credentials": { type: "string" },
} as const;

/** Checks what was given; throws CLRK_INVALID_ARGUMENT for an address that is none, or holds a credential. */
export function parseNatsOptions(values: {
  readonly nats?: readonly string[] | undefined;
  readonly "nats-credentials"?: string | undefined;
}): NatsOptions {
  const { nats = [], "nats-credentials": natsCredentials } = values;
  return {
    nats: nats.map(parseServer),
    ...(natsCredentials !== undefined && { natsCredentials }),
  };
}

/** Reads the credentials; undefined where there is no NATS. Rejects with CLRK_INVALID_ARGUMENT for an unreadable file. */
export async function readNatsServers({
  nats: servers,
  natsCredentials: file,
}: NatsOptions): Promise<NatsServers | undefined> {
  if (servers.length === 0) return undefined;
  if (file === undefined) return { servers };
  try {
    return { servers, credentials: await readFile(file) };
  } catch (cause) {
    const message = `Cannot read NATS credentials "${file}": ${describeError(cause)}`;
    throw new ClrkError("CLRK_INVALID_ARGUMENT", message, { cause, expose: message });
  }
}

/** Arguments are seen by every process of the machine: no credential may stand in one. */
function parseServer(text: string): string {
  const wanted = "wanted nats://HOST[:PORT] or tls://HOST[:PORT]";
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && (url.username !== "" || url.password !== "")) {
    throw invalidArgument(
      `Cannot use a NATS server with a credential in its address: ${wanted}, and --nats-credentials FILE`,
    );
  }
  const isPlain = url !== undefined && ["", "/"].includes(url.pathname) && url.search === "";
  if (isPlain && ["nats:", "tls:"].includes(url.protocol) && url.host !== "") return text;
  throw invalidArgument(`Cannot use NATS server "${text}": ${wanted}`);
}
