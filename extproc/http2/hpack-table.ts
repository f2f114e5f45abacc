/** The tables of HPACK (RFC 7541 §2.3, Appendix A): the static one, and the dynamic one that a peer fills. */

import { HeaderField } from "./header-field.ts";

/** Size of the dynamic table unless SETTINGS say otherwise, in bytes (RFC 9113 §6.5.2). */
export const DEFAULT_TABLE_BYTES = 4_096;

/** No field is smaller, so no table of a size holds more than this share (RFC 7541 §4.1). */
const leastFieldBytes = 32;

const staticTable: readonly HeaderField[] = [
  [":authority", ""],
  [":method", "GET"],
  [":method", "POST"],
  [":path", "/"],
  [":path", "/index.html"],
  [":scheme", "http"],
  [":scheme", "https"],
  [":status", "200"],
  [":status", "204"],
  [":status", "206"],
  [":status", "304"],
  [":status", "400"],
  [":status", "404"],
  [":status", "500"],
  ["accept-charset", ""],
  ["accept-encoding", "gzip, deflate"],
  ["accept-language", ""],
  ["accept-ranges", ""],
  ["accept", ""],
  ["access-control-allow-origin", ""],
  ["age", ""],
  ["allow", ""],
  ["authorization", ""],
  ["cache-control", ""],
  ["content-disposition", ""],
  ["content-encoding", ""],
  ["content-language", ""],
  ["content-length", ""],
  ["content-location", ""],
  ["content-range", ""],
  ["content-type", ""],
  ["cookie", ""],
  ["date", ""],
  ["etag", ""],
  ["expect", ""],
  ["expires", ""],
  ["from", ""],
  ["host", ""],
  ["if-match", ""],
  ["if-modified-since", ""],
  ["if-none-match", ""],
  ["if-range", ""],
  ["if-unmodified-since", ""],
  ["last-modified", ""],
  ["link", ""],
  ["location", ""],
  ["max-forwards", ""],
  ["proxy-authenticate", ""],
  ["proxy-authorization", ""],
  ["range", ""],
  ["referer", ""],
  ["refresh", ""],
  ["retry-after", ""],
  ["server", ""],
  ["set-cookie", ""],
  ["strict-transport-security", ""],
  ["transfer-encoding", ""],
  ["user-agent", ""],
  ["vary", ""],
  ["via", ""],
  ["www-authenticate", ""],
].map(([name = "", value = ""]) => new HeaderField(name, value));

/** The static and the dynamic table as one, by HPACK's index; memory is bounded by the capacity it is made with. */
export class HpackTable {
  readonly #ring: (HeaderField | undefined)[];
  readonly #capacityBytes: number;
  #limitBytes: number;
  #usedBytes = 0;
  #count = 0;
  /** Where the newest field is */
  #newest = 0;

  /** `capacityBytes` is what our SETTINGS allow, and the size until the peer chooses another. */
  constructor(capacityBytes: number = DEFAULT_TABLE_BYTES) {
    this.#capacityBytes = capacityBytes;
    this.#limitBytes = capacityBytes;
    const most = Math.floor(capacityBytes / leastFieldBytes) + 1;
    this.#ring = new Array<HeaderField | undefined>(most).fill(undefined);
  }

  /** Bytes in use, as §4.1 counts them. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** The field at an index from 1; undefined beyond the end. */
  find(index: number): HeaderField | undefined {
    if (index <= staticTable.length) return staticTable[index - 1];
    const age = index - staticTable.length - 1;
    if (age >= this.#count) return undefined;
    const at = this.#newest - age;
    return this.#ring[at < 0 ? at + this.#ring.length : at];
  }

  /** Makes a field the newest, and drops the oldest ones for it; one that is larger than the table only empties it. */
  add(field: HeaderField): void {
    this.#evict(this.#limitBytes - field.size);
    if (field.size > this.#limitBytes) return;
    this.#newest = this.#newest + 1 === this.#ring.length ? 0 : this.#newest + 1;
    this.#ring[this.#newest] = field;
    this.#count++;
    this.#usedBytes += field.size;
  }

  /** Takes a size that the peer chose; false when it is above what our SETTINGS allow. */
  resize(bytes: number): boolean {
    if (bytes > this.#capacityBytes) return false;
    this.#limitBytes = bytes;
    this.#evict(bytes);
    return true;
  }

  #evict(untilBytes: number): void {
    while (this.#count > 0 && this.#usedBytes > untilBytes) {
      const at = this.#newest - this.#count + 1;
      const oldest = at < 0 ? at + this.#ring.length : at;
      this.#usedBytes -= this.#ring[oldest]?.size ?? 0;
      // What was evicted may be a credential, and must not stay in memory.
      this.#ring[oldest] = undefined;
      this.#count--;
    }
  }
}
