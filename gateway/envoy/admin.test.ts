/** Tests requests to the admin socket: answers, cut bodies, and everything that can be missing. */
import { createServer } from "node:http";
import { createServer as createRawServer } from "node:net";
import path from "node:path";
import t from "tap";
import type { Test } from "tap";
import { temporaryDirectory } from "../testdata/processes.ts";
import { adminRequest } from "./admin.ts";

async function listen(t: Test, answer: Parameters<typeof createServer>[1]): Promise<string> {
  const socket = path.join(await temporaryDirectory(t), "admin.sock");
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return socket;
}

t.test("adminRequest() gives status and body", async (t) => {
  const socket = await listen(t, (request, response) => {
    response.statusCode = 418;
    response.end(`${request.method} ${request.url}`);
  });
  t.same(await adminRequest(socket, "POST", "/drain?x"), { status: 418, body: "POST /drain?x" });
});

t.test("adminRequest() cuts a body that is too long", async (t) => {
  const socket = await listen(t, (_request, response) => {
    for (let index = 0; index < 9; index++) response.write(Buffer.alloc(1024 * 1024, "a"));
    response.end();
  });
  const answer = await adminRequest(socket, "GET", "/stats");
  t.ok(answer && answer.body.length <= 8 * 1024 * 1024 && answer.body.length > 7 * 1024 * 1024);
});

t.test("adminRequest() of nobody is undefined", async (t) => {
  t.equal(await adminRequest("/nonexistent/admin.sock", "GET", "/"), undefined);
});

t.test("adminRequest() of somebody who hangs is undefined after a second", async (t) => {
  const socket = await listen(t, () => {});
  const start = performance.now();
  t.equal(await adminRequest(socket, "GET", "/"), undefined);
  t.ok(performance.now() - start < 3_000);
});

t.test("adminRequest() of an answer that breaks off is undefined", async (t) => {
  const socket = await listen(t, (_request, response) => {
    response.writeHead(200, { "content-length": "100" });
    response.write("half");
    setImmediate(() => response.destroy());
  });
  t.equal(await adminRequest(socket, "GET", "/"), undefined);
});

t.test("adminRequest() of what is no HTTP is undefined", async (t) => {
  const socket = path.join(await temporaryDirectory(t), "raw.sock");
  const server = createRawServer((peer) => {
    peer.on("error", () => {});
    peer.end("SSH-2.0-x\r\n");
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  t.teardown(() => server.close());
  t.equal(await adminRequest(socket, "GET", "/"), undefined);
});
