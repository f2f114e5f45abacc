/** Tests of one try with a real worker: whatever it does, the try ends, and says what of the body is gone. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { RequestListener, Server } from "node:http";
import { PassThrough, Readable } from "node:stream";
import t from "tap";
import type { Test } from "tap";
import { systemClock } from "../../gateway/clock.ts";
import { CLRK_HEADERS } from "../../gateway/headers.ts";
import { callWorker } from "./worker-call.ts";

async function serve(t: Test, server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, "listening");
  const address = server.address();
  return typeof address === "object" && address !== null ? `127.0.0.1:${address.port}` : "";
}

const worker = (t: Test, listener: RequestListener) => serve(t, createServer(listener));

function call(endpoint: string, body?: Readable) {
  const signal = new AbortController().signal;
  return callWorker({ endpoint, headers: {}, signal, clock: systemClock, ...(body && { body }) });
}

t.test("what is no address is an answer, not an exception", async (t) => {
  for (const endpoint of ["10.0.0.7:70000", "999.1.1.1:80", "[::1:::]:80"]) {
    t.match(await call(endpoint), { kind: "unreachable", isUnsent: true }, endpoint);
  }
});

t.test("a worker that turns to another protocol ends the try", async (t) => {
  const server = createServer();
  server.on("connection", (socket) => {
    socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n");
  });
  const answer = await call(await serve(t, server), Readable.from(["a"]));
  t.match(answer, { kind: "unreachable" });
});

t.test("a refusal says whether something of the body is gone", async (t) => {
  const refusal = { [CLRK_HEADERS.refusal]: "Draining" };
  const early = await worker(t, (request, response) => {
    request.resume();
    response.writeHead(503, refusal).end();
  });
  // Without a listener Node asks for the body by itself.
  const server = createServer((request, response) => {
    request.once("data", () => response.writeHead(503, refusal).end());
  });
  const late = await serve(t, server);
  const body = new PassThrough();
  body.write("the first half");
  t.match(await call(late, body), { kind: "refused", reason: "Draining", isUnsent: false });
  t.match(await call(early), { kind: "refused", isUnsent: true }, "of a call without a body");
});
