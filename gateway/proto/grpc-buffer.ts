/** Encoded messages as the Buffer that grpc-js wants, without a copy. */

/** The same bytes as a Buffer; shares memory with `bytes`. */
export function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
