/**
 * Tells gateway processes what is desired, in the lines of `gateway/object-feed.ts`, over a Unix socket that only this
 * user can reach: Secrets are among the objects. A gateway that connects is told everything, then what changes.
 */
import { chmod, rm } from "node:fs/promises";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { ObjectReference } from "../crds/meta.ts";
import type { SourceProblem } from "../gateway/control-api.ts";
import { describeError } from "../gateway/errors.ts";
import type { Logger } from "../gateway/log.ts";
import { createServer } from "../gateway/node-http.ts";
import { OBJECT_FEED_PATH, OBJECT_REPORT_PATH } from "../gateway/object-feed.ts";
import type { FeedLine } from "../gateway/object-feed.ts";
import type { ObjectReport } from "../gateway/object-report.ts";
import type { PolicyTrial, TrialReport } from "../gateway/policy-trial.ts";
import { readTrialReport, TRIAL_REPORT_PATH } from "../gateway/policy-trial.ts";
import { readBody } from "./apiserver/request-body.ts";

/** A gateway that leaves so much unread is cut off; it connects again, and is told everything. */
const maxUnreadBytes = 64 * 1024 * 1024;

/** Conditions of all objects of a large installation. */
const maxReportBytes = 256 * 1024 * 1024;

const maxTrialReportBytes = 64 * 1024;

/** An object, and where it was written if that is known. */
export type FedObject = Omit<Extract<FeedLine, { readonly kind: "object" }>, "kind">;

/** All objects at one time. */
export interface FedObjects {
  readonly objects: Iterable<FedObject>;
  readonly resourceVersion: string;
  /** What is tried on a share of agents; null: nothing is */
  readonly trial: PolicyTrial<readonly unknown[]> | null;
}

/** One change, told as a whole. */
export interface FedChange {
  /** New, or in a new form */
  readonly objects: readonly FedObject[];
  readonly removed: readonly ObjectReference[];
  /** Absent: it stays as it is */
  readonly trial?: PolicyTrial<readonly unknown[]> | null;
  readonly resourceVersion: string;
}

/** What a feed is made of. */
export interface GatewayFeedOptions {
  readonly socketPath: string;
  /** Files and folders from which objects are taken, for people */
  readonly directories?: readonly string[];
  /** All objects as they are now: what was published last is among them, and nothing that is published later */
  readonly list: () => FedObjects;
  /** A gateway found something out about the objects; must not throw */
  readonly onReport: (report: ObjectReport) => void;
  /** The same of what is tried on a share of agents */
  readonly onTrialReport: (report: TrialReport) => void;
  readonly log: Logger;
}

/** The listening feed; `open()` once, `close()` at the end. */
export class GatewayFeed {
  readonly #options: GatewayFeedOptions;
  readonly #server: Server;
  readonly #followers = new Set<ServerResponse>();
  #problems: readonly SourceProblem[] = [];
  #cut = 0;

  constructor(options: GatewayFeedOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => {
      const question = `${request.method} ${request.url}`;
      if (question === `GET ${OBJECT_FEED_PATH}`) this.#follow(response);
      else if (question === `PUT ${OBJECT_REPORT_PATH}`) void this.#hear(request, response);
      else if (question === `PUT ${TRIAL_REPORT_PATH}`) void this.#hearTrial(request, response);
      else response.writeHead(404).end();
    });
  }

  /** Gateways that follow now */
  get followers(): number {
    return this.#followers.size;
  }

  /** Gateways that were cut off because they did not read */
  get cut(): number {
    return this.#cut;
  }

  /** Listens; rejects when the path cannot be bound. */
  async open(): Promise<void> {
    const { socketPath, log } = this.#options;
    // What a killed process left is nobody's: who may use the folder is decided by its lock.
    await rm(socketPath, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(socketPath, resolve);
    });
    this.#server.on("error", (error) => log.error("Object feed failed", { error: error.message }));
    await chmod(socketPath, 0o600);
  }

  /** Tells all gateways of a change. */
  publish({ objects, removed, trial, resourceVersion }: FedChange): void {
    if (this.#followers.size === 0) return;
    const lines: FeedLine[] = [
      ...removed.map((object) => ({ kind: "removed", object }) as const),
      ...objects.map((object) => ({ kind: "object", ...object }) as const),
      ...(trial === undefined ? [] : [{ kind: "trial", trial } as const]),
      { kind: "commit", resourceVersion },
    ];
    this.#tell(lines);
  }

  /** Tells all gateways, now and when they connect, why what was written last is not desired yet; none: it is. */
  setProblems(problems: readonly SourceProblem[]): void {
    this.#problems = problems;
    this.#tell([{ kind: "problems", problems }]);
  }

  /** Ends all connections and stops listening. Idempotent. */
  async close(): Promise<void> {
    this.#server.closeAllConnections();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
    await rm(this.#options.socketPath, { force: true });
  }

  #tell(lines: readonly FeedLine[]): void {
    const text = lines.map(encodeLine).join("");
    for (const response of this.#followers) this.#write(response, text);
  }

  #follow(response: ServerResponse): void {
    response.on("error", () => {});
    response.on("close", () => this.#followers.delete(response));
    response.writeHead(200, { "content-type": "application/x-ndjson" });
    const { objects, resourceVersion, trial } = this.#options.list();
    this.#followers.add(response);
    const { directories = [] } = this.#options;
    response.write(encodeLine({ kind: "reset", directories }));
    for (const object of objects) response.write(encodeLine({ kind: "object", ...object }));
    if (trial !== null) response.write(encodeLine({ kind: "trial", trial }));
    const problems = this.#problems;
    if (problems.length > 0) response.write(encodeLine({ kind: "problems", problems }));
    response.write(encodeLine({ kind: "commit", resourceVersion }));
  }

  async #hear(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { log, onReport } = this.#options;
    try {
      const report = parseReport(await readBody(request, maxReportBytes));
      response.writeHead(report === undefined ? 400 : 204).end();
      if (report !== undefined) onReport(report);
    } catch (error) {
      log.warn("Cannot read what a gateway reports", { error: describeError(error) });
      response.destroy();
    }
  }

  async #hearTrial(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { log, onTrialReport } = this.#options;
    try {
      const body = await readBody(request, maxTrialReportBytes);
      const report = readTrialReport(JSON.parse(body.toString("utf8")));
      response.writeHead(report === undefined ? 400 : 204).end();
      if (report !== undefined) onTrialReport(report);
    } catch (error) {
      log.warn("Cannot read what a gateway says of a rollout", { error: describeError(error) });
      response.destroy();
    }
  }

  #write(response: ServerResponse, text: string): void {
    if (response.destroyed) return;
    const unreadBytes = response.writableLength;
    response.write(text);
    // What it was told at first may be more than that, and is not yet read.
    if (unreadBytes <= maxUnreadBytes) return;
    this.#cut++;
    this.#options.log.warn("A gateway does not read what is desired: cut off", { unreadBytes });
    response.destroy();
  }
}

/** Its outline is checked: the gateway is a process of ours and of this user. */
function parseReport(body: Buffer): ObjectReport | undefined {
  const value: unknown = JSON.parse(body.toString("utf8"));
  const { revision, items } = Object(value);
  return typeof revision === "number" && Array.isArray(items) ? { revision, items } : undefined;
}

function encodeLine(line: FeedLine): string {
  return `${JSON.stringify(line)}\n`;
}
