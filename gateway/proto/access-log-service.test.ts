/** Tests the access log definition over a real gRPC stream, with the fields that become a record. */
import {
  Server,
  ServerCredentials,
  credentials,
  makeGenericClientConstructor,
} from "@grpc/grpc-js";
import type { ServerReadableStream, sendUnaryData } from "@grpc/grpc-js";
import t from "tap";
import type { Test } from "tap";
import { accessLogService } from "./access-log-service.ts";
import { envoy } from "./gen/accesslog.js";

type Message = envoy.service.accesslog.v3.StreamAccessLogsMessage;

const { StreamAccessLogsMessage } = envoy.service.accesslog.v3;
const { streamAccessLogs } = accessLogService;

const entry: envoy.data.accesslog.v3.IHTTPAccessLogEntry = {
  protocolVersion: envoy.data.accesslog.v3.HTTPAccessLogEntry.HTTPVersion.HTTP2,
  commonProperties: {
    startTime: { seconds: 1_795_000_000, nanos: 5 },
    upstreamCluster: "anthropic",
    responseFlags: { upstreamConnectionFailure: true },
    metadata: { filterMetadata: { clrk: { fields: { model: { stringValue: "m" } } } } },
  },
  request: { path: "/v1/messages", requestHeaders: { "x-request-id": "1" } },
  response: { responseCode: { value: 503 }, responseBodyBytes: 5_000_000_000 },
};

/** The messages that one server reads from one stream, which ends with the client's half. */
async function serve(t: Test): Promise<{ port: number; received: Promise<Message[]> }> {
  const server = new Server();
  t.teardown(() => server.forceShutdown());
  const received = new Promise<Message[]>((resolve) => {
    server.addService(accessLogService, {
      streamAccessLogs: (
        call: ServerReadableStream<Message, object>,
        done: sendUnaryData<object>,
      ) => {
        const messages: Message[] = [];
        call.on("data", (message: Message) => messages.push(message));
        call.on("end", () => {
          resolve(messages);
          done(null, {});
        });
      },
    });
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return { port, received };
}

t.test("streamAccessLogs carries entries with their numbers, maps and metadata", async (t) => {
  const { port, received } = await serve(t);
  const Client = makeGenericClientConstructor(accessLogService, "Als");
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  t.teardown(() => client.close());
  const { path, requestSerialize, responseDeserialize } = streamAccessLogs;
  const stream = client.makeClientStreamRequest(
    path,
    requestSerialize,
    responseDeserialize,
    () => {},
  );
  stream.write(
    StreamAccessLogsMessage.create({
      identifier: { node: { id: "envoy-1" }, logName: "egress" },
      httpLogs: { logEntry: [entry] },
    }),
  );
  stream.write(StreamAccessLogsMessage.create({ tcpLogs: { logEntry: [{}, {}] } }));
  stream.end();
  const [first, second] = await received;
  t.same([first?.identifier?.node?.id, first?.identifier?.logName], ["envoy-1", "egress"]);
  t.same([first?.logEntries, second?.logEntries], ["httpLogs", "tcpLogs"]);
  t.equal(second?.tcpLogs?.logEntry.length, 2);
  const [http] = first?.httpLogs?.logEntry ?? [];
  t.equal(http?.commonProperties?.startTime?.seconds, 1_795_000_000);
  t.equal(http?.commonProperties?.responseFlags?.upstreamConnectionFailure, true);
  const model = http?.commonProperties?.metadata?.filterMetadata["clrk"]?.fields["model"];
  t.equal(model?.stringValue, "m");
  t.same(Object.entries(http?.request?.requestHeaders ?? {}), [["x-request-id", "1"]]);
  t.equal(http?.response?.responseCode?.value, 503);
  t.equal(http?.response?.responseBodyBytes, 5_000_000_000);
});

t.test("responseSerialize() of the empty response is no byte", async (t) => {
  t.equal(streamAccessLogs.responseSerialize({}).length, 0);
  t.ok(streamAccessLogs.responseDeserialize(Buffer.alloc(0)));
});

const rejected: ReadonlyArray<{ name: string; hex: string }> = [
  { name: "a message cut off", hex: "1205" },
  { name: "an entry cut off", hex: "12040a021205" },
  { name: "an unknown wire type", hex: "0f" },
];

for (const { name, hex } of rejected) {
  t.test(`requestDeserialize() throws for ${name}`, async (t) => {
    t.throws(() => streamAccessLogs.requestDeserialize(Buffer.from(hex, "hex")), Error);
  });
}
