import { request } from "node:http";
import { connect } from "node:net";
import type { Socket } from "node:net";
import t from "tap";
import type { Test } from "tap";
import { silentLogger } from "./log.ts";
import { openMetricsServer } from "./metrics-server.ts";
import { readOpenMetrics } from "./testdata/open-metrics.ts";

async function open(t: Test, missing: readonly string[] = []) {
  const server = await openMetricsServer(
    { address: "127.0.0.1", port: 0 },
    {
      families: () => [
        { kind: "gauge", name: "clrk_x", help: "X.", samples: [{ labels: [], value: 1 }] },
      ],
      readiness: () => ({ ready: missing.length === 0, missing }),
    },
    silentLogger,
  );
  t.teardown(() => server.close());
  const { port } = server.endpoint;
  const ask = (path: string, options: { method?: string; headers?: Record<string, string> } = {}) =>
    new Promise<{ status: number | undefined; type: string | undefined; text: string }>(
      (resolve, reject) => {
        const sent = request(
          { host: "127.0.0.1", port, path, agent: false, ...options },
          (response) => {
            let text = "";
            response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
            response.on("end", () =>
              resolve({
                status: response.statusCode,
                type: response.headers["content-type"],
                text,
              }),
            );
          },
        );
        sent.on("error", reject);
        sent.end();
      },
    );
  return { server, port, ask };
}

t.test("metrics come in the form that is asked for", async (t) => {
  const { ask } = await open(t);
  const plain = await ask("/metrics");
  t.match(plain, { status: 200, type: "text/plain; version=0.0.4; charset=utf-8" });
  const accept = "application/openmetrics-text; version=1.0.0";
  const om = await ask("/metrics?x=1", { headers: { accept } });
  t.equal(om.type, "application/openmetrics-text; version=1.0.0; charset=utf-8");
  t.equal(readOpenMetrics(om.text).get("clrk_x")?.samples[0]?.value, 1);
});

t.test("health is alive always, ready only when nothing is missing", async (t) => {
  const ready = await open(t);
  t.match(await ready.ask("/healthz"), { status: 200, text: "ok\n" });
  t.match(await ready.ask("/readyz"), { status: 200, text: "ready\n" });
  const not = await open(t, ["Envoy", "Engine"]);
  t.match(await not.ask("/healthz"), { status: 200 });
  t.match(await not.ask("/readyz"), { status: 503, text: "Envoy\nEngine\n" });
});

t.test("nothing else is answered", async (t) => {
  const { ask, port } = await open(t);
  t.equal((await ask("/")).status, 404);
  t.equal((await ask("/metrics/")).status, 404);
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
    t.equal((await ask("/metrics", { method })).status, 405, method);
  }
  t.match(await ask("/metrics", { method: "HEAD" }), { status: 200, text: "" });
  for (const host of [
    "evil.example",
    `evil.example:${port}`,
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "[evil]",
  ]) {
    t.equal((await ask("/metrics", { headers: { host } })).status, 403, `"${host}"`);
  }
  for (const host of ["127.0.0.1", `localhost:${port}`, `[::1]:${port}`, "10.1.2.3:9464"]) {
    t.equal((await ask("/metrics", { headers: { host } })).status, 200, host);
  }
});

t.test("too large a request is refused", async (t) => {
  const { ask } = await open(t);
  t.equal((await ask("/metrics", { headers: { x: "y".repeat(10_000) } })).status, 431);
});

const get = (path: string, more = "") => `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${more}\r\n`;

/** Connects, says that, and leaves it there. */
async function say(t: Test, port: number, text: string): Promise<Socket> {
  const socket = connect(port, "127.0.0.1").on("error", () => {});
  t.teardown(() => socket.destroy());
  await new Promise((resolve) => socket.once("connect", resolve));
  if (text !== "") socket.write(text);
  return socket;
}

/** Status lines that come back, as many as are wanted; fewer when the connection ends before. */
function statusLines(socket: Socket, wanted: number): Promise<string[]> {
  return new Promise((resolve) => {
    let text = "";
    const lines = () => text.match(/HTTP\/1\.1 \d+/g) ?? [];
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (lines().length >= wanted) resolve(lines());
    });
    socket.once("close", () => resolve(lines()));
  });
}

for (const { name, text } of [
  { name: "that say nothing", text: "" },
  { name: "with half a request", text: "GET /metrics HTTP/1.1\r\nHost: 127" },
  { name: "that were answered", text: get("/metrics") },
]) {
  t.test(`connections ${name} take health from nobody`, async (t) => {
    const { ask, port } = await open(t);
    for (let count = 0; count < 40; count++) {
      const socket = await say(t, port, text);
      if (text.endsWith("\r\n\r\n")) await statusLines(socket, 1);
    }
    t.match(await ask("/healthz"), { status: 200 });
    t.match(await ask("/metrics"), { status: 200 });
  });
}

t.test("a collector keeps its connection, also while others open half of one", async (t) => {
  const { port } = await open(t);
  const collector = await say(t, port, get("/metrics"));
  t.same(await statusLines(collector, 1), ["HTTP/1.1 200"]);
  for (let count = 0; count < 40; count++) await say(t, port, "GET /");
  collector.write(get("/metrics"));
  t.same(await statusLines(collector, 1), ["HTTP/1.1 200"]);
});

t.test("a request with a body is the last one of its connection", async (t) => {
  const { port } = await open(t);
  for (const header of ["Content-Length: 5", "Transfer-Encoding: chunked"]) {
    const socket = await say(t, port, get("/metrics", `${header}\r\n`));
    t.same(await statusLines(socket, 2), ["HTTP/1.1 200"], header);
  }
});

t.test("connections are bounded", async (t) => {
  const { port } = await open(t);
  const sockets = Array.from({ length: 40 }, () => connect(port, "127.0.0.1"));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
  });
  const first = await Promise.race(
    sockets.map(
      (socket) =>
        new Promise((resolve) =>
          socket.on("error", () => {}).once("close", () => resolve("closed")),
        ),
    ),
  );
  t.equal(first, "closed", "those beyond the bound");
});

t.test("openMetricsServer() says why it cannot listen", async (t) => {
  const { port } = await open(t);
  const other = { families: () => [], readiness: () => ({ ready: true, missing: [] }) };
  await t.rejects(openMetricsServer({ address: "127.0.0.1", port }, other, silentLogger), {
    code: "CLRK_INVALID_ARGUMENT",
    message: new RegExp(`^Cannot listen for metrics on 127\\.0\\.0\\.1 port ${port}: .*EADDRINUSE`),
  });
});
