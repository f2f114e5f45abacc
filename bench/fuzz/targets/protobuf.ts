/**
 * Messages of Envoy, read by hand where generated code would be slow: whatever is accepted is what generated code reads,
 * and everything else is refused with the error that says so. Both filters' messages, chosen by the first byte.
 */

import { decodeProcessingRequest } from "../../../extproc/messages.ts";
import { decodeNetworkRequest, encodeNetworkReply } from "../../../extproc/network-messages.ts";
import { randomProcessingRequest } from "../../../extproc/testdata/random-requests.ts";
import { seededRandom } from "../../../extproc/testdata/random.ts";
import { oracleMessage, plainMessage } from "../../../extproc/testdata/request-oracle.ts";
import { block, number } from "../../../extproc/testdata/wire-fields.ts";
import { ClrkError } from "../../../gateway/errors.ts";
import { envoy } from "../../../gateway/proto/gen/extproc.js";
import type { Finding, FuzzTarget } from "../fuzz-target.ts";
import { firstDifference } from "../input-cuts.ts";

const { ProcessingRequest, ProcessingResponse } = envoy.service.network_ext_proc.v3;

const refusedByOracle = "refused";

const http = Buffer.of(0);
const network = Buffer.of(1);

/** The decoders against generated code. */
export const protobufTarget: FuzzTarget = {
  name: "protobuf",
  promise:
    "what is accepted is what generated code reads; nothing is thrown but CLRK_MALFORMED_MESSAGE",
  covers: [
    "/extproc/messages.ts",
    "/extproc/network-messages",
    "/extproc/protobuf-reader",
    "/extproc/header-map",
  ],
  words: [block(1, "ab"), block(2, block(1, block(1, block(1, "k")))), number(2, 1), number(3, 1)],
  seeds: () => [
    ...Array.from({ length: 12 }, (_, seed) =>
      Buffer.concat([http, randomProcessingRequest(seededRandom(seed))]),
    ),
    Buffer.concat([network, block(1, Buffer.concat([block(1, "data"), number(2, 1)]))]),
    Buffer.concat([network, block(2, block(1, "answer"))]),
  ],
  invent: (random) => Buffer.concat([http, randomProcessingRequest(random)]),
  open: () => ({ check }),
};

function check(input: Buffer): Finding {
  // In the middle of other bytes, which must not be looked at.
  const bytes = Buffer.concat([Buffer.alloc(3, 0xff), input.subarray(1), Buffer.alloc(3, 0xff)]);
  const start = 3;
  const end = bytes.length - 3;
  const message = input.subarray(1);
  return ((input[0] ?? 0) & 1) === 0
    ? checkHttp(bytes, { start, end }, message)
    : checkNetwork(bytes, { start, end }, message);
}

interface Range {
  readonly start: number;
  readonly end: number;
}

function checkHttp(bytes: Buffer, { start, end }: Range, message: Buffer): Finding {
  const found = attempt(() => plainMessage(decodeProcessingRequest(bytes, start, end)));
  if (found === undefined) return undefined;
  return compare(
    found,
    attemptOracle(() => oracleMessage(message)),
  );
}

function checkNetwork(bytes: Buffer, { start, end }: Range, message: Buffer): Finding {
  const found = attempt(() => decodeNetworkRequest(bytes, start, end));
  if (found === undefined) return undefined;
  const wanted = attemptOracle(() => {
    const { readData, writeData } = ProcessingRequest.decode(message);
    const data = readData ?? writeData;
    return {
      direction: readData === null ? "write" : "read",
      data: Buffer.from(data?.data ?? "").toString("hex"),
      endOfStream: data?.endOfStream ?? false,
    };
  });
  const plain = { ...found, data: found.data.toString("hex") };
  const { readData, writeData } = ProcessingResponse.decode(encodeNetworkReply(found));
  const sent = found.direction === "read" ? readData : writeData;
  const passed = Buffer.from(sent?.data ?? "").equals(found.data);
  return compare(plain, wanted) ?? (passed ? undefined : "the reply does not hold the data");
}

/** What is read; undefined where it is refused as it should be. */
function attempt<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof ClrkError && error.code === "CLRK_MALFORMED_MESSAGE") return undefined;
    throw error;
  }
}

function attemptOracle(read: () => unknown): unknown {
  try {
    return read();
  } catch {
    // Compared with as such.
    return refusedByOracle;
  }
}

function compare(found: unknown, wanted: unknown): Finding {
  const [text, other] = [JSON.stringify(found), JSON.stringify(wanted)];
  // Where text is not UTF-8 generated code loses bytes, which we keep as Latin-1.
  if (text === other || other.includes("\ufffd")) return undefined;
  // It also reads what we pass over, and takes numbers of six to nine bytes for longer ones.
  if (wanted === refusedByOracle) return undefined;
  return firstDifference(text, other);
}
