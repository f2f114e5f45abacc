/**
 * What a message of ext_proc costs to decode or encode, by hand and by generated code:
 * `node bench/load/codec-cost.ts [rounds] [messages per round]`.
 */
import { encodeImmediateResponse } from "../../extproc/immediate-response.ts";
import { decodeProcessingRequest } from "../../extproc/messages.ts";
import { encodeBodyReply, encodeHeadersReply } from "../../extproc/mutation.ts";
import { decodeNetworkRequest, encodeNetworkReply } from "../../extproc/network-messages.ts";
import { envoy } from "../../gateway/proto/gen/extproc.js";
import { summarise } from "./statistics.ts";

const { ProcessingRequest, ProcessingResponse } = envoy.service.ext_proc.v3;
const network = envoy.service.network_ext_proc.v3;

/** One kind of message: done by hand and by generated code. Both give a number, so that nothing is left out as unused. */
interface CodecCase {
  readonly name: string;
  readonly byHand: () => number;
  readonly generated: () => number;
}

/** Headers of a chat call by an SDK, as Envoy forwards them. */
const headers: readonly (readonly [string, string])[] = [
  [":authority", "api.openai.com"],
  [":path", "/v1/chat/completions"],
  [":method", "POST"],
  [":scheme", "https"],
  ["accept", "application/json"],
  ["content-type", "application/json"],
  ["user-agent", "OpenAI/Python 1.109.1"],
  ["x-stainless-lang", "python"],
  ["x-stainless-package-version", "1.109.1"],
  ["x-stainless-os", "Linux"],
  ["x-stainless-arch", "x64"],
  ["x-stainless-runtime", "CPython"],
  ["x-stainless-runtime-version", "3.13.5"],
  ["x-stainless-async", "false"],
  ["x-stainless-retry-count", "0"],
  ["x-stainless-read-timeout", "600"],
  ["accept-encoding", "gzip, deflate"],
  ["content-length", "1873"],
  ["x-forwarded-proto", "https"],
  ["x-request-id", "4fbb3f1c-6e0a-4a55-9c07-0d7cf2f3c1a9"],
];
const wanted = [":method", ":path", ":authority", "content-encoding", "content-type"];
const id = "01JTN7Q0Z3M8Y5W2V4X6A9B1CD";
const path = "/v1/chat/completions?key=AIzaSyD-fake-fake-fake-fake-fake-fake-00";
const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const chunk = Buffer.alloc(180, "data: {}");

const wireHeaders = { headers: headers.map(([key, text]) => ({ key, rawValue: bytesOf(text) })) };
const headersMessage = wire(ProcessingRequest.encode({ requestHeaders: { headers: wireHeaders } }));
const bodyMessage = wire(ProcessingRequest.encode({ responseBody: { body: chunk } }));
const networkMessage = wire(network.ProcessingRequest.encode({ readData: { data: chunk } }));
const idMetadata = {
  fields: { clrk: { structValue: { fields: { id: { stringValue: id } } } } },
};

const cases: readonly CodecCase[] = [
  {
    name: "decode request headers, find 5 of 20",
    byHand: () => {
      const message = decodeProcessingRequest(headersMessage, 0, headersMessage.length);
      return wanted.reduce((sum, name) => sum + (message.headers.find(name)?.length ?? 0), 0);
    },
    generated: () => {
      const message = ProcessingRequest.decode(headersMessage);
      const list = message.requestHeaders?.headers?.headers ?? [];
      return wanted.reduce((sum, name) => {
        const found = list.find(({ key }) => key === name);
        return sum + (found === undefined ? 0 : Buffer.from(found.rawValue).toString().length);
      }, 0);
    },
  },
  {
    name: "decode request headers, all 20 as text",
    byHand: () =>
      decodeProcessingRequest(headersMessage, 0, headersMessage.length).headers.entries().length,
    generated: () => {
      const list = ProcessingRequest.decode(headersMessage).requestHeaders?.headers?.headers ?? [];
      return list.map(({ key, rawValue }) => [key, Buffer.from(rawValue).toString()]).length;
    },
  },
  {
    name: "decode a piece of a response body",
    byHand: () => decodeProcessingRequest(bodyMessage, 0, bodyMessage.length).body.length,
    generated: () => ProcessingRequest.decode(bodyMessage).responseBody?.body.length ?? 0,
  },
  {
    name: "encode a reply with the transaction's id",
    byHand: () =>
      encodeHeadersReply("request-headers", { set: [], remove: [], transactionId: id }).length,
    generated: () =>
      ProcessingResponse.encode({ requestHeaders: {}, dynamicMetadata: idMetadata }).finish()
        .length,
  },
  {
    name: "encode a reply with two headers, id and modes",
    byHand: () =>
      encodeHeadersReply("request-headers", {
        set: [
          [":path", path],
          ["traceparent", traceparent],
        ],
        remove: ["baggage"],
        mode: { request: "none", response: "streamed" },
        transactionId: id,
      }).length,
    generated: () =>
      ProcessingResponse.encode({
        requestHeaders: {
          response: {
            headerMutation: {
              setHeaders: [
                { header: { key: ":path", rawValue: bytesOf(path) }, appendAction: 2 },
                {
                  header: { key: "traceparent", rawValue: bytesOf(traceparent) },
                  appendAction: 2,
                },
              ],
              removeHeaders: ["baggage"],
            },
          },
        },
        dynamicMetadata: idMetadata,
        modeOverride: {
          requestHeaderMode: 1,
          responseHeaderMode: 1,
          responseBodyMode: 1,
          requestTrailerMode: 2,
          responseTrailerMode: 2,
        },
      }).finish().length,
  },
  {
    name: "encode a body of 180 bytes",
    byHand: () => encodeBodyReply("response-body", { body: chunk }).length,
    generated: () =>
      ProcessingResponse.encode({
        responseBody: { response: { bodyMutation: { body: chunk } } },
      }).finish().length,
  },
  {
    name: "encode a refusal",
    byHand: () =>
      encodeImmediateResponse({
        status: 403,
        headers: [["content-type", "application/json"]],
        body: '{"error":{"message":"Refused"}}',
        details: "clrk_denied{no-route}",
        transactionId: id,
      }).length,
    generated: () =>
      ProcessingResponse.encode({
        immediateResponse: {
          status: { code: 403 },
          headers: {
            setHeaders: [
              {
                header: { key: "content-type", rawValue: bytesOf("application/json") },
                appendAction: 2,
              },
            ],
          },
          body: bytesOf('{"error":{"message":"Refused"}}'),
          details: "clrk_denied{no-route}",
        },
        dynamicMetadata: idMetadata,
      }).finish().length,
  },
  {
    name: "pass on 180 bytes of a connection",
    byHand: () =>
      encodeNetworkReply(decodeNetworkRequest(networkMessage, 0, networkMessage.length)).length,
    generated: () => {
      const { readData } = network.ProcessingRequest.decode(networkMessage);
      return network.ProcessingResponse.encode({ readData, dataProcessingStatus: 1 }).finish()
        .length;
    },
  },
];

function bytesOf(text: string): Buffer {
  return Buffer.from(text);
}

function wire(writer: { finish(): Uint8Array }): Buffer {
  return Buffer.from(writer.finish());
}

/** CPU time of one call in `ns`, median of the rounds; a round before them warms up. */
function measure(run: () => number, rounds: number, messages: number): number {
  const costs: number[] = [];
  let sum = 0;
  for (let round = 0; round <= rounds; round++) {
    const start = process.threadCpuUsage();
    for (let message = 0; message < messages; message++) sum += run();
    const { user, system } = process.threadCpuUsage(start);
    if (round > 0) costs.push(((user + system) * 1e3) / messages);
  }
  if (sum === 0) throw new Error("Cannot measure codec: nothing was read or written");
  return summarise(costs).median;
}

if (import.meta.main) {
  const [rounds = 5, messages = 200_000] = process.argv.slice(2).map(Number);
  if (![rounds, messages].every((count) => Number.isInteger(count) && count > 0)) {
    console.error("Cannot measure codec: wanted whole numbers: [rounds] [messages per round]");
    process.exit(2);
  }
  console.log("ns of CPU a message, median, by hand and generated");
  for (const { name, byHand, generated } of cases) {
    const ours = measure(byHand, rounds, messages);
    const theirs = measure(generated, rounds, messages);
    const figures = `${ours.toFixed(0).padStart(6)} ${theirs.toFixed(0).padStart(8)}`;
    console.log(`${name.padEnd(48)}${figures}  ${(theirs / ours).toFixed(1)}×`);
  }
}
