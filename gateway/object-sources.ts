/**
 * Where all objects come from: manifests or a control process, and Secrets that are in neither. All of them change, and
 * are handed on as one set.
 */
import type { ObjectReport } from "./object-report.ts";
import type { TrialReport } from "./policy-trial.ts";
import type { EgressRecord } from "./record.ts";
import { findRefusedCredentials } from "./refused-credentials.ts";
import type { SecretSourceStatus } from "./secret-source-status.ts";
import { SecretSources } from "./secret-sources.ts";
import type { SecretSourcesOptions } from "./secret-sources.ts";
import type { Snapshot } from "./snapshot.ts";
import { openFeedSource } from "./feed-source.ts";
import type { FeedSource } from "./feed-source.ts";
import { openFileSource } from "./snapshot-source.ts";
import type { FileSource, FileSourceOptions } from "./snapshot-source.ts";

/** What they are and who is told. */
export interface ObjectSourcesOptions
  extends Omit<FileSourceOptions, "secrets">,
    Pick<SecretSourcesOptions, "env"> {
  /** Sources of Secrets that are in no manifest */
  readonly secrets: SecretSourcesOptions["specs"];
  /** Socket of the control process that is followed in place of `paths`; absent: manifests are */
  readonly feedSocket?: string;
}

/** The sources of one process; `open()` once, `close()` at the end. */
export class ObjectSources {
  readonly #options: ObjectSourcesOptions;
  readonly #secrets: SecretSources;
  #objects: FileSource | FeedSource | undefined;
  /** The same where a control process is followed */
  #feed: FeedSource | undefined;
  #isClosed = false;

  constructor(options: ObjectSourcesOptions) {
    this.#options = options;
    const { secrets: specs, env, clock, log } = options;
    this.#secrets = new SecretSources({
      specs,
      env,
      clock,
      log,
      onChange: (reading) => this.#objects?.setSecrets(reading),
    });
  }

  /** Reads everything once, hands it on, and follows it from then on. */
  async open(): Promise<void> {
    await this.#secrets.open();
    const objects = await this.#openObjects();
    if (this.#isClosed) objects.close();
    this.#objects = objects;
    // They may have changed while the objects were read.
    objects.setSecrets(this.#secrets.reading);
  }

  async #openObjects(): Promise<FileSource | FeedSource> {
    const { feedSocket: socketPath } = this.#options;
    const options = { ...this.#options, secrets: this.#secrets.reading };
    if (socketPath === undefined) return openFileSource(options);
    this.#feed = await openFeedSource({ ...options, socketPath });
    return this.#feed;
  }

  /** Files and folders with manifests, those of the control process where it is followed. */
  get directories(): readonly string[] {
    return this.#feed?.directories ?? this.#options.paths;
  }

  /** Tells the control process what was found out about objects; where there is none, nothing is put together. */
  report(make: () => ObjectReport): void {
    this.#feed?.report(make());
  }

  /** The same of what is tried on a share of agents. */
  reportTrial(report: TrialReport): void {
    this.#feed?.reportTrial(report);
  }

  /** How Secrets from files, folders and commands do. */
  secretStatus(): readonly SecretSourceStatus[] {
    return this.#secrets.status();
  }

  /** Has the commands run again whose values an upstream refused, as the record says; costs other records a comparison. */
  noteRecord(record: EgressRecord, snapshot: Pick<Snapshot, "gateways"> | undefined): void {
    for (const { secret } of findRefusedCredentials(record, snapshot)) {
      this.#secrets.noteRefusal(secret.secret, record.startUnixMs);
    }
  }

  /** Ends everything; nothing is handed on any more. Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#secrets.close();
    this.#objects?.close();
  }
}
