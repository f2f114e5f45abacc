import { writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import type { Socket } from "node:net";
import path from "node:path";
import t from "tap";
import { openEngine } from "../../extproc/server.ts";
import { silentLogger } from "../../gateway/log.ts";
import { needsEnvoy, realEnvoy } from "../../gateway/testdata/envoy-rig.ts";
import { extProcBootstrap } from "../harness/ext-proc-envoy.ts";
import { freePort } from "../harness/free-port.ts";
import { startProcess, temporaryDirectory, waitUntil } from "../harness/processes.ts";

t.test(
  "raw connections pass the engine unchanged, and are counted while open",
  needsEnvoy,
  async (t) => {
    const home = temporaryDirectory(t);
    const engine = await openEngine({
      directory: home,
      threads: 1,
      onFacts: () => {},
      log: silentLogger,
    });
    t.teardown(() => engine.close());
    const upstream = await startEcho(t);
    const port = await freePort();
    const config = path.join(home, "envoy.json");
    const bootstrap = extProcBootstrap({
      port,
      upstreamPort: upstream,
      extProcSocket: engine.sockets[0] ?? "",
      accessLog: path.join(home, "access.json"),
      kind: "network",
      filter: {},
    });
    await writeFile(config, bootstrap);
    const envoy = startProcess(t, {
      command: realEnvoy ?? "",
      arguments: ["-c", config, "--use-dynamic-base-id", "--concurrency", "1"],
    });
    await waitUntil(() => /starting workers/.test(envoy.stderr), {
      deadlineMs: 20_000,
      what: "Envoy at work",
    });
    const body = "x".repeat(300_000);
    const request = `POST /raw HTTP/1.1\r\nhost: raw.test\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
    const socket = connect(port, "127.0.0.1");
    t.teardown(() => socket.destroy());
    let answer = "";
    socket.on("data", (chunk: Buffer) => {
      answer += chunk.toString("latin1");
    });
    socket.write(request);
    await waitUntil(() => answer.endsWith(`got ${body.length}`), {
      deadlineMs: 10_000,
      what: "the answer",
    });
    const seen = engine.status().connections;
    t.match(seen, { open: 1, total: 1, bytesUpstream: request.length });
    t.equal(seen.bytesDownstream, answer.length);
    socket.destroy();
    await waitUntil(() => engine.status().connections.open === 0, {
      deadlineMs: 20_000,
      what: "the end of the connection",
    });
    t.equal(engine.status().failed, 0);
  },
);

/** Says how many bytes of body it got. */
async function startEcho(scope: { teardown(end: () => void): void }): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    let received = "";
    socket.on("data", (chunk: Buffer) => {
      received += chunk.toString("latin1");
      const head = received.indexOf("\r\n\r\n");
      const length = Number(/content-length: (\d+)/i.exec(received)?.[1] ?? 0);
      if (head < 0 || received.length - head - 4 < length) return;
      const text = `got ${length}`;
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${text.length}\r\n\r\n${text}`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  scope.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const bound = server.address();
  return bound !== null && typeof bound === "object" ? bound.port : 0;
}
