/** Tests of the pipe: on a FIFO for what it survives, with a real Envoy for what it says. */
import { once } from "node:events";
import { statSync, writeFileSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { open } from "node:fs/promises";
import { connect as http2Connect } from "node:http2";
import path from "node:path";
import { connect as tlsConnect } from "node:tls";
import t from "tap";
import type { Test } from "tap";
import type { AccessLogPipe, AccessLogPipeOptions } from "./access-log-pipe.ts";
import { openAccessLogPipe } from "./access-log-pipe.ts";
import type { EngineLine } from "./access-log/engine-line.ts";
import { packAny, typedExtension } from "./any.ts";
import { silentLogger } from "./log.ts";
import type { Logger } from "./log.ts";
import { envoy } from "./proto/gen/xds.js";
import type { EgressRecord } from "./record.ts";
import { indexRuleFacts } from "./rule-facts.ts";
import type { GatewaySnapshot } from "./snapshot.ts";
import { entryContext, pipeLine } from "./testdata/access-log.ts";
import {
  openTransparent,
  openTunnel,
  plainRequest,
  readAll,
  requestOver,
  researcher,
  secureRequest,
} from "./testdata/agent.ts";
import { plainUpstream, tlsUpstream } from "./testdata/echo-upstream.ts";
import type { Upstream } from "./testdata/echo-upstream.ts";
import type { EnvoyRig } from "./testdata/envoy-rig.ts";
import { eventually, needsEnvoy, startRig } from "./testdata/envoy-rig.ts";
import {
  backend,
  forward,
  gatewaySnapshot,
  hostPolicy,
  httpRule,
} from "./testdata/gateway-snapshot.ts";
import type { XdsResource } from "./xds.ts";
import { attemptLineMark, ENGINE_METADATA, fieldSeparator, TYPE_URL } from "./xds.ts";
import { httpAccessLog } from "./xds/access-log.ts";

interface Rig {
  readonly pipe: AccessLogPipe;
  readonly records: EgressRecord[];
  readonly logged: string[];
  readonly lost: number[];
  /** Another end of the FIFO, as Envoy holds it */
  readonly openWriter: () => Promise<FileHandle>;
}

async function startPipe(t: Test, options: Partial<AccessLogPipeOptions> = {}): Promise<Rig> {
  const [records, logged, lost]: [EgressRecord[], string[], number[]] = [[], [], []];
  const keep = (message: string) => void logged.push(message);
  const log: Logger = { ...silentLogger, warn: keep, error: keep };
  const pipe = await openAccessLogPipe({
    path: options.path ?? path.join(t.testdir(), "http.log"),
    log,
    onRecord: (record) => records.push(record),
    onDrop: (lines) => lost.push(lines),
    findContext: () => entryContext(),
    ...options,
  });
  t.teardown(() => pipe.close());
  const openWriter = async () => {
    const writer = await open(pipe.path, "r+");
    t.teardown(() => writer.close().catch(() => {}));
    return writer;
  };
  return { pipe, records, logged, lost, openWriter };
}

function until(condition: () => boolean): Promise<true> {
  return eventually(() => (condition() ? true : undefined));
}

t.test("openAccessLogPipe() makes a FIFO that is its owner's alone", async (t) => {
  const { pipe } = await startPipe(t);
  const { mode } = statSync(pipe.path);
  t.equal(statSync(pipe.path).isFIFO(), true);
  t.equal(mode & 0o777, 0o600);
});

t.test("openAccessLogPipe() rejects when something is at the path", async (t) => {
  const taken = path.join(t.testdir(), "taken");
  writeFileSync(taken, "");
  await t.rejects(startPipe(t, { path: taken }), { message: /mkfifo.*File exists/s });
  t.equal(statSync(taken).isFile(), true);
});

t.test("openAccessLogPipe() rejects where the folder is not there", async (t) => {
  const missing = path.join(t.testdir(), "missing", "http.log");
  await t.rejects(startPipe(t, { path: missing }), { message: /mkfifo/ });
});

t.test("lines become records in their order", async (t) => {
  const { pipe, records, openWriter } = await startPipe(t);
  const writer = await openWriter();
  await writer.write(`${pipeLine({ status: "201" })}\n${pipeLine({ status: "202" })}\n`);
  await until(() => records.length === 2);
  t.same(
    records.map(({ response }) => response.status),
    [201, 202],
  );
  t.match(pipe, { received: 2, dropped: 0 });
});

t.test("a line of the engine is a record where nobody joins it", async (t) => {
  const { records, openWriter } = await startPipe(t);
  const writer = await openWriter();
  await writer.write(`${pipeLine({ engineId: "engine-1", target: "/a?b=c" })}\n`);
  await until(() => records.length === 1);
  t.match(records[0], { tier: "engine", request: { path: "/a", query: "[redacted]" } });
});

t.test("a line of an attempt is no record, and goes to who takes attempts", async (t) => {
  const seen: string[] = [];
  const { pipe, records, openWriter } = await startPipe(t, {
    onAttempt: ({ spanId, cluster }) => void seen.push(`${spanId} ${cluster}`),
  });
  const writer = await openWriter();
  const fields = ["00-1-abc-01", "candidate/f/p", "1", "2", "200", "-", ""];
  const broken = `${attemptLineMark}nonsense`;
  const text = `${attemptLineMark}${fields.join(fieldSeparator)}`;
  await writer.write(`${text}\n${broken}\n${pipeLine()}\n`);
  await until(() => records.length === 1);
  t.same(seen, ["abc candidate/f/p"]);
  t.match(pipe, { received: 3, dropped: 1 });
});

t.test("a line may come in parts", async (t) => {
  const { records, openWriter } = await startPipe(t);
  const writer = await openWriter();
  const line = `${pipeLine()}\n`;
  for (let at = 0; at < line.length; at += 50) {
    await writer.write(line.slice(at, at + 50));
    await new Promise(setImmediate);
  }
  await until(() => records.length === 1);
  t.equal(records[0]?.request.authority, "api.openai.com");
});

t.test("another writer goes on where one has ended", async (t) => {
  const { pipe, records, openWriter } = await startPipe(t);
  const first = await openWriter();
  await first.write(`${pipeLine()}\n${pipeLine().slice(0, 60)}`);
  await first.close();
  await until(() => records.length === 1);
  const second = await openWriter();
  await second.write(`${pipeLine()}\n${pipeLine()}\n`);
  await until(() => records.length === 2);
  t.match(pipe, { received: 3, dropped: 1 }, "the torn line takes the next one with it");
});

t.test("lines that cannot be read are dropped and counted, and said once", async (t) => {
  const { pipe, records, logged, lost, openWriter } = await startPipe(t);
  const writer = await openWriter();
  await writer.write("nonsense\n\n");
  await until(() => pipe.received === 2);
  await writer.write("nonsense\n");
  await until(() => pipe.received === 3);
  await writer.write(`${pipeLine()}\n`);
  await until(() => records.length === 1);
  t.match(pipe, { received: 4, dropped: 3 });
  t.equal(
    lost.reduce((sum, lines) => sum + lines, 0),
    3,
  );
  t.same(logged, ["Cannot read lines of the access log"]);
});

t.test("lines of a gateway that is not known are dropped and counted", async (t) => {
  const { pipe, records, openWriter } = await startPipe(t, { findContext: () => undefined });
  const writer = await openWriter();
  await writer.write(`${pipeLine()}\n`);
  await until(() => pipe.received === 1);
  t.equal(pipe.dropped, 1);
  t.same(records, []);
});

t.test("a record that nobody takes is dropped and counted", async (t) => {
  let failures = 0;
  const { pipe, logged, openWriter } = await startPipe(t, {
    onRecord: () => {
      failures++;
      throw new Error("broken");
    },
  });
  const writer = await openWriter();
  await writer.write(`${pipeLine()}\n${pipeLine()}\n`);
  await until(() => pipe.received === 2);
  t.match(pipe, { dropped: 2 });
  t.equal(failures, 2);
  t.match(logged, ["Cannot record a transaction"]);
});

t.test("a reader that is behind drops lines until it has caught up", async (t) => {
  const options = { maxBehindBytes: 128 * 1024 };
  const { pipe, records, logged, lost, openWriter } = await startPipe(t, options);
  const writer = await openWriter();
  const line = `${pipeLine()}\n`;
  const count = 20_000;
  await writer.writeFile(line.repeat(count));
  await until(() => pipe.received === count);
  t.ok(pipe.dropped > 0, "some are dropped");
  t.ok(records.length > 0, "some are not");
  t.equal(records.length + pipe.dropped, count, "all are counted");
  t.equal(
    lost.reduce((sum, lines) => sum + lines, 0),
    pipe.dropped,
  );
  t.match(logged, ["Cannot keep up with the access log: lines are dropped"]);
  const before = records.length;
  await writer.write(line);
  await until(() => records.length === before + 1);
});

t.test("close() reads what is left and may be called again", async (t) => {
  const { pipe, records, openWriter } = await startPipe(t);
  const writer = await openWriter();
  await writer.write(`${pipeLine()}\n`);
  pipe.close();
  pipe.close();
  t.equal(records.length, 1);
});

t.test("close() is quiet when nothing is left", async (t) => {
  const { pipe, logged } = await startPipe(t);
  await pipe[Symbol.asyncDispose]();
  t.same(logged, []);
});

// From here on with Envoy.

interface LoggedEnvoy {
  readonly rig: EnvoyRig;
  readonly pipe: AccessLogPipe;
  /** Records of the pipe; those of the stream are in the rig */
  readonly records: EgressRecord[];
}

/** What of an Envoy with both logs is not usual. */
interface LoggedOptions extends Pick<AccessLogPipeOptions, "onEngineLine"> {
  readonly alter?: (resources: XdsResource[]) => XdsResource[];
}

/** Envoy with both logs on every intercepted connection. */
async function startEnvoy(
  t: Test,
  snapshot: GatewaySnapshot,
  { alter = withBothLogs, ...options }: LoggedOptions = {},
): Promise<LoggedEnvoy> {
  const rig = await startRig(t);
  const nobody = { kind: "Process", namespace: "", uid: "", revision: "", invocationId: "" };
  const { pipe, records } = await startPipe(t, {
    findContext: () => ({
      gateway: snapshot,
      revision: 1,
      ruleFacts: indexRuleFacts(snapshot),
      findAgent: (caller) => ({ ...nobody, name: caller }),
    }),
    ...options,
  });
  const verdict = await rig.publish(snapshot, { accessLogPipe: pipe.path, alter });
  t.equal(verdict.kind, "live", "Envoy takes the configuration");
  return { rig, pipe, records };
}

type Manager = envoy.extensions.filters.network.http_connection_manager.v3.IHttpConnectionManager;

function withBothLogs(resources: XdsResource[]): XdsResource[] {
  return mapManagers(resources, (manager, name) => ({
    ...manager,
    accessLog: [...(manager.accessLog ?? []), httpAccessLog(name)],
  }));
}

/** Changes what every intercepted connection is handled by. */
function mapManagers(
  resources: XdsResource[],
  change: (manager: Manager, name: "transparent" | "explicit") => Manager,
): XdsResource[] {
  const { Listener } = envoy.config.listener.v3;
  const { HttpConnectionManager } = envoy.extensions.filters.network.http_connection_manager.v3;
  return resources.map((resource) => {
    if (resource.typeUrl !== TYPE_URL.listener) return resource;
    const listener = Listener.decode(resource.value);
    const name = listener.statPrefix === "transparent" ? "transparent" : "explicit";
    for (const filter of listener.filterChains.flatMap(({ filters }) => filters)) {
      const { typeUrl, value } = filter.typedConfig ?? {};
      if (value === undefined || typeUrl !== HttpConnectionManager.getTypeUrl()) continue;
      const manager = HttpConnectionManager.decode(value);
      if (manager.statPrefix === "proxy") continue;
      filter.typedConfig = packAny(HttpConnectionManager, change(manager, name));
    }
    return { ...resource, ...packAny(Listener, listener) };
  });
}

/** Sends a request over HTTP/2 inside TLS; resolves when it has ended, however. */
async function http2Request(rig: EnvoyRig, headers: Record<string, string>): Promise<void> {
  const tunnel = await openTunnel(rig, "a.example.com:443");
  const socket = tlsConnect({
    socket: tunnel,
    servername: "a.example.com",
    rejectUnauthorized: false,
    ALPNProtocols: ["h2"],
  });
  await once(socket, "secureConnect");
  const session = http2Connect("https://a.example.com", { createConnection: () => socket });
  session.on("error", () => {});
  await new Promise<void>((resolve) => {
    session.once("close", resolve);
    const stream = session.request({ ":authority": "a.example.com", ...headers });
    stream.on("error", () => {});
    stream.once("close", resolve);
    stream.resume().end();
  });
  session.destroy();
}

/** Sends bytes on a plain transparent connection, which the other end is to close; resolves with what came back. */
async function rawRequest(rig: EnvoyRig, bytes: string): Promise<string> {
  const socket = await openTransparent(rig, { address: "192.0.2.1", port: 80 });
  const answer = readAll(socket);
  // What is no whole request is waited for by Envoy.
  socket.setTimeout(300, () => socket.destroy());
  socket.write(Buffer.from(bytes, "latin1"));
  return await answer;
}

/** Sends a request that is never answered, and goes away when it has reached the upstream. */
async function abandonedRequest(rig: EnvoyRig, { seen }: Upstream): Promise<void> {
  const socket = await openTransparent(rig, { address: "192.0.2.1", port: 80 });
  socket.write("GET /silent HTTP/1.1\r\nhost: plain.example.com\r\n\r\n");
  await until(() => seen.some(({ url }) => url === "/silent"));
  socket.destroy();
}

const unguarded = { lookupFamily: "V4Only", additionalTrustPem: "", guardedRanges: [] } as const;

/** The parts that must be the same both ways. */
function comparable({ id, trace, durationMs, ...record }: EgressRecord) {
  const parent = trace?.parentSpanId ?? "";
  return { ...record, parent, traceId: parent === "" ? "" : trace?.traceId };
}

t.test("both logs give the same record of the same transaction", needsEnvoy, async (t) => {
  const [tls, plain] = [await tlsUpstream(t), await plainUpstream(t)];
  const at = (port: number) => ({ alias: { address: "127.0.0.1", port } });
  const target = backend("backend.example.com", at(tls.port));
  const snapshot = gatewaySnapshot({
    upstream: unguarded,
    hosts: [
      { ...hostPolicy("a.example.com", httpRule()), ...at(tls.port) },
      { ...hostPolicy("plain.example.com", httpRule()), ...at(plain.port) },
      hostPolicy("c.example.com", httpRule({ action: forward({ backends: [target] }) })),
      { ...hostPolicy("closed.example.com", httpRule()), ...at(1) },
      hostPolicy("nowhere.invalid", httpRule()),
    ],
  });
  const { rig, pipe, records } = await startEnvoy(t, snapshot);
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const secret = `sk-${"A1b2".repeat(10)}`;
  const requests: readonly (() => Promise<unknown>)[] = [
    () =>
      secureRequest(rig, "a.example.com", {
        method: "POST",
        path: `/v1/${secret}?api_key=${secret}&x=1`,
        body: "body",
        headers: { traceparent, "user-agent": "agent/1 (grüße)" },
      }),
    () => secureRequest(rig, "A.Example.COM", { port: 8443, authority: "a.example.com:8443" }),
    () => plainRequest(rig, "plain.example.com", { path: "/b", headers: { "user-agent": "-" } }),
    () => secureRequest(rig, "c.example.com", { path: "/backend" }),
    () => secureRequest(rig, "denied.example.com", { path: "/no" }),
    () => secureRequest(rig, "a.example.com", { authority: "evil.example.com" }),
    () => secureRequest(rig, "closed.example.com", {}),
    () => plainRequest(rig, "nowhere.invalid", {}),
    () => http2Request(rig, { ":method": "PROPFIND", ":path": "/h2" }),
    () => rawRequest(rig, "GET /bare HTTP/1.1\r\nhost: 192.0.2.1\r\nconnection: close\r\n\r\n"),
    () => rawRequest(rig, "GET /old HTTP/1.0\r\n\r\n"),
    () => rawRequest(rig, "GET /bad HTTP/1.1\r\nhost: a b\r\n\r\n"),
    () => rawRequest(rig, "GET /bad HTTP/1.1\r\nhost: a\r\nx: \u0001\r\n\r\n"),
    () => abandonedRequest(rig, plain),
  ];
  for (const send of requests) await send();
  await until(() => records.length >= requests.length && rig.records.length >= requests.length);
  t.equal(records.length, requests.length);
  t.equal(pipe.dropped, 0);
  for (const record of records) {
    const { request, response, startUnixNs } = record;
    const name = `${request.method} ${request.authority}${request.path} ${response.details}`;
    const streamed = rig.records.find((other) => other.startUnixNs === startUnixNs);
    t.same(comparable(record), streamed && comparable(streamed), name);
    const difference = Math.abs(record.durationMs - (streamed?.durationMs ?? 0));
    t.ok(difference < 1, `${name}: durations differ by ${difference} ms`);
  }
  t.notMatch(JSON.stringify([records, rig.records]), new RegExp(secret));
  t.equal(
    records.some(({ request }) => request.method === "PROPFIND"),
    true,
  );
  t.match(records[0]?.trace, { parentSpanId: "b7ad6b7169203331" });
});

/** Leaves the mark of the engine at every request. */
function withEngineMark(resources: XdsResource[]): XdsResource[] {
  const { Config } = envoy.extensions.filters.http.set_metadata.v3;
  const mark = typedExtension("mark", Config, {
    metadata: [
      {
        metadataNamespace: ENGINE_METADATA.namespace,
        value: { fields: { [ENGINE_METADATA.id]: { stringValue: "engine-1" } } },
      },
    ],
  });
  return mapManagers(withBothLogs(resources), (manager) => ({
    ...manager,
    httpFilters: [mark, ...(manager.httpFilters ?? [])],
  }));
}

t.test("both logs tell which transactions the engine saw", needsEnvoy, async (t) => {
  const { port } = await plainUpstream(t);
  const alias = { address: "127.0.0.1", port };
  const snapshot = gatewaySnapshot({
    hosts: [{ ...hostPolicy("plain.example.com", httpRule()), alias }],
  });
  const lines: EngineLine[] = [];
  const { rig, pipe, records } = await startEnvoy(t, snapshot, {
    alter: withEngineMark,
    onEngineLine: (line) => lines.push(line),
  });
  await plainRequest(rig, "plain.example.com", { path: "/a?k=credential" });
  await plainRequest(rig, "denied.example.com", { path: "/b" });
  await until(() => lines.length === 2 && rig.records.length === 2);
  t.same([records.length, pipe.dropped], [0, 0]);
  t.same(
    lines.map(({ id }) => id),
    ["engine-1", "engine-1"],
  );
  const completed = lines.map((line) => line.complete(undefined).record);
  for (const record of completed) {
    const streamed = rig.records.find((other) => other.startUnixNs === record.startUnixNs);
    t.same(comparable(record), streamed && comparable(streamed));
    t.equal(record.tier, "engine");
  }
  t.match(completed[0]?.request, { path: "/a", query: "[redacted]" });
});

const controls = ["\t", "\r", "\n", "\0", "\u001e", "\u001f", "\u007f", "\u0085"];

/** Every place of a request that is in the line, with a control character in it. */
const evilHttp1 = controls.flatMap((control) => {
  const x = `x${control}y`;
  const close = "connection: close\r\n\r\n";
  const host = "host: a.example.com\r\n";
  return [
    `GET /${x} HTTP/1.1\r\n${host}${close}`,
    // The first bytes of a connection are looked at by Envoy's sniffer, later ones by its codec alone.
    `GET /ok HTTP/1.1\r\n${host}\r\nGET /${x} HTTP/1.1\r\n${host}${close}`,
    `G${x} / HTTP/1.1\r\n${host}${close}`,
    `GET /ok HTTP/1.1\r\n${host}\r\nG${x} / HTTP/1.1\r\n${host}${close}`,
    `GET / HTTP/1.1\r\nhost: a${x}.example.com\r\n${close}`,
    `GET / HTTP/1.1\r\n${host}user-agent: ${x}\r\n${close}`,
    `GET / HTTP/1.1\r\n${host}traceparent: ${x}\r\n${close}`,
    `GET / HTTP/1.1\r\n${host}x-envoy-original-path: ${x}\r\n${close}`,
    `GET http://a${x}.example.com/ HTTP/1.1\r\n${host}${close}`,
  ];
});

const evilHttp2 = controls.flatMap((control) => {
  const x = `x${control}y`;
  return [
    { ":path": `/${x}` },
    { ":method": `G${x}`, ":path": "/" },
    { ":authority": `a${x}.example.com`, ":path": "/" },
    { ":path": "/", "user-agent": x },
    { ":path": "/", traceparent: x },
    { ":path": "/", "x-envoy-original-path": x },
  ];
});

t.test("no request puts a control character of ours into a line", needsEnvoy, async (t) => {
  const plain = await plainUpstream(t);
  const alias = { address: "127.0.0.1", port: plain.port };
  const { rig, pipe, records } = await startEnvoy(
    t,
    gatewaySnapshot({ hosts: [{ ...hostPolicy("a.example.com", httpRule()), alias }] }),
  );
  // Together, because Envoy keeps a connection for a while that it refuses a request on.
  await Promise.all([
    ...evilHttp1.map((bytes) => rawRequest(rig, bytes)),
    // Node refuses to send some of them at all.
    ...evilHttp2.map((headers) => http2Request(rig, headers).catch(() => {})),
  ]);
  await plainRequest(rig, "a.example.com", { path: "/last" });
  await until(() => records.some(({ request }) => request.path === "/last"));
  t.equal(pipe.dropped, 0, "every line can be read");
  t.equal(pipe.received, records.length);
  for (const { request } of records) {
    const { method, authority, path: target, userAgent } = request;
    // A tab may stand in a header: it means nothing here.
    const texts = [method, authority, target, userAgent.replaceAll("\t", "")];
    t.notOk(texts.some(hasControl), JSON.stringify(request));
  }
});

function hasControl(text: string): boolean {
  return [...text].some((character) => character < " ");
}

const evilIdentities: readonly { readonly name: string; readonly tlvs: Record<number, string> }[] =
  ["\n", "\u001e", "\u001f"].flatMap((control) => [
    { name: `kind with ${JSON.stringify(control)}`, tlvs: { 224: `Task${control}Agent` } },
    { name: `name with ${JSON.stringify(control)}`, tlvs: { 226: `a${control}b` } },
    { name: `uid with ${JSON.stringify(control)}`, tlvs: { 227: `a${control}b` } },
    { name: `invocation with ${JSON.stringify(control)}`, tlvs: { 229: `a${control}b` } },
    { name: `dialled name with ${JSON.stringify(control)}`, tlvs: { 230: `a${control}b` } },
  ]);

t.test("no identity puts a control character of ours into a line", needsEnvoy, async (t) => {
  const { rig, pipe, records } = await startEnvoy(t, gatewaySnapshot());
  const forge = async ({ name, tlvs }: (typeof evilIdentities)[number]) => {
    const socket = await openTransparent(rig, {
      address: "192.0.2.1",
      port: 80,
      tlvs: { ...researcher, ...tlvs },
    });
    const answer = readAll(socket);
    socket.write("GET /forged HTTP/1.1\r\nhost: a.example.com\r\n\r\n");
    t.equal(await answer, "", `${name}: refused`);
  };
  await Promise.all(evilIdentities.map(forge));
  const known = await openTransparent(rig, { address: "192.0.2.1", port: 80 });
  await requestOver(known, "a.example.com", { path: "/last" });
  await until(() => records.length > 0);
  t.same(
    records.map(({ request }) => request.path),
    ["/last"],
  );
  t.match(pipe, { received: 1, dropped: 0 });
});
