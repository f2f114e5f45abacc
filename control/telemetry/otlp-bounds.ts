/**
 * Bounds of what one OTLP request may become. Its size says little about that: an empty message takes two bytes, and
 * what a resource has is written into every row.
 */
import { ClrkError } from "../../gateway/errors.ts";

/** Bounds of one request, once its body is read. */
export interface RequestBounds {
  /** Messages of protobuf or objects of JSON, whatever they are; an attribute and its value are two */
  readonly maxItems: number;
  /** Of all of its rows together, as they are spooled */
  readonly maxRowBytes: number;
}

/** Room for the 512 spans that SDKs send at once, with more than 40 attributes each. */
export const defaultRequestBounds: RequestBounds = {
  maxItems: 50_000,
  maxRowBytes: 32 * 1024 * 1024,
};

/** Refuses a request; `size` follows "a request of". */
export function tooLarge(size: string): ClrkError {
  const message = `Cannot take a request of ${size}: send smaller batches`;
  return new ClrkError("CLRK_TOO_LARGE", message, { expose: message });
}

/** Refuses a request for its items. */
export function tooManyItems(maxItems: number): ClrkError {
  return tooLarge(`more than ${maxItems} items`);
}
