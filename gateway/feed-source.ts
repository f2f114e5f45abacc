/**
 * Objects from a control process, followed over its Unix socket: each commit is handed on as one set. While the process
 * is away, or something in a set cannot be used, the last good set stays.
 */
import type { ClientRequest, IncomingMessage } from "node:http";
import { DEFAULT_NAMESPACE, formatReference } from "../crds/meta.ts";
import { parseAnyObject } from "../crds/kinds.ts";
import { formatPath } from "../crds/problem.ts";
import type { Clock, TimerHandle } from "./clock.ts";
import type { SourceProblem } from "./control-api.ts";
import { describeError } from "./errors.ts";
import { LineSplitter } from "./line-splitter.ts";
import type { ManifestReading, SourcedObject } from "./manifests.ts";
import {
  describeChanges,
  joinObjects,
  maxListedProblems,
  saysTheSame,
} from "./manifests/object-set.ts";
import type { ObjectSet } from "./manifests/object-set.ts";
import { request } from "./node-http.ts";
import {
  OBJECT_FEED_PATH,
  OBJECT_REPORT_PATH,
  maxFeedLineCharacters,
  maxFeedObjects,
  tryParseFeedLine,
} from "./object-feed.ts";
import type { FeedLine } from "./object-feed.ts";
import type { ObjectReport } from "./object-report.ts";
import { TRIAL_REPORT_PATH } from "./policy-trial.ts";
import type { PolicyTrial, TrialReport } from "./policy-trial.ts";
import { ReportTeller } from "./report-teller.ts";
import type { LoadedObjects, LoadProblems } from "./snapshot-source.ts";

/** Waits before the first attempt to connect again, doubled with each up to the longest. */
const firstRetryMs = 50;
const longestRetryMs = 2_000;

/** A process that accepts a connection and commits nothing for so long is connected to again. */
const silenceMs = 10_000;

/** In place of a file, where a problem is told. */
const origin = "control process";

/** What `openFeedSource()` takes. */
export interface FeedSourceOptions {
  readonly socketPath: string;
  /** Secrets that are no objects of the control process, as they are at the start */
  readonly secrets: ManifestReading;
  readonly clock: Clock;
  /** A new set is there; must not throw */
  readonly onChange: (loaded: LoadedObjects) => void;
  /** The process cannot be reached, or what it says cannot be used; must not throw */
  readonly onProblems: (found: LoadProblems) => void;
}

/** A running feed. */
export interface FeedSource {
  /** Files and folders from which the control process takes objects */
  readonly directories: readonly string[];
  /** Replaces the Secrets that are no objects of the control process; the new set is handed on at once. */
  setSecrets(secrets: ManifestReading): void;
  /** Tells the control process what was found out; of several the newest, again whenever it was away. Never throws. */
  report(report: ObjectReport): void;
  /** The same of what is tried on a share of agents. */
  reportTrial(report: TrialReport): void;
  /** Ends it; no callback comes after it was called. Idempotent. */
  close(): void;
}

/** Connects, and resolves with the first set or the first problem; goes on either way until it is closed. */
export async function openFeedSource(options: FeedSourceOptions): Promise<FeedSource> {
  const source = new SocketFeed(options);
  await source.open();
  return source;
}

type FedObject = Extract<FeedLine, { readonly kind: "object" }>;

/** What a connection has said, by `Kind namespace/name`. */
interface ToldObjects {
  readonly usable: Map<string, SourcedObject>;
  /** While there are any, nothing is served of what was told: a policy may be among them */
  readonly unusable: Map<string, readonly SourceProblem[]>;
  /** Of what is not among the objects yet */
  problems: readonly SourceProblem[];
  /** What is tried on a share of agents, and what of it cannot be used */
  trial: ToldTrial | undefined;
  /** First line since the last commit */
  startedNs: bigint | undefined;
}

type ToldTrial = PolicyTrial<ReadonlyMap<string, SourcedObject> | string>;

class SocketFeed implements FeedSource {
  directories: readonly string[] = [];
  readonly #options: FeedSourceOptions;
  #secrets: ManifestReading;
  #objects: ReadonlyMap<string, SourcedObject> | undefined;
  #lastGood: { readonly set: ObjectSet; readonly atNs: bigint } | undefined;
  #reported: readonly SourceProblem[] = [];
  #connection: ClientRequest | undefined;
  #retryTimer: TimerHandle | undefined;
  #silenceTimer: TimerHandle | undefined;
  #retryMs = firstRetryMs;
  #isClosed = false;
  readonly #first = Promise.withResolvers<void>();
  readonly #reports: ReportTeller<ObjectReport>;
  readonly #trials: ReportTeller<TrialReport>;
  #trial: ToldTrial | undefined;
  #servedTrial: ToldTrial | undefined;

  constructor(options: FeedSourceOptions) {
    this.#options = options;
    this.#secrets = options.secrets;
    const { socketPath } = options;
    this.#reports = new ReportTeller({ socketPath, path: OBJECT_REPORT_PATH });
    this.#trials = new ReportTeller({ socketPath, path: TRIAL_REPORT_PATH });
  }

  async open(): Promise<void> {
    this.#connect();
    await this.#first.promise;
  }

  setSecrets(secrets: ManifestReading): void {
    if (this.#isClosed || secrets === this.#secrets) return;
    this.#secrets = secrets;
    if (this.#objects !== undefined) this.#deliver(this.#nowNs());
  }

  report(report: ObjectReport): void {
    this.#reports.tell(report);
  }

  reportTrial(report: TrialReport): void {
    this.#trials.tell(report);
  }

  close(): void {
    this.#isClosed = true;
    this.#reports.close();
    this.#trials.close();
    const { clock } = this.#options;
    clock.clearTimeout(this.#retryTimer);
    clock.clearTimeout(this.#silenceTimer);
    this.#connection?.destroy();
    this.#first.resolve();
  }

  #nowNs(): bigint {
    return this.#options.clock.monotonicNs();
  }

  #connect(): void {
    const { socketPath } = this.#options;
    const connection = request({ socketPath, path: OBJECT_FEED_PATH, agent: false });
    this.#connection = connection;
    let reason = "it ended the feed";
    connection.on("response", (response) => {
      // Whoever is cut off in the middle sees the end, not an error.
      response.on("error", () => {});
      if (response.statusCode === 200) {
        this.#follow(response, (why) => (reason = why));
        this.#reports.tellAgain();
        this.#trials.tellAgain();
      } else {
        reason = `it answered with status ${response.statusCode}`;
        response.destroy();
      }
    });
    connection.on("error", (error) => (reason = describeError(error)));
    connection.on("close", () => this.#onLost(reason));
    connection.end();
    const { clock } = this.#options;
    clock.clearTimeout(this.#silenceTimer);
    this.#silenceTimer = clock.setTimeout(() => {
      reason = `it told nothing for ${silenceMs / 1_000} s`;
      connection.destroy();
    }, silenceMs);
  }

  #onLost(reason: string): void {
    if (this.#isClosed) return;
    const message = `Cannot follow the control process: ${reason}; trying again`;
    this.#report([problemOf(this.#options.socketPath, message)]);
    this.#retryTimer = this.#options.clock.setTimeout(() => this.#connect(), this.#retryMs);
    this.#retryMs = Math.min(2 * this.#retryMs, longestRetryMs);
  }

  #follow(response: IncomingMessage, onUnreadable: (why: string) => void): void {
    const lines = new LineSplitter({ maxCharacters: maxFeedLineCharacters });
    let told: ToldObjects | undefined;
    const refuse = (why: string) => {
      onUnreadable(why);
      response.destroy();
    };
    response.on("data", (chunk: Buffer) => {
      const texts = lines.push(chunk);
      // A change without one of its objects must not be served.
      if (lines.dropped > 0) {
        refuse(`it told an object of more than ${maxFeedLineCharacters} characters`);
        return;
      }
      for (const text of texts) {
        if (this.#isClosed || response.destroyed) return;
        const line = tryParseFeedLine(text);
        if (line !== undefined) told = this.#take(told, line);
        if ((told?.usable.size ?? 0) > maxFeedObjects) {
          refuse(`it told more than ${maxFeedObjects} objects`);
        }
      }
    });
  }

  /** What is told after the line; nothing before the first `reset` of a connection counts. */
  #take(told: ToldObjects | undefined, line: FeedLine): ToldObjects | undefined {
    if (line.kind === "reset") {
      this.directories = line.directories;
      return {
        ...{ usable: new Map(), unusable: new Map(), problems: [], trial: undefined },
        startedNs: this.#nowNs(),
      };
    }
    if (told === undefined) return undefined;
    // Problems are told without a commit: the next change has not begun by them.
    if (line.kind !== "problems") told.startedNs ??= this.#nowNs();
    switch (line.kind) {
      case "object":
        put(told, line);
        return told;
      case "problems":
        told.problems = line.problems;
        this.#report(told.problems);
        return told;
      case "trial":
        told.trial = line.trial === null ? undefined : readTrial(line.trial);
        return told;
      case "removed":
        told.usable.delete(formatReference(line.object));
        told.unusable.delete(formatReference(line.object));
        return told;
      case "commit":
        this.#retryMs = firstRetryMs;
        this.#options.clock.clearTimeout(this.#silenceTimer);
        this.#commit(told);
        return { ...told, startedNs: undefined };
    }
  }

  #commit({ usable, unusable, problems, trial, startedNs }: ToldObjects): void {
    if (unusable.size > 0) {
      this.#report([...unusable.values()].flat().slice(0, maxListedProblems));
      return;
    }
    this.#objects = new Map(usable);
    this.#trial = trial;
    this.#deliver(startedNs ?? this.#nowNs());
    // Objects of others may change while a file has its mistake.
    if (problems.length > 0) this.#report(problems);
  }

  #deliver(startedNs: bigint): void {
    const objects = [...(this.#objects ?? new Map<string, SourcedObject>()).values()];
    const set = joinObjects([{ objects, problems: [], warnings: [] }, this.#secrets]);
    if (set.problems.length > 0) {
      this.#report(set.problems);
      return;
    }
    const changes = describeChanges(this.#lastGood?.set, set);
    const trial = this.#trial;
    const isNews =
      this.#lastGood === undefined ||
      changes.length > 0 ||
      this.#reported.length > 0 ||
      trial !== this.#servedTrial;
    this.#servedTrial = trial;
    this.#lastGood = { set, atNs: this.#nowNs() };
    this.#reported = [];
    if (isNews) {
      const { warnings } = set;
      const loaded = [...set.objects.values()];
      this.#options.onChange({
        ...{ objects: loaded, warnings, problems: [], changedFiles: [], changes, startedNs },
        ...(trial !== undefined && { trial: { ...trial, objects: changedObjects(set, trial) } }),
      });
    }
    this.#first.resolve();
  }

  #report(problems: readonly SourceProblem[]): void {
    this.#first.resolve();
    if (saysTheSame(problems, this.#reported)) return;
    this.#reported = problems;
    const lastGood = this.#lastGood;
    const lastGoodAgeMs = lastGood && Number(this.#nowNs() - lastGood.atNs) / 1e6;
    this.#options.onProblems({ problems, ...(lastGoodAgeMs !== undefined && { lastGoodAgeMs }) });
  }
}

/** All objects as they are for agents on which the trial is. */
function changedObjects(
  { objects }: ObjectSet,
  { objects: changed }: ToldTrial,
): readonly SourcedObject[] | string {
  return typeof changed === "string" ? changed : [...new Map([...objects, ...changed]).values()];
}

function readTrial(trial: PolicyTrial<readonly unknown[]>): ToldTrial {
  const read: Parameters<typeof put>[0] = { usable: new Map(), unusable: new Map() };
  for (const object of trial.objects) put(read, { kind: "object", object });
  const [problem] = [...read.unusable.values()].flat();
  return { ...trial, objects: problem === undefined ? read.usable : problem.message };
}

function put(
  { usable, unusable }: Pick<ToldObjects, "usable" | "unusable">,
  told: FedObject,
): void {
  const { object: value, file = origin, line = 0 } = told;
  const parsed = parseAnyObject(value);
  const key = parsed.kind === "valid" ? keyOf(parsed.object) : keyOf(value);
  usable.delete(key);
  unusable.delete(key);
  if (parsed.kind === "valid") {
    usable.set(key, { object: parsed.object, file, line, lineOf: () => line });
    return;
  }
  const problems = parsed.problems.map((problem) => {
    const field = formatPath(problem.path);
    const message = `${key}: ${problem.message.slice(field.length + 2)}`;
    return { file, line, field, message };
  });
  unusable.set(key, problems);
}

/** The name that an object gives itself, in a form that no other has. */
function keyOf(value: unknown): string {
  const { kind, metadata } = Object(value);
  const { namespace = DEFAULT_NAMESPACE, name } = Object(metadata);
  // A Namespace counts as being in itself where it is read.
  const place = kind === "Namespace" ? name : namespace;
  return formatReference({ kind: String(kind), namespace: String(place), name: String(name) });
}

function problemOf(file: string, message: string): SourceProblem {
  return { file, line: 0, field: "", message };
}
