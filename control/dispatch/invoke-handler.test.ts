/** Tests of calls over HTTP: what is streamed, what is bounded, what is answered at once, who goes away. */
import { randomUUID } from "node:crypto";
import { createServer, request as httpRequest } from "node:http";
import type { ClientRequest, IncomingMessage, RequestListener } from "node:http";
import t from "tap";
import type { Test } from "tap";
import { ManualClock } from "../../gateway/clock.ts";
import { silentLogger } from "../../gateway/log.ts";
import { sendStatus } from "../apiserver/send-answer.ts";
import { StatusError } from "../apiserver/status-error.ts";
import { maxHeldBytes } from "./held-answer.ts";
import { InvokeHandler, maxCallBytes } from "./invoke-handler.ts";
import type { CallBounds } from "./invoke-handler.ts";
import { DispatchRig, readAll } from "./testdata/dispatch-rig.ts";

/** A server that does for the handler what the API server does. */
async function open(t: Test, agent: object = {}, bounds?: CallBounds) {
  const rig = await DispatchRig.open(t, { agent });
  const clock = new ManualClock();
  const handler = new InvokeHandler({
    ...{ dispatcher: rig.dispatcher, clock, logger: silentLogger },
    ...(bounds !== undefined && { bounds }),
  });
  const server = createServer(async (request, response) => {
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    response.on("error", () => {});
    const user = String(request.headers["x-user"] ?? "admin");
    const call = { request, response, namespace: "default", name: "bot", user };
    try {
      await handler.answer({ ...call, signal: gone.signal });
    } catch (error) {
      if (!(error instanceof StatusError) || response.headersSent) throw error;
      if (!request.complete) response.setHeader("Connection", "close");
      await sendStatus(request, response, error);
      if (!request.complete) request.resume();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = Object(server.address());
  t.teardown(async () => {
    await handler.close();
    server.closeAllConnections();
    server.close();
  });
  const post = (headers: Record<string, string> = {}) =>
    httpRequest({ host: "127.0.0.1", port, method: "POST", path: "/", agent: false, headers });
  return { rig, handler, clock, post };
}

const streaming = { streaming: { enabled: true } };

function answerOf(call: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    call.once("response", resolve);
    call.once("error", reject);
  });
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of response) text += chunk;
  return text;
}

t.test("answer() streams both ways as it comes", async (t) => {
  const { rig, post } = await open(t, streaming);
  const worker = await rig.startWorker(t, "w-1", (request, response) => {
    response.writeContinue();
    request.on("data", (chunk) => response.write(`<${chunk}>`));
    request.on("end", () => response.end());
  });
  await rig.report(worker);
  const call = post();
  call.write("one");
  const response = await answerOf(call);
  const chunks = response[Symbol.asyncIterator]();
  t.equal(String((await chunks.next()).value), "<one>", "before the request is over");
  call.end("two");
  t.equal(String((await chunks.next()).value), "<two>");
  t.ok((await chunks.next()).done);
});

t.test("answer() holds the worker back when the caller does not read", async (t) => {
  const { rig, post } = await open(t, streaming);
  const total = 64 * 1024 * 1024;
  let written = 0;
  const { promise: stalled, resolve: onStall } = Promise.withResolvers<void>();
  const worker = await rig.startWorker(t, "w-1", async (request, response) => {
    await readAll(request, response);
    const chunk = Buffer.alloc(256 * 1024);
    while (written < total) {
      written += chunk.length;
      if (response.write(chunk)) continue;
      const isDrained = await Promise.race([
        new Promise<boolean>((resolve) => response.once("drain", () => resolve(true))),
        new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 500)),
      ]);
      if (!isDrained) {
        onStall();
        await new Promise((resolve) => response.once("drain", resolve));
      }
    }
    response.end();
  });
  await rig.report(worker);
  const call = post();
  call.end();
  const response = await answerOf(call);
  response.pause();
  await stalled;
  t.ok(written < total / 2, `${written} bytes were taken`);
  let read = 0;
  for await (const chunk of response) read += chunk.length;
  t.equal(read, total);
});

t.test("answer() refuses a body that is too large, told or not", async (t) => {
  const { rig, post } = await open(t);
  const worker = await rig.startWorker(t, "w-1", async (request, response) => {
    await readAll(request, response).catch(() => {});
    response.end();
  });
  await rig.report(worker);
  const told = post({ "content-length": String(maxCallBytes + 1) });
  told.flushHeaders();
  t.equal((await answerOf(told)).statusCode, 413);
  told.destroy();
  for (const headers of [{}, { prefer: "respond-async" }]) {
    const id = randomUUID();
    const call = post({ ...headers, "x-clrk-invocation-id": id });
    call.on("error", () => {});
    for (let sent = 0; sent <= maxCallBytes; sent += 1024 ** 2) call.write(Buffer.alloc(1024 ** 2));
    call.end("x");
    const response = await answerOf(call);
    t.equal(response.statusCode, 413);
    response.resume();
  }
  t.equal(rig.dispatcher.inFlightOf("default", "bot"), 0);
});

t.test("answer() at once gives the id, and the call goes on without its caller", async (t) => {
  const { rig, post } = await open(t);
  const { promise: heard, resolve: onHeard } = Promise.withResolvers<string>();
  const worker = await rig.startWorker(t, "w-1", async (request, response) => {
    onHeard(await readAll(request, response));
    response.end("nobody reads this");
  });
  const early = post({ prefer: "wait=1, respond-async" });
  early.end();
  t.equal((await answerOf(early)).statusCode, 503, "what cannot run is told at once, too");
  await rig.report(worker);
  const call = post({ prefer: "respond-async" });
  call.end("later");
  const response = await answerOf(call);
  t.equal(response.statusCode, 202);
  t.equal(response.headers["preference-applied"], "respond-async");
  const { invocation } = JSON.parse(await textOf(response));
  t.equal(invocation, response.headers["x-clrk-invocation-id"]);
  t.equal(await heard, "later");
  t.same(await rig.phases(invocation), ["Pending", "Dispatched"]);
});

t.test("a body counts no more when its worker has it, though the call goes on", async (t) => {
  const extractors = [{ type: "Body", body: { jsonPath: "team", field: "team" } }];
  for (const agent of [{}, { identity: { extractors } }]) {
    const { rig, post } = await open(t, agent);
    const { promise: heard, resolve: onHeard } = Promise.withResolvers<string>();
    const { promise: goOn, resolve: onGo } = Promise.withResolvers<void>();
    const worker = await rig.startWorker(t, "w-1", async (request, response) => {
      onHeard(await readAll(request, response));
      await goOn;
      response.end();
    });
    await rig.report(worker);
    const call = post({ prefer: "respond-async", "content-type": "application/json" });
    const text = JSON.stringify({ team: "a", more: "b".repeat(1024 ** 2) });
    call.end(text);
    t.equal((await answerOf(call)).statusCode, 202);
    t.equal(await heard, text);
    await new Promise((resolve) => setImmediate(resolve));
    t.equal(rig.dispatcher.kept.bytes, 0);
    t.equal(rig.dispatcher.inFlightOf("default", "bot"), 1);
    onGo();
  }
});

t.test("answer() ends the call of a caller that goes away", async (t) => {
  const { rig, post } = await open(t, streaming);
  const { promise: closed, resolve: onClosed } = Promise.withResolvers<void>();
  const worker = await rig.startWorker(t, "w-1", (request, response) => {
    request.socket.once("close", () => onClosed());
    response.write("begin");
  });
  await rig.report(worker);
  const id = randomUUID();
  const call = post({ "x-clrk-invocation-id": id });
  call.on("error", () => {});
  call.end();
  const response = await answerOf(call);
  response.on("error", () => {});
  call.destroy();
  await closed;
  while ((await rig.phases(id)).length < 3) await new Promise((resolve) => setImmediate(resolve));
  t.same(await rig.phases(id), ["Pending", "Dispatched", "Failed Cancelled"]);
});

t.test("calls of one user leave room for those of another", async (t) => {
  const { rig, post } = await open(
    t,
    { streaming: { enabled: true } },
    { running: 3, runningOfOne: 2 },
  );
  const ends: (() => void)[] = [];
  const worker = await rig.startWorker(t, "w-1", async (request, response) => {
    await readAll(request, response);
    response.write("begin");
    ends.push(() => response.end());
  });
  await rig.report(worker);
  const send = async (user: string, headers: Record<string, string> = {}) => {
    const call = post({ "x-user": user, ...headers });
    call.end("go");
    const response = await answerOf(call);
    return { status: response.statusCode, response };
  };
  const first = await send("a");
  t.equal(first.status, 200);
  t.equal((await send("a", { prefer: "respond-async" })).status, 202, "counts too");
  const refused = await send("a");
  t.equal(refused.status, 429);
  t.equal(refused.response.headers["retry-after"], "1");
  t.match(JSON.parse(await textOf(refused.response)), {
    message: /2 calls of "a" run, at most 2 may/,
  });
  const other = await send("b");
  t.equal(other.status, 200);
  const all = await send("c");
  t.equal(all.status, 429, "and there is a bound for all");
  t.match(await textOf(all.response), /3 calls run, at most 3 may/);
  while (ends.length < 3) await new Promise((resolve) => setImmediate(resolve));
  for (const end of ends) end();
  await Promise.all([textOf(first.response), textOf(other.response)]);
  let again = await send("a");
  while (again.status === 429) again = await send("a");
  t.equal(again.status, 200, "what has ended counts no more");
});

t.test("answer() gives whole answers where the agent does not stream", async (t) => {
  const { rig, post } = await open(t);
  const { promise: goOn, resolve: onGo } = Promise.withResolvers<void>();
  const worker = await rig.startWorker(t, "w-1", async (_request, response) => {
    response.writeHead(201, { "content-type": "text/plain" });
    response.write("one ");
    await goOn;
    response.end("two");
  });
  await rig.report(worker);
  const call = post();
  call.end();
  let isAnswered = false;
  call.once("response", () => {
    isAnswered = true;
  });
  while (worker.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
  while (rig.dispatcher.kept.bytes === 0) await new Promise((resolve) => setImmediate(resolve));
  t.notOk(isAnswered);
  onGo();
  const response = await answerOf(call);
  t.equal(response.statusCode, 201);
  t.match(response.headers, { "content-type": "text/plain", "content-length": "7" });
  t.equal(await textOf(response), "one two");
  t.equal(rig.dispatcher.kept.bytes, 0);
});

t.test("answer() tells what broke off as a failure where the agent does not stream", async (t) => {
  const outcome = async (answer: RequestListener, agent: object = {}) => {
    const { rig, post } = await open(t, agent);
    await rig.report(await rig.startWorker(t, `w-${randomUUID()}`, answer));
    const id = randomUUID();
    const call = post({ "x-clrk-invocation-id": id });
    call.end();
    const response = await answerOf(call);
    const { reason } = JSON.parse(await textOf(response));
    t.equal(rig.dispatcher.kept.bytes, 0);
    t.equal(rig.dispatcher.inFlightOf("default", "bot"), 0);
    return [response.statusCode, reason, (await rig.phases(id)).at(-1)];
  };
  const halfway: RequestListener = (request, response) => {
    response.write("half", () => request.socket.destroy());
  };
  t.same(await outcome(halfway), [502, "WorkerUnreachable", "Failed WorkerGone"]);
  const endless: RequestListener = (_request, response) => void response.write("on");
  const late = await outcome(endless, { timeout: "300ms" });
  t.same(late, [504, "Timeout", "Timeout DeadlineExceeded"]);
  const large: RequestListener = (_request, response) => {
    response.on("error", () => {});
    response.write(Buffer.alloc(maxHeldBytes + 1));
  };
  t.same(await outcome(large), [502, "AnswerTooLarge", "Failed AnswerTooLarge"]);
});

t.test(
  "answer() does not hold an answer for ever for a caller that does not take it",
  async (t) => {
    const { rig, clock, post } = await open(t);
    const size = 24 * 1024 ** 2;
    const worker = await rig.startWorker(t, "w-1", (_request, response) => {
      response.end(Buffer.alloc(size));
    });
    await rig.report(worker);
    const call = post();
    call.on("error", () => {});
    call.end();
    const response = await answerOf(call);
    response.on("error", () => {});
    const ended = new Promise<void>((resolve) => response.once("close", () => resolve()));
    const held = () => rig.dispatcher.kept.bytes;
    t.ok(held() > size / 2, "more than sockets hold");
    clock.advance(30_000);
    t.ok(held() > size / 2, "it may take some seconds more for each MiB");
    clock.advance((1_000 * size) / (64 * 1024));
    while (rig.dispatcher.kept.bytes > 0) await new Promise((resolve) => setImmediate(resolve));
    response.resume();
    await ended;
    t.notOk(response.complete);
  },
);

t.test("answer() gives back what the caller has taken, before it has all", async (t) => {
  const { rig, post } = await open(t);
  const size = 24 * 1024 ** 2;
  const worker = await rig.startWorker(t, "w-1", (_request, response) => {
    response.end(Buffer.alloc(size));
  });
  await rig.report(worker);
  const call = post();
  call.end();
  const response = await answerOf(call);
  const held: number[] = [];
  let read = 0;
  for await (const chunk of response) {
    read += chunk.length;
    held.push(rig.dispatcher.kept.bytes);
  }
  t.equal(read, size);
  t.ok((held.at(-1) ?? size) < size / 2, `${held.at(-1)} bytes at the last piece`);
});

t.test("answers and bodies of one user leave room for those of another", async (t) => {
  const { rig, post } = await open(t);
  const worker = await rig.startWorker(t, "w-1", async (request, response) => {
    const wanted = await readAll(request, response);
    response.end(Buffer.alloc(Number(wanted)));
  });
  await rig.report(worker);
  const send = async (user: string, size: number) => {
    const call = post({ "x-user": user });
    call.on("error", () => {});
    call.end(String(size));
    const response = await answerOf(call);
    response.on("error", () => {});
    return response;
  };
  const large = 30 * 1024 ** 2;
  t.equal((await send("a", large)).statusCode, 200);
  t.equal((await send("a", large)).statusCode, 200);
  t.equal((await send("a", large)).statusCode, 503, "half of all is held for it");
  t.equal((await send("b", large)).statusCode, 200);
  t.equal((await send("b", large)).statusCode, 503, "half of the rest is held for it");
  t.equal((await send("c", large / 2)).statusCode, 200);
  t.equal((await send("d", large / 4)).statusCode, 200);
});
