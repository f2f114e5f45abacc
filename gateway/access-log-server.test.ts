/** Tests the access log server over a Unix socket: who sends, what becomes records, and what is counted. */
import path from "node:path";
import {
  credentials,
  makeGenericClientConstructor,
  Server,
  ServerCredentials,
} from "@grpc/grpc-js";
import t from "tap";
import type { Test } from "tap";
import type { EngineLine } from "./access-log/engine-line.ts";
import { AccessLogServer } from "./access-log-server.ts";
import { silentLogger } from "./log.ts";
import { accessLogService } from "./proto/access-log-service.ts";
import { envoy } from "./proto/gen/accesslog.js";
import type { EgressRecord } from "./record.ts";
import { commonFields, entryContext, httpEntry, tcpEntry } from "./testdata/access-log-entries.ts";
import { eventually } from "./testdata/envoy-rig.ts";
import { temporaryDirectory } from "./testdata/processes.ts";

type Fields = envoy.service.accesslog.v3.IStreamAccessLogsMessage;

const { StreamAccessLogsMessage } = envoy.service.accesslog.v3;

async function openServer(
  t: Test,
  onRecord?: (record: EgressRecord) => void,
  onEngineLine?: (line: EngineLine) => void,
) {
  const records: EgressRecord[] = [];
  const errors: string[] = [];
  const server = new AccessLogServer({
    log: { ...silentLogger, error: (message) => errors.push(message) },
    onRecord: onRecord ?? ((record) => records.push(record)),
    ...(onEngineLine && { onEngineLine }),
    findContext: (gateway) =>
      gateway.startsWith("default/")
        ? entryContext({
            gateway: { namespace: "default", name: gateway.slice("default/".length) },
          })
        : undefined,
  });
  const grpc = new Server();
  grpc.addService(accessLogService, server.handlers);
  const socket = `unix:${path.join(await temporaryDirectory(t), "als.sock")}`;
  await new Promise<void>((resolve, reject) => {
    grpc.bindAsync(socket, ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    );
  });
  t.teardown(() => grpc.forceShutdown());
  const open = () => {
    const Client = makeGenericClientConstructor(accessLogService, "Als");
    const client = new Client(socket, credentials.createInsecure());
    t.teardown(() => client.close());
    const {
      path: method,
      requestSerialize,
      responseDeserialize,
    } = accessLogService.streamAccessLogs;
    let ended: string | undefined;
    const stream = client.makeClientStreamRequest(
      method,
      requestSerialize,
      responseDeserialize,
      (error) => {
        ended = error === null ? "answered" : error.message;
      },
    );
    return {
      send: (fields: Fields) => stream.write(StreamAccessLogsMessage.create(fields)),
      end: () => stream.end(),
      ended: () => ended,
    };
  };
  return { server, records, errors, open };
}

const identifier = (id: string, logName: string) => ({ node: { id }, logName });

t.test("handlers make one record of each entry, for the sender of the first message", async (t) => {
  const { server, records, open } = await openServer(t);
  const stream = open();
  stream.send({
    identifier: identifier("default/a", "explicit"),
    httpLogs: { logEntry: [httpEntry()] },
  });
  stream.send({ httpLogs: { logEntry: [httpEntry(), httpEntry()] } });
  stream.send({ tcpLogs: { logEntry: [tcpEntry()] } });
  await eventually(() => records[3]);
  t.same(
    records.map(({ kind }) => kind),
    ["http", "http", "http", "tcp"],
  );
  t.same([...new Set(records.map(({ gateway }) => gateway.name))], ["a"]);
  t.same([server.received, server.dropped], [4, 0]);
});

const engineEntry = httpEntry({
  commonProperties: commonFields({
    metadata: { filterMetadata: { clrk: { fields: { id: { stringValue: "engine-1" } } } } },
  }),
});

t.test("handlers hand over what the engine saw, apart from records", async (t) => {
  const lines: EngineLine[] = [];
  const { records, open } = await openServer(t, undefined, (line) => void lines.push(line));
  open().send({
    identifier: identifier("default/a", "explicit"),
    httpLogs: { logEntry: [engineEntry, httpEntry()] },
  });
  await eventually(() => records[0]);
  t.same(
    lines.map(({ id }) => id),
    ["engine-1"],
  );
  t.equal(records[0]?.tier, "native");
});

t.test("handlers make a record of what the engine saw where nobody joins it", async (t) => {
  const { records, open } = await openServer(t);
  open().send({
    identifier: identifier("default/a", "explicit"),
    httpLogs: { logEntry: [engineEntry] },
  });
  t.match(await eventually(() => records[0]), { tier: "engine", request: { query: "[redacted]" } });
});

const names: readonly { readonly logName: string; readonly listener: string }[] = [
  { logName: "explicit", listener: "explicit" },
  { logName: "proxy", listener: "explicit" },
  { logName: "transparent", listener: "transparent" },
];

for (const { logName, listener } of names) {
  t.test(
    `handlers take entries of log "${logName}" for those of the ${listener} listener`,
    async (t) => {
      const { records, open } = await openServer(t);
      open().send({
        identifier: identifier("default/a", logName),
        httpLogs: { logEntry: [httpEntry()] },
      });
      t.equal((await eventually(() => records[0])).listener, listener);
    },
  );
}

t.test("handlers keep streams apart", async (t) => {
  const { records, open } = await openServer(t);
  for (const name of ["a", "b"]) {
    open().send({
      identifier: identifier(`default/${name}`, "explicit"),
      httpLogs: { logEntry: [httpEntry()] },
    });
  }
  await eventually(() => records[1]);
  t.same(records.map(({ gateway }) => gateway.name).sort(), ["a", "b"]);
});

t.test("handlers count entries of unknown gateways and of nobody", async (t) => {
  const { server, records, open } = await openServer(t);
  open().send({
    identifier: identifier("other/x", "explicit"),
    httpLogs: { logEntry: [httpEntry(), httpEntry()] },
  });
  open().send({ tcpLogs: { logEntry: [tcpEntry()] } });
  await eventually(() => (server.dropped === 3 ? true : undefined));
  t.same([server.received, records.length], [3, 0]);
});

t.test("handlers go on when a record cannot be taken", async (t) => {
  let calls = 0;
  const { server, errors, open } = await openServer(t, () => {
    calls++;
    if (calls === 1) throw new Error("Cannot take the record");
  });
  open().send({
    identifier: identifier("default/a", "explicit"),
    httpLogs: { logEntry: [httpEntry(), httpEntry()] },
  });
  await eventually(() => (calls === 2 ? true : undefined));
  t.same([server.received, server.dropped], [2, 1]);
  t.same(errors, ["Cannot record a transaction"]);
});

t.test("handlers answer a stream that ends, so that nothing of it stays", async (t) => {
  const { open } = await openServer(t);
  const stream = open();
  stream.send({ identifier: identifier("default/a", "explicit") });
  stream.end();
  t.equal(await eventually(() => stream.ended()), "answered");
});
