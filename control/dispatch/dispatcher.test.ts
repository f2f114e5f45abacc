/** Tests of the dispatcher: a real store, a real log of events, and HTTP servers that are workers. */
import { randomUUID } from "node:crypto";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import t from "tap";
import { taskAgent } from "../reconcilers/testdata/reconciler-rig.ts";
import type { Call, CallRefusal } from "./dispatcher.ts";
import { maxIdentityBodyBytes } from "./identified-call.ts";
import { DispatchRig, readAll, testTraces } from "./testdata/dispatch-rig.ts";

const never = new AbortController().signal;

function call(change: Partial<Call> = {}): Call {
  return {
    ...{ id: randomUUID(), namespace: "default", name: "bot", headers: {}, signal: never },
    trigger: { type: "HTTP", source: "admin" },
    ...change,
  };
}

async function run(rig: DispatchRig, made: Call) {
  const admitted = await rig.dispatcher.admit(made);
  if (admitted.kind === "refused") return admitted;
  const answer = await admitted.send();
  if (answer.kind === "refused") return answer;
  const { response } = answer;
  const body = await text(response).catch(() => "broken");
  return { status: response.statusCode, headers: response.headers, body, end: await answer.ended };
}

const refusal = (status: number, reason: string): Partial<CallRefusal> => ({
  kind: "refused",
  status,
  reason,
});

t.test("a call reaches a worker with what identifies it, and its answer comes back", async (t) => {
  const rig = await DispatchRig.open(t);
  const worker = await rig.startWorker(t, "w-1", async (request, response) => {
    response.setHeader("x-clrk-exit-code", "0");
    response.end(`heard ${await readAll(request, response)}`);
  });
  await rig.report(worker);
  const made = call({
    body: Readable.from([Buffer.from("hello")]),
    headers: { authorization: "Bearer of the API server", "x-own": "kept", "content-length": "5" },
  });
  const answer = await run(rig, made);
  t.match(answer, { status: 200, body: "heard hello", end: "complete" });
  const [request] = worker.requests;
  t.match(request?.headers, {
    "x-own": "kept",
    "x-clrk-taskagent": "default/bot",
    "x-clrk-invocation-id": made.id,
    "x-clrk-revision": rig.revision,
    "x-clrk-trigger": "http",
    "ce-id": made.id,
    "ce-source": "clrk://default/bot",
  });
  t.notOk(request?.headers.authorization);
  t.ok(Number(request?.headers["x-clrk-timeout-ms"]) <= 100_000);
  t.same(await rig.phases(made.id), ["Pending", "Dispatched"]);
  const [event] = await rig.events();
  t.match(event, {
    agent: { kind: "TaskAgent", namespace: "default", name: "bot", uid: /^[-0-9a-f]{36}$/ },
    trigger: { type: "HTTP", source: "admin" },
    root: testTraces.rootOf(made.id),
  });
  t.equal(rig.dispatcher.inFlight, 0);
  t.equal(rig.dispatcher.inFlightOf("default", "bot"), 0);
});

t.test("what cannot run is refused, and rejected where there is an agent", async (t) => {
  const rig = await DispatchRig.open(t);
  t.match(await run(rig, call({ name: "nobody" })), refusal(404, "NotFound"));
  const early = call();
  t.match(await run(rig, early), refusal(503, "NoReadyRevision"));
  t.same(await rig.phases(early.id), ["Pending", "Rejected NoReadyRevision"]);
  await rig.report({ podName: "w-1", imagePulled: true });
  const doorless = call();
  t.match(await run(rig, doorless), refusal(503, "NoReadyWorker"));
  t.same(await rig.phases(doorless.id), ["Pending", "Rejected NoReadyWorker"]);
});

t.test("an id is taken once", async (t) => {
  const rig = await DispatchRig.open(t);
  const worker = await rig.startWorker(t, "w-1", (_request, response) => response.end("ok"));
  await rig.report(worker);
  const made = call();
  t.match(await run(rig, made), { status: 200 });
  t.match(await run(rig, made), refusal(409, "AlreadyExists"));
  t.match(await run(rig, { ...made, isRepeated: true }), refusal(409, "AlreadyExists"));
  t.equal(worker.requests.length, 1);
  const begun = call({ isRepeated: true });
  await rig.log.append({
    ...{ id: begun.id, phase: "Pending", atUnixMs: 1, audiences: [], root: null, exitCode: null },
    ...{ reason: "", message: "", trigger: begun.trigger },
    agent: { kind: "TaskAgent", namespace: "default", name: "bot", uid: "" },
  });
  t.match(await run(rig, begun), { status: 200 }, "one that was only pending goes on");
});

t.test("a burst neither exceeds maxConcurrent nor meets on one worker", async (t) => {
  const rig = await DispatchRig.open(t, { agent: { maxConcurrent: 6 } });
  const { promise: hold, resolve: release } = Promise.withResolvers<void>();
  const counts = [0, 0, 0];
  const workers = await Promise.all(
    counts.map((_, index) =>
      rig.startWorker(t, `w-${index}`, async (_request, response) => {
        counts[index] = (counts[index] ?? 0) + 1;
        await hold;
        response.end("done");
      }),
    ),
  );
  await rig.report(...workers);
  const runs = Array.from({ length: 40 }, () => run(rig, call()));
  const refused = Promise.all(runs.map(async (one) => ("reason" in (await one) ? 1 : 0)));
  while (counts.reduce((sum, count) => sum + count) < 6) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  t.equal(rig.dispatcher.inFlightOf("default", "bot"), 6);
  t.same(counts, [2, 2, 2]);
  release();
  const kinds: readonly number[] = await refused;
  t.equal(kinds.filter((one) => one === 1).length, 34);
  t.equal(rig.dispatcher.inFlightOf("default", "bot"), 0);
  t.match(await run(rig, call()), { status: 200 }, "places are given back");
});

t.test(
  "workers are given no more than they take, and one that has a warm sandbox first",
  async (t) => {
    const rig = await DispatchRig.open(t, { pool: { maxExecutionsPerWorker: 2 } });
    const { promise: hold, resolve: release } = Promise.withResolvers<void>();
    const cold = await rig.startWorker(t, "cold", async (_request, response) => {
      await hold;
      response.end("cold");
    });
    const warm = await rig.startWorker(t, "warm", async (_request, response) => {
      await hold;
      response.end("warm");
    });
    await rig.report(
      { podName: "cold", imagePulled: true, endpoint: cold.endpoint },
      { podName: "warm", imagePulled: true, endpoint: warm.endpoint, warmCount: 1 },
    );
    const admitted = await rig.dispatcher.admit(call());
    if (admitted.kind !== "admitted") throw new Error("It was refused");
    const first = admitted.send();
    const others = Array.from({ length: 4 }, () => run(rig, call()));
    const early = await Promise.race(others);
    t.match(early, refusal(503, "NoReadyWorker"));
    release();
    const answer = await first;
    if (answer.kind !== "answered") throw new Error("It was not answered");
    t.equal(await text(answer.response), "warm");
    const outcomes = await Promise.all(others);
    t.equal(outcomes.filter((one) => "body" in one).length, 3);
    t.equal(cold.requests.length, 2);
    t.equal(warm.requests.length, 2);
  },
);

t.test("a worker that refuses, or is not there, is passed over, with the body whole", async (t) => {
  const rig = await DispatchRig.open(t);
  const refusing = await rig.startWorker(t, "w-1", (_request, response) => {
    response.writeHead(503, { "x-clrk-refusal": "Draining" }).end();
  });
  const taking = await rig.startWorker(t, "w-3", async (request, response) => {
    response.end(await readAll(request, response));
  });
  const gone = { podName: "w-2", imagePulled: true, endpoint: "127.0.0.1:1" };
  await rig.report(refusing, gone, taking);
  const outcomes = await Promise.all(
    Array.from({ length: 12 }, () =>
      run(rig, call({ body: Readable.from([Buffer.from("a".repeat(100_000))]) })),
    ),
  );
  t.ok(outcomes.every((one) => "body" in one && one.body.length === 100_000));
  t.ok(refusing.requests.length > 0);
  await rig.report(refusing);
  const refused = call();
  t.match(await run(rig, refused), { ...refusal(503, "NoReadyWorker"), message: /Draining/ });
  t.same(await rig.phases(refused.id), ["Pending", "Dispatched", "Failed NoReadyWorker"]);
  await rig.report(gone);
  const unreachable = call();
  t.match(await run(rig, unreachable), refusal(502, "WorkerUnreachable"));
  t.same(await rig.phases(unreachable.id), ["Pending", "Dispatched", "Failed WorkerUnreachable"]);
});

t.test("a worker that breaks off is told, and the call is not given to another", async (t) => {
  const rig = await DispatchRig.open(t);
  const headless = await rig.startWorker(t, "w-1", (request) => request.socket.destroy());
  await rig.report(headless);
  const early = call();
  t.match(await run(rig, early), refusal(502, "WorkerUnreachable"));
  t.equal(headless.requests.length, 1);
  const halfway = await rig.startWorker(t, "w-2", (request, response) => {
    response.write("half", () => request.socket.destroy());
  });
  await rig.report(halfway);
  const late = call();
  t.match(await run(rig, late), { status: 200, end: "broken" });
  t.same(await rig.phases(late.id), ["Pending", "Dispatched", "Failed WorkerGone"]);
});

t.test("the timeout of the agent ends a call before its answer and within it", async (t) => {
  const rig = await DispatchRig.open(t, { agent: { timeout: "300ms" } });
  const silent = await rig.startWorker(t, "w-1", () => {});
  await rig.report(silent);
  const first = call();
  t.match(await run(rig, first), refusal(504, "Timeout"));
  t.same(await rig.phases(first.id), ["Pending", "Dispatched", "Timeout DeadlineExceeded"]);
  const endless = await rig.startWorker(
    t,
    "w-2",
    (_request, response) => void response.write("on"),
  );
  await rig.report(endless);
  const second = call();
  t.match(await run(rig, second), { status: 200, end: "timeout" });
  t.same(await rig.phases(second.id), ["Pending", "Dispatched", "Timeout DeadlineExceeded"]);
  t.equal(rig.dispatcher.inFlightOf("default", "bot"), 0);
});

t.test("a caller that goes away ends its call at the worker", async (t) => {
  const rig = await DispatchRig.open(t);
  const { promise: closed, resolve: onClosed } = Promise.withResolvers<void>();
  const worker = await rig.startWorker(t, "w-1", (request, response) => {
    request.socket.once("close", onClosed);
    response.write("begin");
  });
  await rig.report(worker);
  const gone = new AbortController();
  const made = call({ signal: gone.signal });
  const running = run(rig, made);
  while (worker.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
  gone.abort();
  await closed;
  await running;
  t.same(await rig.phases(made.id), ["Pending", "Dispatched", "Failed Cancelled"]);
});

t.test(
  "a new revision gets calls as soon as a worker can run it, and the old one until then",
  async (t) => {
    const rig = await DispatchRig.open(t);
    const seen: unknown[] = [];
    const worker = await rig.startWorker(t, "w-1", (request, response) => {
      seen.push(request.headers["x-clrk-revision"]);
      response.end();
    });
    await rig.report(worker);
    const first = rig.revision;
    await rig.objects.apply(taskAgent("bot", { template: { spec: { image: "agent:2" } } }));
    await rig.reconcilers.idle();
    await run(rig, call());
    await rig.report(worker);
    await run(rig, call());
    t.same(seen, [first, rig.revision]);
    t.not(first, rig.revision);
  },
);

t.test("a call says on whose behalf it is, and nobody else can", async (t) => {
  const extractors = [
    { type: "Header", header: { name: "x-user", field: "user" } },
    { type: "Body", body: { jsonPath: "team", field: "team" } },
  ];
  const rig = await DispatchRig.open(t, { agent: { identity: { extractors } } });
  const worker = await rig.startWorker(t, "w-1", async (request, response) => {
    response.end(await readAll(request, response));
  });
  await rig.report(worker);
  const json = { "content-type": "application/json" };
  const body = (text: string) => ({ body: Readable.from([Buffer.from(text)]) });
  const told = call({
    headers: { ...json, "x-user": "alice", "ce-clrkidentity": "{%22user%22:%22root%22}" },
    ...body('{"team":"a"}'),
  });
  t.match(await run(rig, told), { status: 200, body: '{"team":"a"}' });
  t.equal(
    worker.requests[0]?.headers["ce-clrkidentity"],
    "{%22user%22:%22alice%22,%22team%22:%22a%22}",
  );
  for (const event of await rig.events()) t.same(event.audiences, ["user=alice", "team=a"]);
  const silent = call({ headers: json, ...body('{"team":"a"}') });
  t.match(await run(rig, silent), { ...refusal(400, "IdentityUnknown"), message: /x-user/ });
  t.same(await rig.phases(silent.id), ["Pending", "Rejected IdentityUnknown"]);
  t.match(await run(rig, silent), refusal(409, "AlreadyExists"));
  const twice = call({
    headers: { ...json, "x-user": "alice, bob" },
    headerValues: { "content-type": ["application/json"], "x-user": ["alice", "bob"] },
    ...body('{"team":"a"}'),
  });
  t.match(await run(rig, twice), { ...refusal(400, "IdentityUnknown"), message: /more than once/ });
  const large = call({
    headers: { ...json, "x-user": "alice" },
    body: Readable.from([Buffer.alloc(maxIdentityBodyBytes), Buffer.from("x")]),
  });
  await t.rejects(run(rig, large), { code: 413 });
  const trigger = { type: "Cron", source: "@daily" } as const;
  const scheduled = call({ headers: json, trigger, ...body('{"team":"b"}') });
  t.match(await run(rig, scheduled), { status: 200 });
  t.equal(worker.requests[1]?.headers["ce-clrkidentity"], "{%22team%22:%22b%22}");
  t.equal(worker.requests.length, 2);
  t.equal(rig.dispatcher.kept.bytes, 0);
});

t.test("close() ends calls, and tells why", async (t) => {
  const rig = await DispatchRig.open(t);
  const worker = await rig.startWorker(t, "w-1", (_request, response) => void response.write("on"));
  await rig.report(worker);
  const made = call();
  const running = run(rig, made);
  while (worker.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
  rig.dispatcher.close();
  await running;
  t.same(await rig.phases(made.id), ["Pending", "Dispatched", "Failed ControlStopped"]);
});

t.test("a second call of an id that breaks off leaves the first one known", async (t) => {
  const extractors = [{ type: "Body", body: { jsonPath: "user", field: "user" } }];
  const rig = await DispatchRig.open(t, { agent: { identity: { extractors } } });
  const { promise: goOn, resolve: onGo } = Promise.withResolvers<void>();
  const worker = await rig.startWorker(t, "w-1", async (request, response) => {
    await readAll(request, response);
    await goOn;
    response.end();
  });
  await rig.report(worker);
  const id = randomUUID();
  const headers = { "content-type": "application/json" };
  const stalled = new Readable({ read() {} });
  const slow = rig.dispatcher.admit(call({ id, headers, body: stalled }));
  slow.catch(() => {});
  const quick = call({ id, headers, body: Readable.from([Buffer.from('{"user":"a"}')]) });
  const running = run(rig, quick);
  while (worker.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
  stalled.destroy(new Error("the caller is gone"));
  await t.rejects(slow, /the caller is gone/);
  t.match(rig.dispatcher.own.find(id), { kind: "running" }, "or it would be ended as lost");
  t.match(
    await rig.dispatcher.admit(
      call({ id, headers, body: Readable.from([Buffer.from('{"user":"b"}')]) }),
    ),
    refusal(409, "AlreadyExists"),
  );
  t.match(rig.dispatcher.own.find(id), { kind: "running" });
  onGo();
  t.match(await running, { status: 200 });
  t.match(rig.dispatcher.own.find(id), { kind: "answered" });
});

t.test("a call that was told as ended is not begun again by its schedule", async (t) => {
  const rig = await DispatchRig.open(t);
  await rig.report(await rig.startWorker(t, "w-1", (_request, response) => void response.end()));
  const made = call({ isRepeated: true });
  rig.dispatcher.own.end(made.id);
  t.match(await run(rig, made), refusal(409, "AlreadyExists"));
});
