import { createServer } from "node:http";
import type { RequestListener } from "node:http";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { askControl, followEvents } from "./control-client.ts";
import { temporaryDirectory, waitUntil } from "./processes.ts";

async function serve(test: Test, answer: RequestListener): Promise<string> {
  const path = join(temporaryDirectory(test), "control.sock");
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(path, resolve));
  test.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return path;
}

t.test("askControl() gives status and value of any answer", async (test) => {
  const path = await serve(test, async (request, response) => {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    response.writeHead(201).end(JSON.stringify([request.method, request.url, body]));
  });
  test.same(await askControl(path, "POST /v1/x?y=1", { a: 1 }), {
    status: 201,
    value: ["POST", "/v1/x?y=1", '{"a":1}'],
  });
  test.same(await askControl(path, "GET /"), { status: 201, value: ["GET", "/", ""] });
});

t.test("askControl() rejects what is no JSON, and a socket that is not there", async (test) => {
  const path = await serve(test, (_request, response) => response.end("<html>"));
  await test.rejects(askControl(path, "GET /x"), {
    message: 'Cannot read answer to "GET /x": not JSON',
  });
  await test.rejects(askControl(`${path}-gone`, "GET /x"), { code: "ENOENT" });
});

t.test("followEvents() hands on each line until it is stopped", async (test) => {
  let closed = false;
  const event = { kind: "stopping", inFlight: 0 };
  const path = await serve(test, (_request, response) => {
    const text = JSON.stringify(event);
    response.write(`${text}\n${text.slice(0, 9)}`);
    setImmediate(() => response.write(`${text.slice(9)}\n`));
    response.once("close", () => {
      closed = true;
    });
  });
  const seen: unknown[] = [];
  const stop = await followEvents(path, (one) => seen.push(one));
  await waitUntil(() => seen.length === 2, { deadlineMs: 20_000, what: "two events" });
  test.same(seen, [event, event]);
  stop();
  await waitUntil(() => closed, { deadlineMs: 20_000, what: "end of the stream" });
});

t.test("followEvents() ends quietly with the process", async (test) => {
  const path = await serve(test, (_request, response) => {
    response.flushHeaders();
    setImmediate(() => response.destroy());
  });
  const stop = await followEvents(path, () => test.fail("no event was sent"));
  await new Promise((resolve) => setImmediate(resolve));
  stop();
  test.pass("nothing was thrown");
});
