/**
 * One watch: what is there, then every change, in order and without a gap. A watcher that reads slowly is fed from the
 * log at its own pace, so that it costs no memory; one that does not read at all, or falls behind what is kept, is ended.
 */
import type { ServerResponse } from "node:http";
import type { Clock, TimerHandle } from "../../gateway/clock.ts";
import type { KubeObject } from "./kube-object.ts";
import type { Selection } from "./list-request.ts";
import type { ChangeKind } from "./object-reader.ts";
import type { ObjectChange, ObjectStore } from "./object-store.ts";
import { presentBookmark, presentObject } from "./presentation.ts";
import type { Presentation } from "./presentation.ts";
import { fromStore } from "./served-resource.ts";
import { expired, statusOf } from "./status-error.ts";

/** How a watch was asked for. */
export interface WatchOptions {
  readonly selection: Selection;
  readonly presentation: Presentation;
  /** Only changes after this revision; absent: first what is there now */
  readonly after?: number;
  readonly wantsBookmarks: boolean;
  /** Whether a bookmark must say where what is there ends (`sendInitialEvents`) */
  readonly marksInitialEvents: boolean;
  /** The watch ends by itself after this */
  readonly timeoutMs: number;
}

/** What a session works with. */
export interface WatchParts {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly response: ServerResponse;
  /** Called once, when the watch has ended for whatever reason */
  readonly onEnd: (reason: WatchEnd) => void;
}

/** Why a watch has ended. */
export type WatchEnd = "closed" | "timeout" | "slow" | "expired";

/** Bytes that may wait for a watcher before it is fed from the log instead. */
const maxWaitingBytes = 1024 ** 2;

/** A watcher that takes nothing for so long is gone or stuck. */
const slowAfterMs = 30_000;

/** States or changes that are read at once: each may have megabytes. */
const pageSize = 50;

/** A running watch; see the file. */
export class WatchSession {
  readonly #options: WatchOptions;
  readonly #parts: WatchParts;
  #position = 0;
  #isLive = false;
  #isEnded = false;
  #timeout: TimerHandle | undefined;

  /** Does nothing before `run()`. */
  constructor(options: WatchOptions, parts: WatchParts) {
    this.#options = options;
    this.#parts = parts;
  }

  /** Store name of the resource that is watched. */
  get storage(): string {
    return this.#options.selection.resource.storage;
  }

  /** Sends what is there and what came since; resolves when the watch follows live, or has ended. */
  async run(): Promise<void> {
    const { response, clock, store } = this.#parts;
    const { after, timeoutMs } = this.#options;
    this.#timeout = clock.setTimeout(() => {
      // A client that has seen nothing at all takes the end of its watch for a failure.
      this.sendBookmark();
      this.#end("timeout");
    }, timeoutMs);
    this.#timeout.unref();
    // The request is closed as soon as its body is read; only the response tells that the watcher is gone.
    response.once("close", () => this.#end("closed"));
    // Without it Node keeps the head back until the first event, and clients wait for it.
    response.flushHeaders();
    this.#position = after ?? store.revision;
    if (after === undefined) await this.#sendState();
    await this.#catchUp();
  }

  /** Takes committed changes of the resource; while it catches up it reads them from the log by itself. */
  onChanges(changes: readonly ObjectChange[]): void {
    if (!this.#isLive || this.#isEnded) return;
    for (const change of changes) {
      if (change.revision <= this.#position) continue;
      this.#position = change.revision;
      this.#sendChange(change);
    }
    if (this.#parts.response.writableLength > maxWaitingBytes) {
      this.#isLive = false;
      // A log that cannot be read ends this watch, and nobody else's.
      this.#catchUp().catch(() => this.#end("closed"));
    }
  }

  /** Tells a watcher that asked for it how far it has come. */
  sendBookmark(): void {
    if (!this.#isLive || this.#isEnded || !this.#options.wantsBookmarks) return;
    this.#bookmark(this.#parts.store.revision, false);
  }

  /** Ends the watch; safe to call again. */
  close(): void {
    this.#end("closed");
  }

  async #sendState(): Promise<void> {
    const { store } = this.#parts;
    const { resource, namespace, name, matches } = this.#options.selection;
    const at = this.#position;
    let after: { readonly namespace: string; readonly name: string } | undefined;
    do {
      if (at < store.compactedRevision) return this.#expire(at);
      const states = store.reader.list({
        resource: resource.storage,
        limit: pageSize,
        at,
        ...(namespace !== undefined && { namespace }),
        ...(name !== undefined && { name }),
        ...(after !== undefined && { after }),
      });
      for (const { text } of states) {
        if (!(await this.#hasRoom())) return;
        const object = fromStore(resource, JSON.parse(text));
        if (matches(object)) this.#send("ADDED", object, text);
      }
      after = states.at(-1);
    } while (after !== undefined);
    if (this.#options.marksInitialEvents) this.#bookmark(at, true);
  }

  async #catchUp(): Promise<void> {
    const { store } = this.#parts;
    while (!this.#isEnded) {
      if (!(await this.#hasRoom())) return;
      if (this.#position < store.compactedRevision) return this.#expire(this.#position);
      const changes = store.reader.changesAfter(this.storage, this.#position, pageSize);
      for (const change of changes) {
        if (!(await this.#hasRoom())) return;
        this.#position = change.revision;
        this.#sendChange({
          ...change,
          object: JSON.parse(change.text),
          ...(change.previousText !== undefined && { previous: JSON.parse(change.previousText) }),
        });
      }
      if (changes.length === 0) {
        // Nothing can be committed between this look and the next line.
        this.#position = Math.max(this.#position, store.revision);
        this.#isLive = true;
        return;
      }
    }
  }

  #sendChange(change: ObjectChange): void {
    const { resource, namespace, name, matches } = this.#options.selection;
    if (namespace !== undefined && change.namespace !== namespace) return;
    if (name !== undefined && change.name !== name) return;
    const object = fromStore(resource, change.object);
    const previous = change.previous && fromStore(resource, change.previous);
    const matched = previous !== undefined && matches(previous);
    const isThere = change.change !== "DELETED";
    if (isThere && matches(object)) this.#send(matched ? "MODIFIED" : "ADDED", object, change.text);
    // What a selector no longer finds is gone for who watches by it.
    else if (matched) this.#send("DELETED", object, change.text);
  }

  #send(type: ChangeKind, object: KubeObject, text: string): void {
    const { presentation, selection } = this.#options;
    const { resource } = selection;
    const nowMs = this.#parts.clock.now();
    const own = resource.fromStore === undefined ? { text } : {};
    this.#write(type, presentObject(presentation, resource, { object, nowMs, ...own }));
  }

  #bookmark(revision: number, endsInitialEvents: boolean): void {
    const { presentation, selection } = this.#options;
    this.#write(
      "BOOKMARK",
      presentBookmark(presentation, selection.resource, { revision, endsInitialEvents }),
    );
  }

  #write(type: string, text: string): void {
    if (this.#isEnded) return;
    this.#parts.response.write(`{"type":"${type}","object":${text}}\n`);
  }

  #expire(position: number): void {
    const { store } = this.#parts;
    const error = expired(`too old resource version: ${position} (${store.compactedRevision})`);
    this.#write("ERROR", JSON.stringify(statusOf(error)));
    this.#end("expired");
  }

  /** Waits until the watcher has taken enough; false when the watch has ended instead. */
  async #hasRoom(): Promise<boolean> {
    const { response, clock } = this.#parts;
    if (this.#isEnded) return false;
    if (response.writableLength <= maxWaitingBytes) return true;
    await new Promise<void>((resolve) => {
      const timer = clock.setTimeout(() => {
        this.#end("slow");
        finish();
      }, slowAfterMs);
      const finish = () => {
        clock.clearTimeout(timer);
        response.off("drain", finish);
        response.off("close", finish);
        resolve();
      };
      response.once("drain", finish);
      response.once("close", finish);
    });
    return !this.#isEnded;
  }

  #end(reason: WatchEnd): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#isLive = false;
    const { response, clock, onEnd } = this.#parts;
    clock.clearTimeout(this.#timeout);
    if (reason === "slow") response.destroy();
    else response.end();
    onEnd(reason);
  }
}
