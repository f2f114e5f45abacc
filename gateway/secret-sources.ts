/**
 * Secrets from variables, files, folders and commands as objects that change: each is what its sources gave last. While
 * a source cannot be read its last value stays, until that expires; a source that never gave one gives no object, and
 * requests that need it are refused as for any Secret that is not there.
 */
import { DEFAULT_NAMESPACE } from "../crds/meta.ts";
import { secretKind } from "../crds/secret.ts";
import type { Clock } from "./clock.ts";
import { sleep } from "./clock.ts";
import type { SourceProblem } from "./control-api.ts";
import type { Logger } from "./log.ts";
import { formatSourceProblem, locateProblem } from "./manifests.ts";
import type { ManifestReading, SourcedObject } from "./manifests.ts";
import type { SecretSourceStatus } from "./secret-source-status.ts";
import { secretOf } from "./secret-spec.ts";
import type { SecretSpec, VariableSecret } from "./secret-spec.ts";
import { CommandSource, hasSameValues } from "./secrets/command-source.ts";
import { PathSource } from "./secrets/path-source.ts";
import type { SourceOutcome } from "./secrets/source-outcome.ts";
import { identifyDirectory, readDirectory } from "./secrets/value-directory.ts";
import { identifyValueFile, readValueFile } from "./secrets/value-file.ts";

/** Commands that take longer for their first value do not keep the gateway from serving everything else. */
const firstReadingMs = 10_000;

/** Values of environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What the sources need. */
export interface SecretSourcesOptions {
  readonly specs: readonly SecretSpec[];
  /** Of this process: variables are taken from it once, and commands get all of it */
  readonly env: Environment;
  readonly clock: Clock;
  readonly log: Logger;
  /** All Secrets as they are now; must not throw. Called from `open()`'s end on, when an object changed */
  readonly onChange: (reading: ManifestReading) => void;
}

/** What is in use of a source. */
interface Held {
  readonly values: ReadonlyMap<string, Buffer>;
  /** Unix `ms` */
  readonly atMs: number;
  readonly expiresAtMs: number | undefined;
}

interface Source {
  readonly spec: SecretSpec;
  held: Held | undefined;
  failure: string;
  warning: string;
  running: PathSource | CommandSource | undefined;
}

/** All sources of one Secret. */
interface Group {
  readonly identity: string;
  readonly sources: Source[];
  reading: ManifestReading;
}

const nothing: ManifestReading = { objects: [], problems: [], warnings: [] };

/** The Secrets of all specs; `open()` once, `close()` at the end. */
export class SecretSources {
  readonly #options: SecretSourcesOptions;
  readonly #groups = new Map<string, Group>();
  readonly #problems: readonly SourceProblem[];
  #isOpen = false;

  constructor(options: SecretSourcesOptions) {
    this.#options = options;
    for (const spec of options.specs) {
      const identity = secretOf(spec);
      const group = this.#groups.get(identity) ?? { identity, sources: [], reading: nothing };
      this.#groups.set(identity, group);
      group.sources.push({
        spec,
        held: undefined,
        failure: "",
        warning: "",
        running: undefined,
      });
    }
    this.#problems = [...this.#groups.values()].flatMap((group) =>
      findProblems(group, options.env),
    );
  }

  /** Every Secret that has a value. A variable that is not set, or a key that is given twice, is a problem of it. */
  get reading(): ManifestReading {
    const readings = [...this.#groups.values()].map(({ reading }) => reading);
    const problems = [...this.#problems, ...readings.flatMap((reading) => reading.problems)];
    return {
      objects: problems.length > 0 ? [] : readings.flatMap(({ objects }) => objects),
      problems,
      warnings: readings.flatMap(({ warnings }) => warnings),
    };
  }

  /** Reads every source, and follows those that can change; resolves when all were read, at the latest after 10 s. */
  async open(): Promise<void> {
    if (this.#problems.length > 0) return;
    const started: Promise<void>[] = [];
    for (const group of this.#groups.values()) {
      for (const source of group.sources) started.push(this.#start(group, source));
    }
    const waiting = new AbortController();
    await Promise.race([
      Promise.all(started),
      sleep(this.#options.clock, firstReadingMs, waiting.signal),
    ]);
    waiting.abort();
    this.#isOpen = true;
  }

  /** How each file, folder and command does. */
  status(): readonly SecretSourceStatus[] {
    return [...this.#groups.values()].flatMap(({ sources }) => sources.flatMap(statusOf));
  }

  /**
   * An upstream refused a request, which began at that Unix `ms`, with a value of the Secret: its commands are run again
   * soon, unless they were since. Costs nothing for other Secrets.
   */
  noteRefusal(
    { namespace, name }: { readonly namespace: string; readonly name: string },
    startUnixMs: number,
  ): void {
    for (const { running } of this.#groups.get(`${namespace}/${name}`)?.sources ?? []) {
      if (running instanceof CommandSource) running.noteRefusal(startUnixMs);
    }
  }

  /** Ends everything, commands that run included; `onChange` is not called any more. Idempotent. */
  close(): void {
    for (const { sources } of this.#groups.values()) {
      for (const { running } of sources) running?.close();
    }
  }

  async #start(group: Group, source: Source): Promise<void> {
    const { clock, env } = this.#options;
    const { spec } = source;
    const onOutcome = (outcome: SourceOutcome) => this.#take(group, source, outcome);
    switch (spec.kind) {
      case "variable":
        onOutcome(variableOutcome(spec, env));
        return;
      case "file":
        source.running = new PathSource({
          clock,
          identify: () => identifyValueFile(spec.path),
          read: () => readValueFile(spec),
          onOutcome,
        });
        break;
      case "directory":
        source.running = new PathSource({
          clock,
          identify: () => identifyDirectory(spec.path),
          read: () => readDirectory(spec.path),
          onOutcome,
        });
        break;
      case "command":
        source.running = new CommandSource({ spec, env, clock, onOutcome });
    }
    await source.running.start();
  }

  #take(group: Group, source: Source, outcome: SourceOutcome): void {
    if (outcome.kind === "failed") this.#fail(group, source, outcome.message);
    else this.#hold(group, source, outcome);
  }

  #hold(group: Group, source: Source, outcome: Extract<SourceOutcome, { kind: "values" }>): void {
    const { clock, log } = this.#options;
    const before = source.held;
    const { values, expiresAtMs, warning } = outcome;
    source.held = { values, atMs: clock.now(), expiresAtMs };
    if (before === undefined || !hasSameValues(before.values, values)) {
      const mistake = this.#rebuild(group, source.spec);
      if (mistake !== undefined) {
        source.held = before;
        this.#fail(group, source, mistake);
        return;
      }
    }
    if (warning !== "" && warning !== source.warning) {
      log.warn(`Secret ${group.identity}: ${warning}`);
    }
    source.warning = warning;
    if (source.failure !== "") log.info(`Secret ${group.identity} is read again`);
    source.failure = "";
  }

  #fail(group: Group, source: Source, message: string): void {
    const { clock, log } = this.#options;
    const { held } = source;
    const nowMs = clock.now();
    const isExpired = held?.expiresAtMs !== undefined && held.expiresAtMs <= nowMs;
    if (isExpired) source.held = undefined;
    if (message !== source.failure) {
      const ageSeconds = Math.round((nowMs - (held?.atMs ?? nowMs)) / 1_000);
      const outlook = source.held
        ? `the value of ${ageSeconds} s ago stays`
        : "requests that need it are refused until it can be read";
      log.warn(`Cannot read Secret ${group.identity}: ${message}; ${outlook}`);
    }
    source.failure = message;
    if (isExpired) this.#rebuild(group, source.spec);
  }

  /** Makes the object of what its sources hold now; a clause, and nothing changed, when they make none together. */
  #rebuild(group: Group, changed: SecretSpec): string | undefined {
    const reading = createReading(group);
    const [problem] = reading.problems;
    if (problem !== undefined && changed.kind !== "variable") {
      return formatSourceProblem({ ...problem, file: "its values together" });
    }
    group.reading = reading;
    if (this.#isOpen) this.#options.onChange(this.reading);
    return undefined;
  }
}

/** What can be said of the specs before anything is read. */
function findProblems({ identity, sources }: Group, env: Environment): SourceProblem[] {
  const keys = new Set<string>();
  return sources.flatMap(({ spec }) => {
    const problem = (message: string) => [{ file: spec.origin, line: 0, field: "", message }];
    const key = keyOf(spec);
    if (key === undefined) {
      if (sources.length === 1) return [];
      return problem(`Secret ${identity} has other sources too, wanted this one alone or a key`);
    }
    if (keys.has(key)) {
      return problem(`key "${key}" of Secret ${identity} is given twice, wanted each key once`);
    }
    keys.add(key);
    if (spec.kind !== "variable") return [];
    const value = Object.hasOwn(env, spec.variable) ? env[spec.variable] : undefined;
    if (value !== undefined && value !== "") return [];
    const state = value === undefined ? "not set" : "empty";
    return problem(
      `environment variable ${spec.variable} is ${state}, wanted the value of key "${key}"`,
    );
  });
}

/** Undefined where a source gives a whole Secret. */
function keyOf(spec: SecretSpec): string | undefined {
  return spec.kind === "directory" ? undefined : spec.key;
}

function variableOutcome({ variable, key }: VariableSecret, env: Environment): SourceOutcome {
  const value = Buffer.from(env[variable] ?? "");
  return { kind: "values", values: new Map([[key, value]]), warning: "" };
}

function createReading({ sources }: Group): ManifestReading {
  const data: Record<string, string> = Object.create(null);
  for (const { held } of sources) {
    for (const [key, value] of held?.values ?? []) data[key] = value.toString("base64");
  }
  const [first] = sources;
  if (first === undefined || Object.keys(data).length === 0) return nothing;
  const { name, namespace, origin } = first.spec;
  const metadata = { name, ...(namespace !== undefined && { namespace }) };
  const result = secretKind.parse({ apiVersion: "v1", kind: "Secret", metadata, data });
  const place: Omit<SourcedObject, "object"> = { file: origin, line: 0, lineOf: () => 0 };
  if (result.kind === "invalid") {
    const problems = result.problems.map((problem) => locateProblem(place, problem));
    return { objects: [], problems, warnings: [] };
  }
  const warnings = result.warnings.map((warning) => locateProblem(place, warning));
  return { objects: [{ ...place, object: result.object }], problems: [], warnings };
}

function statusOf(source: Source): SecretSourceStatus[] {
  const { spec, held, failure, warning } = source;
  if (spec.kind === "variable") return [];
  const key = keyOf(spec);
  const state = held === undefined ? "missing" : failure === "" ? "current" : "stale";
  return [
    {
      namespace: spec.namespace ?? DEFAULT_NAMESPACE,
      name: spec.name,
      ...(key !== undefined && { key }),
      kind: spec.kind,
      origin: spec.origin,
      state,
      ...(held && { readAt: new Date(held.atMs).toISOString() }),
      ...(held?.expiresAtMs !== undefined && {
        expiresAt: new Date(held.expiresAtMs).toISOString(),
      }),
      failure,
      warning,
    },
  ];
}
