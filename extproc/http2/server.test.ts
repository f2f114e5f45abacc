/** Tests of the server with real clients: grpc-js and Node's own HTTP/2, over Unix sockets and mutual TLS. */
import { stat, writeFile } from "node:fs/promises";
import { once } from "node:events";
import type { EventEmitter } from "node:events";
import { connect as connectHttp2, constants } from "node:http2";
import type { ClientHttp2Session } from "node:http2";
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import { Client, credentials } from "@grpc/grpc-js";
import type { ChannelCredentials, ClientDuplexStream, StatusObject } from "@grpc/grpc-js";
import t from "tap";
import type { Test } from "tap";
import { ManualClock } from "../../gateway/clock.ts";
import { ERROR } from "./protocol.ts";
import { callPath, headers, message, opening, reset } from "./testdata/client-frames.ts";
import { holdPath, startEcho } from "./testdata/echo-server.ts";
import type { EchoServer } from "./testdata/echo-server.ts";
import { peerIdentity, strangerIdentity } from "./testdata/test-identities.ts";
import type { TestIdentity } from "./testdata/test-identities.ts";

type Call = ClientDuplexStream<Buffer, Buffer>;

const same = (bytes: Buffer) => bytes;

function grpcClient(
  t: Test,
  address: string,
  secret: ChannelCredentials = credentials.createInsecure(),
): Client {
  const client = new Client(address, secret, {
    "grpc.max_receive_message_length": -1,
    "grpc.ssl_target_name_override": "localhost",
  });
  t.teardown(() => client.close());
  return client;
}

interface Outcome {
  readonly status: StatusObject;
  readonly messages: readonly Buffer[];
}

/** Everything that comes until the end of a call; to be asked for before it can end. */
function outcomeOf(call: Call): Promise<Outcome> {
  const messages: Buffer[] = [];
  call.on("data", (bytes: Buffer) => messages.push(bytes));
  call.on("error", () => {}); // told by the status too
  return new Promise((resolve) => {
    call.on("status", (status: StatusObject) => resolve({ status, messages }));
  });
}

/** Resolves with the close of a socket, session or stream, with an error or without. */
function closed(emitter: EventEmitter): Promise<void> {
  emitter.on("error", () => {});
  return new Promise((resolve) => emitter.once("close", () => resolve()));
}

function echo(client: Client, messages: readonly Buffer[]): Promise<Outcome> {
  const call = client.makeBidiStreamRequest(callPath, same, same);
  for (const bytes of messages) call.write(bytes);
  call.end();
  return outcomeOf(call);
}

function http2Session(t: Test, path: string): ClientHttp2Session {
  const session = connectHttp2("http://engine", { createConnection: () => connect(path) });
  session.on("error", () => {});
  t.teardown(() => session.destroy());
  return session;
}

/** Status and body of one call with Node's client. */
async function echoHttp2(session: ClientHttp2Session, body: Buffer) {
  const request = session.request({
    ":method": "POST",
    ":path": callPath,
    "content-type": "application/grpc",
    te: "trailers",
  });
  let trailers: Record<string, unknown> = {};
  request.on("trailers", (fields) => {
    trailers = fields;
  });
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.end(body);
  await closed(request);
  const bytes = Buffer.concat(chunks);
  return { body: bytes, grpcStatus: trailers["grpc-status"], code: request.rstCode };
}

const sizes = [0, 1, 300, 16_379, 16_380, 70_000, 1_000_000];

t.test("grpc-js calls over a Unix socket, with messages of all sizes", async (t) => {
  const { path, ends, errors } = await startEcho(t);
  const client = grpcClient(t, `unix:${path}`);
  for (const size of sizes) {
    const bytes = Buffer.alloc(size, size % 251);
    const { status, messages } = await echo(client, [bytes, Buffer.from("next"), bytes]);
    t.equal(status.code, 0, `${size} bytes`);
    t.ok(messages.length === 3 && messages[0]?.equals(bytes) && messages[2]?.equals(bytes));
  }
  t.strictSame(
    ends,
    sizes.map(() => "finished"),
  );
  t.strictSame(errors, []);
});

t.test("grpc-js calls over mutual TLS", async (t) => {
  const { server } = await startEcho(t);
  const port = await server.listenTls({
    host: "127.0.0.1",
    port: 0,
    ...peerIdentity,
    ca: peerIdentity.cert,
  });
  const [cert, key] = [Buffer.from(peerIdentity.cert), Buffer.from(peerIdentity.key)];
  const client = grpcClient(t, `127.0.0.1:${port}`, credentials.createSsl(cert, key, cert));
  const bytes = Buffer.alloc(300_000, "x");
  const { status, messages } = await echo(client, [bytes, bytes]);
  t.equal(status.code, 0);
  t.ok(messages.every((one) => one.equals(bytes)));
});

t.test("grpc-js is told an unknown method", async (t) => {
  const { path } = await startEcho(t);
  const call = grpcClient(t, `unix:${path}`).makeBidiStreamRequest("/test.Echo/Other", same, same);
  const { status } = await outcomeOf(call);
  t.match(status, { code: 12, details: "The method is not served here" });
});

t.test("a call that grpc-js cancels is reset", async (t) => {
  const { path, ends } = await startEcho(t);
  const call: Call = grpcClient(t, `unix:${path}`).makeBidiStreamRequest(holdPath, same, same);
  const outcome = outcomeOf(call);
  call.write(Buffer.from("hello"));
  await once(call, "data");
  call.cancel();
  t.equal((await outcome).status.code, 1);
  await untilTrue(() => ends.length > 0);
  t.strictSame(ends, ["reset"]);
});

t.test("Node's client calls, many at once", async (t) => {
  const { path, server } = await startEcho(t);
  const session = http2Session(t, path);
  const bodies = Array.from({ length: 90 }, (_, index) => Buffer.alloc(index * 400, index));
  const outcomes = await Promise.all(bodies.map((body) => echoHttp2(session, message(body))));
  for (const [index, { body, grpcStatus }] of outcomes.entries()) {
    t.ok(grpcStatus === "0" && body.equals(message(bodies[index] ?? "")));
  }
  t.match(server.stats, { totalStreams: 90, openStreams: 0, connections: 1 });
});

t.test("10 MB go both ways, however small the windows of the client are", async (t) => {
  const { path, server } = await startEcho(t);
  const bytes = Buffer.alloc(10_000_000, "0123456789");
  const session = http2Session(t, path);
  t.ok((await echoHttp2(session, message(bytes))).body.equals(message(bytes)), "windows of 65,535");
  const { messages } = await echo(grpcClient(t, `unix:${path}`), [bytes, bytes]);
  t.ok(messages.length === 2 && messages.every((one) => one.equals(bytes)));
  t.match(server.stats, { overflownStreams: 0, stalledStreams: 0 });
});

t.test("listenUnix() gives the socket to its user alone", async (t) => {
  const { path } = await startEcho(t);
  t.equal((await stat(path)).mode & 0o777, 0o600);
});

t.test("listenUnix() replaces a socket that was left, and nothing else", async (t) => {
  const { path, server } = await startEcho(t);
  const other = await startEcho(t);
  await other.server.listenUnix(path, 0o660);
  t.equal((await stat(path)).mode & 0o777, 0o660);
  const { status } = await echo(grpcClient(t, `unix:${path}`), []);
  t.equal(status.code, 0);
  t.match(other.server.stats, { totalConnections: 1 });
  await writeFile(`${path}.file`, "precious");
  await t.rejects(server.listenUnix(`${path}.file`), {
    code: "CLRK_UNAVAILABLE",
    message: `Cannot listen on "${path}.file": listen EADDRINUSE: address already in use ${path}.file`,
  });
});

t.test("listenTls() rejects for an address that is taken, and listens on another", async (t) => {
  const { server } = await startEcho(t);
  const address = { host: "127.0.0.1", port: 0, ...peerIdentity, ca: peerIdentity.cert };
  const port = await server.listenTls(address);
  await t.rejects(server.listenTls({ ...address, port }), { code: "CLRK_UNAVAILABLE" });
  t.ok((await server.listenTls(address)) !== port);
});

/** Resolves with what ends a TLS connection. */
async function tlsEnd(port: number, identity: Partial<TestIdentity>, protocols: string[]) {
  const socket = connectTls({
    port,
    host: "127.0.0.1",
    servername: "localhost",
    ca: peerIdentity.cert,
    ALPNProtocols: protocols,
    ...identity,
  });
  socket.resume();
  await closed(socket);
}

t.test(
  "listenTls() refuses peers without a certificate, with a strange one, and without HTTP/2",
  async (t) => {
    const { server } = await startEcho(t);
    const address = { host: "127.0.0.1", port: 0, ...peerIdentity, ca: peerIdentity.cert };
    const port = await server.listenTls(address);
    await tlsEnd(port, {}, ["h2"]);
    await tlsEnd(port, strangerIdentity, ["h2"]);
    await tlsEnd(port, peerIdentity, []);
    await tlsEnd(port, peerIdentity, ["http/1.1"]);
    await untilTrue(() => server.stats.refusedConnections >= 4);
    t.match(server.stats, { refusedConnections: 4, totalConnections: 0 });
  },
);

t.test("more connections than allowed are closed at once", async (t) => {
  const { path, server } = await startEcho(t, { limits: { maxConnections: 1 } });
  const first = connect(path);
  await untilTrue(() => server.stats.connections === 1);
  const second = connect(path);
  await closed(second);
  t.match(server.stats, { connections: 1, refusedConnections: 1 });
  first.destroy();
  await untilTrue(() => server.stats.connections === 0);
  t.equal((await echo(grpcClient(t, `unix:${path}`), [])).status.code, 0);
});

t.test("drain() lets open calls end and no call fail", async (t) => {
  const { path, server } = await startEcho(t);
  const client = grpcClient(t, `unix:${path}`);
  const open: Call = client.makeBidiStreamRequest(callPath, same, same);
  open.write(Buffer.from("before"));
  await once(open, "data");
  const drained = server.drain(10_000);
  open.write(Buffer.from("during"));
  await once(open, "data");
  const outcome = outcomeOf(open);
  open.end();
  t.equal((await outcome).status.code, 0);
  await drained;
  t.match(server.stats, { connections: 0, openStreams: 0 });
  await t.rejects(stat(path), { code: "ENOENT" });
});

t.test("drain() under load fails no call that has begun", async (t) => {
  const { server, path } = await startEcho(t);
  const session = http2Session(t, path);
  const calls: ReturnType<typeof echoHttp2>[] = [];
  let drained: Promise<void> | undefined;
  while (!session.closed && !session.destroyed && calls.length < 5_000) {
    calls.push(echoHttp2(session, message("hello")));
    if (calls.length === 50) drained = server.drain(10_000);
    if (calls.length % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const outcomes = await Promise.all(calls);
  await drained;
  const served = outcomes.filter(({ grpcStatus }) => grpcStatus === "0");
  const refused = outcomes.filter(({ code }) => code === constants.NGHTTP2_REFUSED_STREAM);
  t.ok(served.length > 0 && server.stats.connections === 0);
  t.equal(served.length, server.stats.totalStreams, "all that were opened");
  t.equal(served.length + refused.length, calls.length, "the others may be tried again");
});

t.test("drain() ends what is left at its deadline", async (t) => {
  const clock = new ManualClock();
  const { path, server, ends } = await startEcho(t, { clock });
  const call: Call = grpcClient(t, `unix:${path}`).makeBidiStreamRequest(callPath, same, same);
  const outcome = outcomeOf(call);
  call.write(Buffer.from("hello"));
  await once(call, "data");
  const drained = server.drain(5_000);
  clock.advance(5_000);
  await drained;
  t.strictSame(ends, ["connection-lost"]);
  t.equal((await outcome).status.code, 14);
});

t.test("close() ends everything, more than once, and then nothing opens", async (t) => {
  const { path, server, ends } = await startEcho(t);
  const call: Call = grpcClient(t, `unix:${path}`).makeBidiStreamRequest(callPath, same, same);
  const outcome = outcomeOf(call);
  call.write(Buffer.from("hello"));
  await once(call, "data");
  await Promise.all([server.close(), server.close(), server.drain(1_000)]);
  await outcome;
  t.strictSame(ends, ["connection-lost"]);
  t.match(server.stats, { connections: 0, openStreams: 0 });
  await t.rejects(server.listenUnix(path), {
    message: `Cannot listen on "${path}": The server is closing`,
  });
  await t.rejects(stat(path), { code: "ENOENT" });
});

/** A socket that speaks HTTP/2 badly; resolves when the server has closed it. */
async function badPeer({ path }: EchoServer, bytes: Buffer | string): Promise<void> {
  const socket = connect(path);
  socket.resume();
  socket.write(bytes);
  await closed(socket);
}

t.test("a peer that speaks something else is closed and told of", async (t) => {
  const running = await startEcho(t);
  await badPeer(running, "GET / HTTP/1.1\r\nhost: engine\r\n\r\n");
  t.match(running.errors, [
    { message: "Cannot serve the HTTP/2 peer: PROTOCOL_ERROR, no HTTP/2 preface" },
  ]);
  t.match(running.server.stats.protocolErrors, { PROTOCOL_ERROR: 1 });
});

t.test("a peer that says nothing is closed in time", async (t) => {
  const clock = new ManualClock();
  const running = await startEcho(t, { clock, limits: { handshakeMs: 3_000, lingerMs: 1_000 } });
  const ended = badPeer(running, "");
  await untilTrue(() => running.server.stats.connections === 1);
  clock.advance(3_000);
  await ended;
  t.match(running.server.stats, { timedOutConnections: 1 });
});

t.test("a peer that resets its calls without end is closed", async (t) => {
  const running = await startEcho(t, { limits: { maxEarlyResets: 500 } });
  const ids = Array.from({ length: 2_000 }, (_, index) => index * 2 + 1);
  const calls = ids.flatMap((id) => [headers(id), reset(id, ERROR.CANCEL)]);
  await badPeer(running, Buffer.concat([opening, ...calls]));
  t.match(running.server.stats.floods, { "early-resets": 1 });
  t.equal(running.ends.length, 501);
});

/** Looks again at every turn of the loop; the test's own deadline ends what never comes. */
async function untilTrue(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
