/** Messages of a gRPC body: each is told once and whole however the body is cut, and what is held is given back. */

import { BufferPool } from "../../../extproc/http2/buffer-pool.ts";
import { ByteBudget } from "../../../extproc/http2/byte-budget.ts";
import { MessageReader } from "../../../extproc/http2/message-reader.ts";
import { message } from "../../../extproc/http2/testdata/client-frames.ts";
import type { Random } from "../../../extproc/testdata/random.ts";
import type { Finding, FuzzTarget } from "../fuzz-target.ts";
import { cutsOf, firstDifference } from "../input-cuts.ts";

const maxMessageBytes = 3_000;
const PREFIX_BYTES = 5;

/** The reader against one that reads the whole body at once. */
export const grpcMessagesTarget: FuzzTarget = {
  name: "grpc-messages",
  promise: "the messages of a plain reader, however cut; all memory is given back",
  covers: ["/extproc/http2/message-reader", "/extproc/http2/buffer-pool"],
  maxInputBytes: 12_000,
  words: [message(""), message("ab")],
  seeds: () => [message("hello"), Buffer.concat([message(""), message(Buffer.alloc(2_000))])],
  invent: inventBody,
  open: () => ({ check }),
};

function check(input: Buffer): Finding {
  const wanted = readWhole(input);
  for (const pieces of cutsOf(input)) {
    const budget = new ByteBudget(1_000_000);
    const told: string[] = [];
    const reader = new MessageReader(
      {
        onMessage: (bytes, start, end) => told.push(bytes.toString("base64", start, end)),
        onRefused: (refusal) => told.push(refusal),
      },
      { maxMessageBytes, budget, buffers: new BufferPool() },
    );
    for (const piece of pieces) reader.read(piece, 0, piece.length);
    const { used } = budget;
    if (used > 2 * (maxMessageBytes + PREFIX_BYTES) + 1_024) return `${used} bytes are held`;
    reader.stop();
    if (budget.used !== 0) return `${budget.used} bytes are never given back`;
    const found = told.join(" ");
    if (found !== wanted) return `in ${pieces.length} pieces ${firstDifference(found, wanted)}`;
  }
  return undefined;
}

function readWhole(input: Buffer): string {
  const told: string[] = [];
  for (let at = 0; at + PREFIX_BYTES <= input.length; ) {
    const end = at + PREFIX_BYTES + input.readUInt32BE(at + 1);
    if (input[at] !== 0) return [...told, "compressed"].join(" ");
    if (end - at - PREFIX_BYTES > maxMessageBytes) return [...told, "too-large"].join(" ");
    if (end > input.length) break;
    told.push(input.toString("base64", at + PREFIX_BYTES, end));
    at = end;
  }
  return told.join(" ");
}

function inventBody(random: Random): Buffer {
  const messages: Buffer[] = [];
  for (let count = random.below(6); count >= 0; count--) {
    messages.push(
      message(random.bytes(random.pick([0, 1, 4, 5, 6, 300, 1_023, 1_025, 2_999, 3_001]))),
    );
  }
  const body = Buffer.concat(messages);
  return body.subarray(0, body.length - random.pick([0, 0, 1, 4]));
}
