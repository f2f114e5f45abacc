/** Messages of Envoy that arrive while a policy waits for slow work: copied, bounded, and given back in their order. */

import type { HeaderView, TransactionMessage } from "./transaction-message.ts";

/** Bytes held for one transaction; Envoy sends on only what it was answered, unless bodies run ahead of decisions. */
const maxBytes = 1024 * 1024;

const maxMessages = 256;

/** The messages of one transaction. */
export class WaitingMessages {
  #messages: TransactionMessage[] = [];
  #bytes = 0;
  #isFull = false;

  /** Keeps a copy; false when there are too many, and then nothing is kept any more. */
  add(message: TransactionMessage): boolean {
    if (this.#isFull) return false;
    const headers = ownedHeaders(message.headers);
    const entries = headers.entries();
    const headerBytes = entries.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
    this.#bytes += message.body.length + headerBytes;
    if (this.#bytes > maxBytes || this.#messages.length >= maxMessages) {
      this.#isFull = true;
      this.#messages = [];
      return false;
    }
    this.#messages.push({
      phase: message.phase,
      endOfStream: message.endOfStream,
      headers,
      body: Buffer.from(message.body),
    });
    return true;
  }

  /** What was kept, in order; it is the caller's. */
  take(): TransactionMessage[] {
    const messages = this.#messages;
    this.#messages = [];
    this.#bytes = 0;
    return messages;
  }
}

/** The same headers, independent of the bytes that they were read from. */
export function ownedHeaders(headers: HeaderView): HeaderView {
  const entries = headers.entries();
  return {
    entries: () => entries,
    find: (name) => entries.find(([candidate]) => candidate === name)?.[1],
  };
}
