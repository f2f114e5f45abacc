/** Puts what a gateway found out to its control process: of several findings the newest, one request at a time. */

import { request } from "./node-http.ts";

/** A process that takes a report and does not answer for so long is not waited for. */
const silenceMs = 10_000;

/** Tells reports of one sort. */
export class ReportTeller<Report> {
  readonly #target: { readonly socketPath: string; readonly path: string };
  #told: Report | undefined;
  #untold: Report | undefined;
  #isTelling = false;
  #isClosed = false;

  constructor(target: { readonly socketPath: string; readonly path: string }) {
    this.#target = target;
  }

  /** Tells a report as soon as the one before is told. Never throws. */
  tell(report: Report): void {
    this.#untold = report;
    this.#tell();
  }

  /** Tells the last one again: another process may be there now, which knows nothing. */
  tellAgain(): void {
    this.#untold ??= this.#told;
    this.#tell();
  }

  /** Nothing is told any more, nor again. */
  close(): void {
    this.#isClosed = true;
  }

  #tell(): void {
    const report = this.#untold;
    if (report === undefined || this.#isTelling || this.#isClosed) return;
    this.#isTelling = true;
    this.#untold = undefined;
    this.#told = report;
    const sent = request({ ...this.#target, method: "PUT", agent: false });
    sent.setTimeout(silenceMs, () => sent.destroy());
    sent.on("response", (response) => response.resume());
    // It is told again with the next connection of the feed.
    sent.on("error", () => {});
    sent.on("close", () => {
      this.#isTelling = false;
      this.#tell();
    });
    sent.end(JSON.stringify(report));
  }
}
