/** One watch of objects that a source has: its changes go out as the watcher takes them, and none is read before. */
import type { ObjectSource, SourceNews, SourceSelection } from "./object-source.ts";
import { presentBookmark, presentObject } from "./presentation.ts";
import type { ServedResource } from "./served-resource.ts";
import { expired } from "./status-error.ts";
import type { WatchRequest } from "./watch-request.ts";
import { WatchResponse } from "./watch-response.ts";
import type { WatchParts } from "./watch-response.ts";

/** How a watch was asked for. */
export interface SourceWatchOptions extends WatchRequest {
  readonly source: ObjectSource;
  readonly resource: ServedResource;
  readonly selection: SourceSelection;
}

/** Often enough that a quiet watcher's revision stays within what a source keeps. */
const bookmarkMs = 60_000;

/** A running watch; see the file. */
export class SourceWatch {
  readonly #options: SourceWatchOptions;
  readonly #parts: WatchParts;
  readonly #response: WatchResponse;
  readonly #stop = new AbortController();
  /** Up to where everything was told */
  #told = 0;

  /** Does nothing before `run()`. */
  constructor(options: SourceWatchOptions, parts: WatchParts) {
    this.#options = options;
    this.#parts = parts;
    this.#response = new WatchResponse({
      ...parts,
      onEnd: (reason) => {
        this.#stop.abort();
        parts.onEnd(reason);
      },
    });
  }

  /** Tells until the end, whatever ends it; rejects with what the source throws. */
  async run(): Promise<void> {
    const { source, selection, after, wantsBookmarks, timeoutMs } = this.#options;
    // A client that has seen nothing at all takes the end of its watch for a failure.
    this.#response.open(timeoutMs, () => this.#bookmark({ revision: this.#told, isFirst: false }));
    this.#told = after ?? 0;
    const news = source.watch({
      ...selection,
      ...(after !== undefined && { after }),
      ...(wantsBookmarks && { bookmarkMs }),
      signal: this.#stop.signal,
    });
    try {
      for await (const one of news) {
        if (!(await this.#response.hasRoom())) break;
        this.#tell(one);
      }
    } finally {
      this.close();
    }
  }

  /** Ends the watch; safe to call again. */
  close(): void {
    this.#response.end("closed");
  }

  #tell(news: SourceNews): void {
    switch (news.kind) {
      case "change": {
        const { presentation, resource } = this.#options;
        const { type, object } = news;
        const nowMs = this.#parts.clock.now();
        this.#response.write(type, presentObject(presentation, resource, { object, nowMs }));
        return;
      }
      case "bookmark":
        this.#told = Number(news.resourceVersion);
        this.#bookmark({ revision: this.#told, isFirst: news.isFirst });
        return;
      case "expired":
        this.#response.expire(expired(`too old resource version: ${this.#told}`));
    }
  }

  #bookmark({ revision, isFirst }: { readonly revision: number; readonly isFirst: boolean }): void {
    const { presentation, resource, wantsBookmarks, marksInitialEvents } = this.#options;
    const isWanted = isFirst ? marksInitialEvents : wantsBookmarks && revision > 0;
    if (!isWanted) return;
    const text = presentBookmark(presentation, resource, { revision, endsInitialEvents: isFirst });
    this.#response.write("BOOKMARK", text);
  }
}
