/**
 * Envoy's standard error as entries of our own log. What a crashing Envoy prints is no entry: with the state of the
 * thread that crashed come the headers of its request, and among them may be a credential.
 */

/** One entry; `component` is Envoy's logger, such as `config` or `upstream`. */
export interface EnvoyLogEntry {
  readonly level: "warn" | "error";
  readonly component: string;
  readonly message: string;
}

/** Longest message kept: a rejected configuration is quoted back at any length. */
const maxMessageLength = 1_000;

/** Lines outside of the log that are kept of a start: why a binary cannot run is said in a few. */
const maxStartLines = 10;

/** Lines that say nothing an operator could act on, and those about a port that is taken, which ADS tells as well. */
const noise = [
  ...[/marked as work-in-progress/, /There is no configured limit/],
  /^(?:delta config|gRPC config|lds: listener|listener) .*cannot bind .+: Address already in use/,
];

/** Written by `--log-format '%l|%n|%v'`. */
const formatted = /^(trace|debug|info|warning|error|critical|off)\|([^|]*)\|(.*)$/;

/** Beginnings of what Envoy says when it is about to end by a signal, a failed assertion or an exception. */
const crash = /^(?:Caught |assert failure|panic: |std::terminate called)/;

/**
 * Reads the lines of one life of Envoy, which was started with `--log-format-escaped`: then each message is one line,
 * and a line in no format is none of the log's.
 */
export class EnvoyLogReader {
  #hasLogged = false;
  #hasCrashed = false;
  #startLines = 0;

  /** The entry of a line; undefined for noise, empty lines and all that could be part of a crash report. */
  read(line: string): EnvoyLogEntry | undefined {
    if (this.#hasCrashed || line === "") return undefined;
    const [, level, component = "envoy", escaped = line] = formatted.exec(line) ?? [];
    if (crash.test(escaped)) return this.#crash(component, escaped);
    if (level === undefined) return this.#unformatted(line);
    this.#hasLogged = true;
    if (noise.some((pattern) => pattern.test(escaped))) return undefined;
    const isWarning = level !== "error" && level !== "critical";
    return { level: isWarning ? "warn" : "error", component, message: cut(decodeEscapes(escaped)) };
  }

  #crash(component: string, message: string): EnvoyLogEntry {
    this.#hasCrashed = true;
    const [first = ""] = decodeEscapes(message).split("\n", 1);
    const text = `${cut(first)} (the report that follows may hold headers and is left out)`;
    return { level: "error", component, message: text };
  }

  /** The loader's and the command line's own words come before the first message; later ones are anybody's. */
  #unformatted(line: string): EnvoyLogEntry | undefined {
    this.#startLines++;
    if (this.#hasLogged || this.#startLines > maxStartLines) return undefined;
    return { level: "error", component: "envoy", message: cut(line) };
  }
}

function cut(message: string): string {
  const left = message.length - maxMessageLength;
  return left <= 0
    ? message
    : `${message.slice(0, maxMessageLength)}… (${left} characters left out)`;
}

const namedEscapes: ReadonlyMap<string, string> = new Map([
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
]);

/** Undoes C escapes, of which those with digits are bytes of UTF-8 in octal. */
function decodeEscapes(text: string): string {
  return text.replace(/(?:\\[0-7]{3})+|\\(.)/g, (found, character: string | undefined) => {
    if (character !== undefined) return namedEscapes.get(character) ?? character;
    const bytes = found.slice(1).split("\\");
    return Buffer.from(bytes.map((octal) => Number.parseInt(octal, 8))).toString("utf8");
  });
}
