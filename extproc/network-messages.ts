/**
 * The messages of Envoy's network filter, `envoy.service.network_ext_proc.v3`: bytes of a connection in, and what shall
 * go on out. The filter keeps nothing: bytes that a reply does not hold are lost, unmodified or not.
 */
import { ProtobufReader, malformedMessage } from "./protobuf-reader.ts";
import { ProtobufWriter } from "./protobuf-writer.ts";

/** Numbers of the fields in both messages. */
const READ_DATA = 1;
const WRITE_DATA = 2;

/** DataProcessedStatus and ConnectionStatus of Envoy. */
const UNMODIFIED = 1;
const CLOSE = 1;

/** Bytes of everything in a reply but the data. */
const replyOverhead = 32;

/** Bytes of one direction. */
export interface NetworkMessage {
  /** `read`: from downstream, `write`: to downstream */
  readonly direction: "read" | "write";
  /** Borrowed */
  readonly data: Buffer;
  /** Nothing follows in this direction */
  readonly endOfStream: boolean;
}

/** Ends the connection, once what is on its way has been sent. Shared: must not be written to. */
export const networkCloseReply: Buffer = Buffer.from([0x20, CLOSE]);

const writer = new ProtobufWriter();
const noData = Buffer.alloc(0);

/**
 * What the message in `bytes[start, end)` says, which stay the caller's. Unknown fields are passed over, data that is
 * there twice is merged as protobuf has it. Raises CLRK_MALFORMED_MESSAGE for bytes that are not such a message and for
 * one with data of no direction or of both.
 */
export function decodeNetworkRequest(bytes: Buffer, start: number, end: number): NetworkMessage {
  const reader = new ProtobufReader(bytes, start, end);
  let direction: NetworkMessage["direction"] | undefined;
  let data: Buffer = noData;
  let endOfStream = false;
  while (reader.at < end) {
    const tag = reader.tag(end);
    const field = tag >>> 3;
    if (field > WRITE_DATA) {
      reader.skip(tag, end);
      continue;
    }
    const stop = reader.block(tag, end);
    const found = field === READ_DATA ? "read" : "write";
    if (direction !== undefined && direction !== found)
      throw malformedMessage("two directions are there");
    direction = found;
    while (reader.at < stop) {
      const part = reader.tag(stop);
      if (part >>> 3 === 1) {
        const last = reader.block(part, stop);
        data = bytes.subarray(reader.at, last);
        reader.at = last;
      } else if (part >>> 3 === 2) {
        endOfStream = reader.flag(part, stop);
      } else {
        reader.skip(part, stop);
      }
    }
  }
  if (direction === undefined) throw malformedMessage("no data is there");
  return { direction, data, endOfStream };
}

/** The reply that sends these bytes on as they came and lets the connection go on; new bytes, the data is copied. */
export function encodeNetworkReply({ direction, data, endOfStream }: NetworkMessage): Buffer {
  writer.begin(replyOverhead + data.length);
  writer.number(3, UNMODIFIED);
  const start = writer.mark();
  if (endOfStream) writer.number(2, 1);
  if (data.length > 0) writer.bytes(1, data);
  writer.block(direction === "read" ? READ_DATA : WRITE_DATA, start);
  return writer.finish();
}
