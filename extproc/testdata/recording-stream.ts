/** The other end of a call in tests: what a handler sent and how it ended the call. */
import type { GrpcStream } from "../http2/call.ts";

/** Keeps what is sent. Like the server's own, it ignores everything after the end. */
export class RecordingStream implements GrpcStream {
  /** Copies, in their order */
  readonly sent: Buffer[] = [];
  readonly #headers: ReadonlyMap<string, string>;
  #end: { readonly status: number; readonly message: string } | undefined;

  constructor(headers: Readonly<Record<string, string>> = {}) {
    this.#headers = new Map(Object.entries(headers));
  }

  /** The trailers; undefined while the call is open. */
  get end(): { readonly status: number; readonly message: string } | undefined {
    return this.#end;
  }

  header(name: string): string | undefined {
    return this.#headers.get(name);
  }

  send(message: Uint8Array): void {
    if (this.#end === undefined) this.sent.push(Buffer.from(message));
  }

  finish(status: number, message = ""): void {
    this.#end ??= { status, message };
  }
}
