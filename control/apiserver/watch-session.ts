/**
 * One watch: what is there, then every change, in order and without a gap. A watcher that reads slowly is fed from the
 * log at its own pace, so that it costs no memory; one that does not read at all, or falls behind what is kept, is ended.
 */
import type { KubeObject } from "./kube-object.ts";
import type { Selection } from "./list-request.ts";
import type { ChangeKind } from "./object-reader.ts";
import type { ObjectChange, ObjectStore } from "./object-store.ts";
import { presentBookmark, presentObject } from "./presentation.ts";
import { fromStore } from "./served-resource.ts";
import { expired } from "./status-error.ts";
import type { WatchRequest } from "./watch-request.ts";
import { WatchResponse } from "./watch-response.ts";
import type { WatchParts } from "./watch-response.ts";

/** How a watch was asked for. */
export interface WatchOptions extends WatchRequest {
  readonly selection: Selection;
}

/** What a session works with. */
export interface SessionParts extends WatchParts {
  readonly store: ObjectStore;
}

/** States or changes that are read at once: each may have megabytes. */
const pageSize = 50;

/** A running watch; see the file. */
export class WatchSession {
  readonly #options: WatchOptions;
  readonly #parts: SessionParts;
  readonly #response: WatchResponse;
  #position = 0;
  #isLive = false;

  /** Does nothing before `run()`. */
  constructor(options: WatchOptions, parts: SessionParts) {
    this.#options = options;
    this.#parts = parts;
    this.#response = new WatchResponse(parts);
  }

  /** Store name of the resource that is watched. */
  get storage(): string {
    return this.#options.selection.resource.storage;
  }

  /** Sends what is there and what came since; resolves when the watch follows live, or has ended. */
  async run(): Promise<void> {
    const { store } = this.#parts;
    const { after, timeoutMs } = this.#options;
    // A client that has seen nothing at all takes the end of its watch for a failure.
    this.#response.open(timeoutMs, () => this.sendBookmark());
    this.#position = after ?? store.revision;
    if (after === undefined) await this.#sendState();
    await this.#catchUp();
  }

  /** Takes committed changes of the resource; while it catches up it reads them from the log by itself. */
  onChanges(changes: readonly ObjectChange[]): void {
    if (!this.#isLive || this.#response.isEnded) return;
    for (const change of changes) {
      if (change.revision <= this.#position) continue;
      this.#position = change.revision;
      this.#sendChange(change);
    }
    if (this.#response.isFull) {
      this.#isLive = false;
      // A log that cannot be read ends this watch, and nobody else's.
      this.#catchUp().catch(() => this.#response.end("closed"));
    }
  }

  /** Tells a watcher that asked for it how far it has come. */
  sendBookmark(): void {
    if (!this.#isLive || this.#response.isEnded || !this.#options.wantsBookmarks) return;
    this.#bookmark(this.#parts.store.revision, false);
  }

  /** Ends the watch; safe to call again. */
  close(): void {
    this.#response.end("closed");
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
        if (!(await this.#response.hasRoom())) return;
        const object = fromStore(resource, JSON.parse(text));
        if (matches(object)) this.#send("ADDED", object, text);
      }
      after = states.at(-1);
    } while (after !== undefined);
    if (this.#options.marksInitialEvents) this.#bookmark(at, true);
  }

  async #catchUp(): Promise<void> {
    const { store } = this.#parts;
    while (!this.#response.isEnded) {
      if (!(await this.#response.hasRoom())) return;
      if (this.#position < store.compactedRevision) return this.#expire(this.#position);
      const changes = store.reader.changesAfter(this.storage, this.#position, pageSize);
      for (const change of changes) {
        if (!(await this.#response.hasRoom())) return;
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
    this.#response.write(type, presentObject(presentation, resource, { object, nowMs, ...own }));
  }

  #bookmark(revision: number, endsInitialEvents: boolean): void {
    const { presentation, selection } = this.#options;
    this.#response.write(
      "BOOKMARK",
      presentBookmark(presentation, selection.resource, { revision, endsInitialEvents }),
    );
  }

  #expire(position: number): void {
    const { store } = this.#parts;
    const error = expired(`too old resource version: ${position} (${store.compactedRevision})`);
    this.#response.expire(error);
  }
}
