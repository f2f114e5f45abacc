/** Tests of queueing, batching, retrying and giving up, with time and network in the test's hand. */
import t from "tap";
import { ManualClock } from "./clock.ts";
import { silentLogger } from "./log.ts";
import type { Logger } from "./log.ts";
import { defaultOtlpLimits } from "./otlp.ts";
import { OtlpPipe } from "./otlp-pipe.ts";
import type { TracedItem } from "./otlp-encode.ts";
import type { OtlpPipeLimits, QueuedItem } from "./otlp-pipe.ts";
import type { PartialSuccess } from "./otlp-encode.ts";
import { httpRecord } from "./testdata/egress-record.ts";

const ids = { traceId: "a".repeat(32), spanId: "b".repeat(16), parentSpanId: "" };

const nameOf = (item: QueuedItem | TracedItem) => ("record" in item ? item.record.id : "");

function queued(id: string, bytes = 1): QueuedItem {
  return { record: httpRecord({ id }), ids, observedUnixNs: 0n, bytes };
}

interface Attempt {
  /** Ids of the batch, joined */
  readonly batch: string;
  readonly atMs: number;
  answer(status: number, headers?: Record<string, string>): void;
  fail(error: Error): void;
}

interface SetUpOptions {
  readonly limits?: Partial<OtlpPipeLimits>;
  readonly partial?: PartialSuccess;
  readonly encodeFails?: boolean;
}

function setUp({ limits = {}, partial, encodeFails = false }: SetUpOptions = {}) {
  const clock = new ManualClock(0);
  const attempts: Attempt[] = [];
  const logged: unknown[][] = [];
  const keep = (...line: unknown[]) => void logged.push(line);
  const log: Logger = { ...silentLogger, info: keep, warn: keep, error: keep };
  const fetch = (_: unknown, init?: RequestInit) =>
    new Promise<Response>((resolve, reject) => {
      const { body, signal } = init ?? {};
      const batch = body instanceof Uint8Array ? Buffer.from(body).toString() : "";
      signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
      if (signal?.aborted) reject(signal.reason);
      const answer = (status: number, headers = {}) =>
        resolve(new Response(null, { status, headers }));
      attempts.push({ batch, atMs: clock.now(), answer, fail: reject });
    });
  const decodeResponse = () => partial ?? { rejected: 0, message: "" };
  const pipe = new OtlpPipe({
    signal: "traces",
    transport: {
      url: "http://collector",
      headers: new Headers(),
      fetch: partial === undefined ? fetch : async () => new Response("x"),
      clock,
      timeoutMs: 10_000,
      gzipFromBytes: Number.POSITIVE_INFINITY,
      decodeResponse,
    },
    limits: { ...defaultOtlpLimits, maxBatchRecords: 3, maxDelayMs: 1_000, ...limits },
    encode: (records) => {
      if (encodeFails) throw new Error("no such field");
      return Buffer.from(records.map(nameOf).join(","));
    },
    jitter: () => 1,
    log,
  });
  const add = (...names: string[]) => {
    for (const name of names) pipe.add(queued(name));
  };
  return { clock, attempts, logged, pipe, add };
}

/** Runs everything that waits for nothing but other promises. */
async function settle() {
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
}

function batches(attempts: readonly Attempt[]): string[] {
  return attempts.map(({ batch, atMs }) => `${batch}@${atMs}`);
}

t.test("OtlpPipe waits for the delay when the batch is not full", async (t) => {
  const { clock, attempts, pipe, add } = setUp();
  add("1", "2");
  clock.advance(999);
  await settle();
  t.same(attempts, []);
  clock.advance(1);
  await settle();
  t.same(batches(attempts), ["1,2@1000"]);
  attempts[0]?.answer(200);
  await settle();
  t.match(pipe.status, { sent: 2, queued: 0, failing: false });
  t.equal(clock.pendingTimers, 0);
});

t.test("OtlpPipe sends at once when a batch is full, and keeps one batch in flight", async (t) => {
  const { clock, attempts, pipe, add } = setUp();
  add("1", "2", "3", "4", "5", "6", "7");
  await settle();
  t.same(batches(attempts), ["1,2,3@0"]);
  attempts[0]?.answer(200);
  await settle();
  t.same(batches(attempts), ["1,2,3@0", "4,5,6@0"]);
  attempts[1]?.answer(200);
  await settle();
  t.equal(attempts.length, 2, "the rest waits for company");
  clock.advance(1_000);
  await settle();
  t.equal(attempts[2]?.batch, "7");
  attempts[2]?.answer(204);
  await settle();
  t.match(pipe.status, { sent: 7, queued: 0 });
});

t.test("OtlpPipe starts its delay again for records that come after a batch", async (t) => {
  const { clock, attempts, add } = setUp();
  add("1");
  clock.advance(1_000);
  await settle();
  attempts[0]?.answer(200);
  await settle();
  add("2");
  clock.advance(1_000);
  await settle();
  t.same(batches(attempts), ["1@1000", "2@2000"]);
});

t.test("OtlpPipe drops the oldest and counts when the queue is full", async (t) => {
  const { attempts, pipe, add } = setUp({ limits: { maxQueuedRecords: 2 } });
  add("1", "2", "3", "4");
  t.match(pipe.status, { queued: 2, dropped: { queueFull: 2 } });
  const closing = pipe.close(1_000);
  await settle();
  t.equal(attempts[0]?.batch, "3,4");
  attempts[0]?.answer(200);
  await closing;
});

t.test("OtlpPipe bounds the queue by bytes, and never drops the newest", async (t) => {
  const { attempts, pipe } = setUp({ limits: { maxQueuedBytes: 100, maxBatchRecords: 9 } });
  for (const id of ["1", "2", "3"]) pipe.add(queued(id, 40));
  t.match(pipe.status, { queued: 2, dropped: { queueFull: 1 } });
  pipe.add(queued("huge", 500));
  t.match(pipe.status, { queued: 1, dropped: { queueFull: 3 } });
  const closing = pipe.close(1_000);
  await settle();
  t.equal(attempts[0]?.batch, "huge");
  attempts[0]?.answer(200);
  await closing;
});

t.test("OtlpPipe bounds a batch by bytes", async (t) => {
  const { attempts, pipe } = setUp({ limits: { maxBatchBytes: 100 } });
  for (const id of ["1", "2", "3"]) pipe.add(queued(id, 60));
  await settle();
  t.equal(attempts[0]?.batch, "1,2");
});

t.test("OtlpPipe doubles its pause up to the bound while the receiver is away", async (t) => {
  const { clock, attempts, pipe, add, logged } = setUp({
    limits: { minBackoffMs: 1_000, maxBackoffMs: 4_000 },
  });
  add("1", "2", "3");
  for (const [index, pauseMs] of [1_000, 2_000, 4_000, 4_000].entries()) {
    await settle();
    t.equal(attempts.length, index + 1);
    attempts[index]?.fail(Object.assign(new Error("refused"), { code: "ECONNREFUSED" }));
    await settle();
    clock.advance(pauseMs - 1);
    await settle();
    t.equal(attempts.length, index + 1, "not before the pause has passed");
    clock.advance(1);
  }
  await settle();
  t.match(pipe.status, { failing: true, error: "refused (ECONNREFUSED)", retries: 4, sent: 0 });
  attempts[4]?.answer(200);
  await settle();
  t.match(pipe.status, { failing: false, sent: 3, dropped: { givenUp: 0 } });
  t.equal(pipe.status.error, undefined);
  t.same(
    logged.map(([message]) => message),
    ["Cannot send records", "Sending records again"],
  );
});

t.test("OtlpPipe follows Retry-After when it asks for more than the backoff", async (t) => {
  const { clock, attempts, add } = setUp();
  add("1", "2", "3");
  await settle();
  attempts[0]?.answer(429, { "retry-after": "20" });
  await settle();
  clock.advance(19_999);
  await settle();
  t.equal(attempts.length, 1);
  clock.advance(1);
  await settle();
  t.same(batches(attempts), ["1,2,3@0", "1,2,3@20000"]);
});

t.test("OtlpPipe follows no Retry-After beyond its bound", async (t) => {
  const { clock, attempts, add } = setUp({ limits: { maxRetryAfterMs: 5_000 } });
  add("1", "2", "3");
  await settle();
  attempts[0]?.answer(503, { "retry-after": "86400" });
  await settle();
  clock.advance(5_000);
  await settle();
  t.equal(attempts.length, 2);
});

t.test(
  "OtlpPipe gives a batch up after its time, and keeps the pause for the next one",
  async (t) => {
    const { clock, attempts, pipe, add } = setUp({ limits: { giveUpAfterMs: 3_000 } });
    add("1", "2", "3", "4", "5", "6");
    await settle();
    attempts[0]?.answer(503, { "retry-after": "2" });
    await settle();
    clock.advance(2_000);
    await settle();
    attempts[1]?.answer(503, { "retry-after": "2" });
    await settle();
    t.match(pipe.status, { dropped: { givenUp: 3 }, queued: 3, retries: 1 });
    t.equal(attempts.length, 2);
    clock.advance(2_000);
    await settle();
    t.same(batches(attempts), ["1,2,3@0", "1,2,3@2000", "4,5,6@4000"]);
  },
);

t.test("OtlpPipe drops the oldest of the queue while a batch is tried again", async (t) => {
  const { attempts, pipe, add, clock } = setUp({ limits: { maxQueuedRecords: 3 } });
  add("1", "2", "3");
  await settle();
  attempts[0]?.answer(503);
  await settle();
  add("4", "5", "6", "7");
  t.match(pipe.status, { queued: 3, dropped: { queueFull: 1 } });
  clock.advance(500);
  await settle();
  attempts[1]?.answer(200);
  await settle();
  t.equal(attempts[2]?.batch, "5,6,7");
});

t.test("OtlpPipe tries nothing again when the receiver refuses for good", async (t) => {
  const { clock, attempts, pipe, add, logged } = setUp();
  add("1", "2", "3");
  await settle();
  attempts[0]?.answer(401);
  await settle();
  clock.advance(100_000);
  await settle();
  t.equal(attempts.length, 1);
  t.match(pipe.status, { failing: true, error: "HTTP 401", sent: 0, dropped: { rejected: 3 } });
  add("4", "5", "6");
  await settle();
  attempts[1]?.answer(401);
  await settle();
  t.same(logged, [["Cannot send records", { signal: "traces", error: "HTTP 401" }]]);
});

const partials: ReadonlyArray<{ rejected: number; sent: number; dropped: number }> = [
  { rejected: 2, sent: 1, dropped: 2 },
  { rejected: 0, sent: 3, dropped: 0 },
  { rejected: 99, sent: 0, dropped: 3 },
  { rejected: -1, sent: 3, dropped: 0 },
];
for (const { rejected, sent, dropped } of partials) {
  t.test(
    `OtlpPipe counts ${dropped} of 3 as refused when the answer says ${rejected}`,
    async (t) => {
      const { pipe, add, logged } = setUp({ partial: { rejected, message: "too old" } });
      add("1", "2", "3");
      await settle();
      t.match(pipe.status, { sent, dropped: { rejected: dropped }, failing: false });
      t.equal(logged.length, dropped > 0 ? 1 : 0);
    },
  );
}

t.test("OtlpPipe goes on with the next batch when one cannot be encoded", async (t) => {
  const { attempts, pipe, add, logged } = setUp({ encodeFails: true });
  add("1", "2", "3", "4", "5", "6");
  await settle();
  t.equal(attempts.length, 0);
  t.match(pipe.status, { queued: 0, dropped: { notEncodable: 6 } });
  t.match(logged[0], ["Cannot encode records", { records: 3, error: "no such field" }]);
});

t.test("close() sends what is queued without waiting for company", async (t) => {
  const { clock, attempts, pipe, add } = setUp();
  add("1", "2", "3", "4");
  const closing = pipe.close(5_000);
  await settle();
  attempts[0]?.answer(200);
  await settle();
  t.equal(attempts[1]?.batch, "4");
  attempts[1]?.answer(200);
  await closing;
  t.match(pipe.status, { sent: 4, queued: 0, dropped: { closed: 0 } });
  t.equal(clock.pendingTimers, 0);
});

t.test("close() ends a pause with one last attempt for each batch", async (t) => {
  const { attempts, pipe, add, clock } = setUp();
  add("1", "2", "3", "4");
  await settle();
  attempts[0]?.answer(503, { "retry-after": "60" });
  await settle();
  const closing = pipe.close(5_000);
  await settle();
  t.equal(attempts[1]?.batch, "1,2,3");
  attempts[1]?.answer(503);
  await settle();
  t.equal(attempts[2]?.batch, "4");
  attempts[2]?.answer(200);
  await closing;
  t.match(pipe.status, { sent: 1, dropped: { closed: 3 } });
  t.equal(clock.pendingTimers, 0);
});

t.test("close() gives up after its time when the receiver hangs", async (t) => {
  const { clock, attempts, pipe, add } = setUp();
  add("1", "2", "3", "4", "5", "6", "7");
  await settle();
  const closing = pipe.close(2_000);
  clock.advance(2_000);
  await closing;
  t.equal(attempts.length, 1);
  t.match(pipe.status, { sent: 0, queued: 0, dropped: { closed: 7 } });
  t.equal(clock.pendingTimers, 0);
});

t.test("close() of an idle pipe sends nothing, and later records are counted", async (t) => {
  const { attempts, pipe, add } = setUp();
  await pipe.close(1_000);
  await pipe.close(1_000);
  add("late");
  await settle();
  t.equal(attempts.length, 0);
  t.match(pipe.status, { queued: 0, dropped: { closed: 1 } });
});

t.test("OtlpPipe counts the records of items that hold many", async (t) => {
  const { attempts, pipe } = setUp({ limits: { maxQueuedRecords: 2 } });
  const add = (name: string) => pipe.add({ ...queued(name), records: 2 });
  add("1");
  add("2");
  await settle();
  t.same(batches(attempts), ["1,2@0"], "a batch of 3 records or more is full");
  for (const name of ["3", "4", "5"]) add(name);
  t.match(pipe.status, { queued: 4, dropped: { queueFull: 2 } });
  attempts[0]?.answer(200);
  await settle();
  t.equal(attempts[1]?.batch, "4,5");
  attempts[1]?.answer(400);
  await settle();
  t.match(pipe.status, { queued: 0, sent: 4, dropped: { rejected: 4 } });
  await pipe.close(1_000);
  pipe.add({ ...queued("6"), records: 5 });
  t.equal(pipe.status.dropped.closed, 5);
});

t.test(
  "OtlpPipe says whether an item has a home, and drops none that somebody keeps",
  async (t) => {
    const { clock, attempts, pipe } = setUp({ limits: { maxQueuedRecords: 2 } });
    const settled: string[] = [];
    const add = (name: string, isKept = true) =>
      pipe.add({
        ...{ ...queued(name), isKept },
        settled: (hasHome) => void settled.push(`${name} ${hasHome}`),
      });
    for (const name of ["1", "2", "3"]) add(name);
    t.same(settled, ["1 false"], "the queue was full");
    clock.advance(1_000);
    await settle();
    t.same(batches(attempts), ["2,3@1000"]);
    t.equal(settled.length, 1);
    attempts[0]?.answer(400);
    await settle();
    t.same(settled.slice(1), ["2 true", "3 true"], "nobody wants them");
    add("4");
    const closed = pipe.close(500);
    await settle();
    add("5");
    add("6", false);
    clock.advance(500);
    await closed;
    t.same(settled.slice(3), ["4 false"]);
    t.match(pipe.status.dropped, { queueFull: 1, rejected: 2, closed: 2 });
  },
);
