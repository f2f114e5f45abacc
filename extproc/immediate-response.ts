/**
 * Encodes the reply that ends a transaction: Envoy gives this answer to the agent, and nothing goes upstream that has
 * not gone already.
 */
import { ProtobufWriter, textBound } from "./protobuf-writer.ts";
import { replyBound, writeHeaderChanges, writeTransactionId } from "./reply-parts.ts";

const IMMEDIATE_RESPONSE = 7;

/** An answer to the agent. */
export interface ImmediateResponse {
  /** HTTP status, 200 to 599 */
  readonly status: number;
  /** Names in lower case; values are sent as UTF-8 */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Text is sent as UTF-8, bytes are copied */
  readonly body: string | Uint8Array;
  /** What Envoy's access log gives as response code details; without blanks, which Envoy replaces */
  readonly details: string;
  /** Goes into Envoy's access log as dynamic metadata `clrk:id` */
  readonly transactionId?: string;
  /** Makes the answer one of gRPC with this status, for agents that speak it */
  readonly grpcStatus?: number;
}

const writer = new ProtobufWriter();
const nothingRemoved: readonly string[] = [];

/** The message, in new bytes. Raises RangeError for a status that Envoy would not send. */
export function encodeImmediateResponse(response: ImmediateResponse): Buffer {
  const { status, headers, body, details, transactionId, grpcStatus } = response;
  if (!(Number.isInteger(status) && status >= 200 && status <= 599)) {
    throw new RangeError(
      `Cannot encode immediate response: status is ${status}, wanted 200 to 599`,
    );
  }
  const changes = { set: headers, remove: nothingRemoved };
  const bodyBound = typeof body === "string" ? textBound(body) : body.length;
  writer.begin(replyBound(changes, transactionId) + textBound(details) + bodyBound);
  if (transactionId !== undefined) writeTransactionId(writer, transactionId);
  const start = writer.mark();
  writer.text(5, details);
  if (grpcStatus !== undefined) writeNumberBlock(4, grpcStatus);
  if (typeof body === "string") writer.text(3, body);
  else writer.bytes(3, body);
  writeHeaderChanges(writer, 2, changes);
  writeNumberBlock(1, status);
  writer.block(IMMEDIATE_RESPONSE, start);
  return writer.finish();
}

/** HttpStatus and GrpcStatus: a block with a number in field 1. */
function writeNumberBlock(field: number, value: number): void {
  const start = writer.mark();
  writer.number(1, value);
  writer.block(field, start);
}
