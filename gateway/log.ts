/**
 * JSON-lines log to a stream, standard error by default. Logging never throws and never waits: while the stream is
 * backed up, lines are dropped and counted, and the count is reported in a line of its own when it drains.
 */
import { systemClock } from "./clock.ts";
import type { Clock } from "./clock.ts";
import { describeError, errorCodeOf } from "./errors.ts";
import { REDACTED_HEADERS } from "./headers.ts";
import { redactedText } from "./secret-value.ts";

/** Levels by rising weight; `silent` as a threshold lets nothing through. */
export const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const;

/** Name of a log threshold. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Named values of one line; `time`, `level` and `message` are reserved and ignored. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Where a component writes what the operator should know. None of the methods throws or waits. */
export interface Logger {
  /** For whoever changes the code; off by default */
  debug(message: string, fields?: LogFields): void;
  /** Something happened that an operator wants to see once */
  info(message: string, fields?: LogFields): void;
  /** Works on, with a loss or a doubt; an operator should look at it some time */
  warn(message: string, fields?: LogFields): void;
  /** Something failed that an operator must act on */
  error(message: string, fields?: LogFields): void;
  /** The same log with fields added to every line. */
  child(fields: LogFields): Logger;
}

/** The part of a writable stream that the log uses. */
export interface LogStream {
  /** Takes one line and tells whether it wants more now */
  write(chunk: string): boolean;
  /** Calls back when a backed-up stream wants more, or when it fails */
  on(event: "drain" | "error", listener: () => void): unknown;
}

/** What `createLogger()` takes; everything has a default. */
export interface LoggerOptions {
  /** Default standard error; Node writes to it synchronously when it is a file, pipe or terminal on Linux */
  readonly stream?: LogStream;
  /** Lowest level that is written; default `info` */
  readonly level?: LogLevel;
  /** Fields of every line */
  readonly fields?: LogFields;
  /** Source of the time stamps */
  readonly clock?: Clock;
}

/** The log of a process, with what it knows about its own losses. */
export interface ProcessLogger extends Logger {
  /** Lines dropped since the start because the stream was backed up, had failed, or threw */
  readonly droppedLines: number;
  /** Changes the threshold of this logger and all its children. */
  setLevel(level: LogLevel): void;
}

/** The threshold for a name given by a person, or undefined when there is none of that name. */
export function findLogLevel(name: string): LogLevel | undefined {
  const wanted = name.trim().toLowerCase();
  return LOG_LEVELS.find((level) => level === wanted);
}

/** A log that writes one JSON object a line: `{"time":…,"level":…,"message":…,…}`. */
export function createLogger(options: LoggerOptions = {}): ProcessLogger {
  const sink = new LineSink(options.stream ?? process.stderr, options.clock ?? systemClock);
  sink.setLevel(options.level ?? "info");
  return {
    ...createChild(sink, encodeFields(options.fields)),
    get droppedLines() {
      return sink.dropped;
    },
    setLevel: (level) => sink.setLevel(level),
  };
}

/** A logger that drops everything, for tests and for callers that want none. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger,
};

// Bound fields are encoded once, when they are bound: a line costs only what is its own.
function createChild(sink: LineSink, bound: string): Logger {
  return {
    debug: (message, fields) => sink.write("debug", message, bound, fields),
    info: (message, fields) => sink.write("info", message, bound, fields),
    warn: (message, fields) => sink.write("warn", message, bound, fields),
    error: (message, fields) => sink.write("error", message, bound, fields),
    child: (fields) => createChild(sink, bound + encodeFields(fields)),
  };
}

class LineSink {
  readonly #stream: LogStream;
  readonly #clock: Clock;
  #threshold = 0;
  #backedUp = false;
  #unreported = 0;
  dropped = 0;

  constructor(stream: LogStream, clock: Clock) {
    this.#stream = stream;
    this.#clock = clock;
    stream.on("drain", () => this.#onDrain());
    // Without a listener a closed pipe behind the stream would end the process.
    stream.on("error", () => this.#drop());
  }

  setLevel(level: LogLevel): void {
    this.#threshold = LOG_LEVELS.indexOf(level);
  }

  write(level: LogLevel, message: string, bound: string, fields: LogFields | undefined): void {
    if (LOG_LEVELS.indexOf(level) < this.#threshold) return;
    if (this.#backedUp) {
      this.#drop();
      return;
    }
    const time = new Date(this.#clock.now()).toISOString();
    const head = `{"time":"${time}","level":"${level}","message":${encodeText(message)}`;
    try {
      this.#backedUp = this.#stream.write(`${head}${bound}${encodeFields(fields)}}\n`) === false;
    } catch {
      // a log that cannot be written has nowhere to say so but its counter
      this.#drop();
    }
  }

  #drop(): void {
    this.dropped++;
    this.#unreported++;
  }

  #onDrain(): void {
    this.#backedUp = false;
    if (this.#unreported === 0) return;
    const lines = this.#unreported;
    this.#unreported = 0;
    this.write("warn", "Dropped log lines: the log stream was backed up", "", { lines });
  }
}

function encodeText(text: unknown): string {
  return JSON.stringify(String(text));
}

// `,"key":value` for each field, so that the parts of a line can be joined without parsing any.
function encodeFields(fields: LogFields | undefined): string {
  if (fields === undefined) return "";
  let encoded = "";
  for (const key of Object.keys(fields)) {
    if (key === "time" || key === "level" || key === "message") continue;
    const value = encodeValue(key, fields[key]);
    if (value !== undefined) encoded += `,${JSON.stringify(key)}:${value}`;
  }
  return encoded;
}

function encodeValue(key: string, value: unknown): string | undefined {
  try {
    return JSON.stringify(plainValue(key, value), plainValue);
  } catch {
    // a circle, a getter or a toJSON() that throws: the line matters more than the field
    return '"[not encodable]"';
  }
}

// Used as JSON.stringify's replacer. Header-shaped keys are redacted because whole header maps get logged by mistake.
function plainValue(key: string, value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Error) return plainError(value);
  if (value instanceof Map) return Object.fromEntries(value);
  if (value instanceof Set) return [...value];
  if (value !== undefined && REDACTED_HEADERS.has(key.toLowerCase())) return redactedText;
  return value;
}

function plainError(error: Error): object {
  const code = errorCodeOf(error);
  return {
    name: error.name,
    message: error.message,
    ...(code !== undefined && { code }),
    ...(error.cause !== undefined && { cause: describeError(error.cause) }),
  };
}
