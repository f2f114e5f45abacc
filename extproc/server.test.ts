import { once } from "node:events";
import { mkdtempSync, statSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import type { ClientHttp2Session, ClientHttp2Stream } from "node:http2";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import t from "tap";
import type { Test } from "tap";
import type { CallFacts } from "../gateway/call-facts.ts";
import type { Engine } from "../gateway/engine.ts";
import { CLRK_HEADERS } from "../gateway/headers.ts";
import { silentLogger } from "../gateway/log.ts";
import { envoy } from "../gateway/proto/gen/extproc.js";
import type { EnginePlan, Snapshot } from "../gateway/snapshot.ts";
import { ENGINE_METHODS } from "./engine-service.ts";
import { openEngine } from "./server.ts";
import { plan } from "./testdata/playbook.ts";

const { ProcessingRequest, ProcessingResponse } = envoy.service.ext_proc.v3;

interface Opened {
  readonly engine: Engine;
  readonly facts: CallFacts[];
  readonly directory: string;
}

async function open(test: Test, threads = 2, plugins: readonly string[] = []): Promise<Opened> {
  const directory = mkdtempSync(path.join(tmpdir(), "clrk-engine-"));
  const facts: CallFacts[] = [];
  const engine = await openEngine({
    directory,
    threads,
    plugins,
    onFacts: (batch) => facts.push(...batch),
    log: silentLogger,
  });
  test.teardown(async () => {
    await engine.close();
    await rm(directory, { recursive: true, force: true });
  });
  return { engine, facts, directory };
}

function snapshotWith(revision: number, engine: EnginePlan): Snapshot {
  const rule = {
    route: engine.route,
    ruleIndex: 0,
    match: {},
    action: {
      kind: "forward",
      requestHeaders: { set: [], add: [], remove: [] },
      responseHeaders: { set: [], add: [], remove: [] },
      credentials: [],
      backends: [],
    },
    engine,
  } as const;
  const gateway = {
    namespace: "default",
    name: "egress",
    defaultPolicy: "deny-all",
    listeners: [],
    hosts: [{ host: { kind: "exact", value: "api.openai.com" }, rules: [rule] }],
    l4Rules: [],
    upstream: { lookupFamily: "V4Preferred", additionalTrustPem: "", guardedRanges: [] },
    requestTimeoutMs: 1_000,
  } as const;
  return { revision, gateways: [gateway] };
}

function dial(test: Test, socket: string): ClientHttp2Session {
  const session = connectHttp2("http://engine", { createConnection: () => connect(socket) });
  session.on("error", () => {});
  test.teardown(() => session.destroy());
  return session;
}

function openStream(session: ClientHttp2Session, planId: string): ClientHttp2Stream {
  const stream = session.request({
    ":method": "POST",
    ":path": ENGINE_METHODS.process,
    "content-type": "application/grpc",
    te: "trailers",
    [CLRK_HEADERS.plan]: planId,
  });
  stream.on("error", () => {});
  return stream;
}

/** Sends request headers and gives the first answer. */
async function ask(stream: ClientHttp2Stream, path = "/v1/models") {
  const fields = { ":method": "POST", ":path": path };
  const headers = Object.entries(fields).map(([key, value]) => ({
    key,
    rawValue: Buffer.from(value),
  }));
  const bytes = ProcessingRequest.encode({
    requestHeaders: { headers: { headers }, endOfStream: true },
  }).finish();
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes.length, 1);
  stream.write(Buffer.concat([head, bytes]));
  const [chunk]: [Buffer] = (await once(stream, "data")) as [Buffer];
  return ProcessingResponse.decode(chunk.subarray(5));
}

t.test("openEngine() listens on one private socket a thread", async (t) => {
  const { engine } = await open(t);
  t.equal(engine.sockets.length, 2);
  for (const socket of engine.sockets) t.equal(statSync(socket).mode & 0o777, 0o600);
  t.match(engine.status(), { threads: { serving: 2, wanted: 2 }, replaced: 0 });
});

t.test(
  "publish() lets all threads decide by the snapshot, and by those shortly before",
  async (t) => {
    const { engine } = await open(t);
    const first = plan({ id: "1111111111111111" });
    const second = plan({ id: "2222222222222222" });
    await engine.publish(snapshotWith(1, first), new Map());
    await engine.publish(snapshotWith(2, second), new Map());
    for (const socket of engine.sockets) {
      const session = dial(t, socket);
      for (const { id } of [first, second]) {
        t.equal((await ask(openStream(session, id))).response, "requestHeaders");
      }
      t.equal((await ask(openStream(session, "3333333333333333"))).response, "immediateResponse");
    }
  },
);

t.test("facts of a transaction come when its stream has ended", async (t) => {
  const { engine, facts } = await open(t, 1);
  const known = plan();
  await engine.publish(snapshotWith(1, known), new Map());
  const stream = openStream(dial(t, engine.sockets[0] ?? ""), known.id);
  await ask(stream);
  t.match(engine.status().streams, { open: 1, total: 1 });
  stream.close(8);
  while (facts.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  t.match(facts, [{ denial: null, model: null }]);
  t.match(engine.status().streams, { open: 0, total: 1 });
});

t.test("close() lets open transactions end, and takes no new ones", async (t) => {
  const { engine, facts } = await open(t, 1);
  const known = plan();
  await engine.publish(snapshotWith(1, known), new Map());
  const session = dial(t, engine.sockets[0] ?? "");
  const stream = openStream(session, known.id);
  await ask(stream);
  const closed = engine.close(5_000);
  await once(session, "goaway");
  t.equal(stream.destroyed, false, "the open one goes on");
  stream.close(8);
  await closed;
  t.equal(facts.length, 1, "nothing is lost");
  const late = connect(engine.sockets[0] ?? "");
  const [error] = await once(late, "error");
  t.match(error, { code: /ENOENT|ECONNREFUSED/ });
});

const pluginSource = `export const plugin = {
  interfaceVersion: 1,
  createProvider: () => ({
    name: "acme", aliases: [], hosts: ["api.acme.test"], credentialHeaders: [],
    errorBody: ({ message }) => ({ acme: message }), errorHeaders: [],
    operations: [{
      name: "acme_chat", paths: ["/v1/acme"], answer: {}, event: {},
      finalStatuses: [], inputTokens: "with-cache",
    }],
  }),
};`;

t.test("a thread is in reserve once there is something to lose", async (t) => {
  const workers = () =>
    process.getActiveResourcesInfo().filter((name) => name === "MessagePort").length;
  const before = workers();
  const { engine } = await open(t, 1);
  const only = plan({ id: "1111111111111111" });
  await engine.publish(snapshotWith(1, only), new Map());
  t.equal(workers() - before, 1, "nothing was asked yet");
  const [socket = ""] = engine.sockets;
  await ask(openStream(dial(t, socket), only.id));
  const deadline = performance.now() + 10_000;
  while (workers() - before < 2 && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  t.equal(workers() - before, 2);
});

t.test("openEngine() lets every thread know the providers of plugins", async (t) => {
  const place = t.testdir({ "provider.mjs": pluginSource });
  const { engine, facts } = await open(t, 2, [path.join(place, "provider.mjs")]);
  const known = plan({ provider: "acme", meters: true });
  await engine.publish(snapshotWith(1, known), new Map());
  for (const socket of engine.sockets) {
    const stream = openStream(dial(t, socket), known.id);
    await ask(stream, "/v1/acme");
    stream.close(8);
  }
  while (facts.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  t.match(facts, [{ model: { operation: "acme_chat" } }, { model: { operation: "acme_chat" } }]);
});

t.test("openEngine() replaces a thread that cannot load its plugins until it can", async (t) => {
  const place = t.testdir({});
  const file = path.join(place, "provider.mjs");
  const errors: unknown[] = [];
  const directory = mkdtempSync(path.join(tmpdir(), "clrk-engine-"));
  const opening = openEngine({
    directory,
    threads: 1,
    plugins: [file],
    onFacts: () => {},
    log: {
      ...silentLogger,
      error: (message: string, fields?: object) => errors.push({ message, ...fields }),
    },
  });
  while (errors.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  writeFileSync(file, pluginSource);
  // The pauses before a new try hold no process.
  const alive = setInterval(() => {}, 1_000);
  const engine = await opening;
  clearInterval(alive);
  t.teardown(async () => {
    await engine.close();
    await rm(directory, { recursive: true, force: true });
  });
  t.match(errors[0], {
    message: "A thread of the engine ended and is replaced",
    error: `Cannot load provider plugin "${file}": ${file} does not exist`,
  });
  t.match(engine.status(), { threads: { serving: 1, wanted: 1 } });
});
