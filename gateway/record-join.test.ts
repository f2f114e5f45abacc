/** Tests that every line becomes one record, with its facts when they come in time and in memory that is bounded. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import t from "tap";
import { EngineLine } from "./access-log/engine-line.ts";
import type { HttpMeasures } from "./access-log/http-transaction.ts";
import { outlineOf } from "./access-log/http-transaction.ts";
import { RecordStamps } from "./access-log/record-stamps.ts";
import type { Attempt, CallFacts } from "./call-facts.ts";
import { CapturedJson } from "./captured-json.ts";
import { ManualClock } from "./clock.ts";
import { silentLogger } from "./log.ts";
import type { EgressRecord } from "./record.ts";
import { RecordJoin } from "./record-join.ts";
import type { RecordJoinLimits } from "./record-join.ts";
import { entryContext, httpFacts, httpMeasures } from "./testdata/access-log.ts";
import { callFacts, capturedExchange } from "./testdata/call-facts.ts";

const stamps = new RecordStamps();

/** The line of a transaction, recognised in its record by the id in its path. */
function lineOf(id: string, changes: Partial<HttpMeasures> = {}): EngineLine {
  const outline = outlineOf(httpFacts(), entryContext());
  const target = { path: `/${id}`, query: "" };
  const measures = httpMeasures({ engineId: id, target, ...changes });
  return new EngineLine({ outline, measures, revision: 1, stamps, json: undefined });
}

function factsOf(id: string) {
  return callFacts({ id });
}

const routing = {
  backend: { namespace: "default", name: "a" },
  provider: "openai",
  model: "gpt-4.1",
  translation: null,
  dropped: [],
};
const attempt: Attempt = {
  backend: routing.backend,
  startUnixMs: 0,
  durationMs: 5,
  status: 503,
  reason: "",
};

function createJoin(
  limits: Partial<RecordJoinLimits> = {},
  takeAttempts?: (spanId: string) => readonly Attempt[],
) {
  const clock = new ManualClock();
  const records: EgressRecord[] = [];
  const logged: string[] = [];
  const unsent: string[] = [];
  const log = { ...silentLogger, error: (message: string) => void logged.push(message) };
  const onRecord = (record: EgressRecord) => {
    if (record.request.path === "/throws") throw new Error("sink");
    records.push(record);
  };
  const join = new RecordJoin({
    clock,
    log,
    onRecord,
    limits,
    onUnsent: (id) => void unsent.push(id),
    ...(takeAttempts && { takeAttempts }),
  });
  /** `path:tokens` of each record */
  const said = () => records.map(({ request, usage }) => `${request.path}:${usage?.inputTokens}`);
  return { clock, join, records, logged, said, unsent };
}

t.test("addLine() makes the record at once when the facts are there", async (t) => {
  const { join, said } = createJoin();
  join.addFacts([factsOf("a"), factsOf("b")]);
  join.addLine(lineOf("b"));
  t.same(said(), ["/b:12"]);
  t.match(join.stats, { joined: 1, incomplete: 0, waitingFacts: 1, waitingLines: 0 });
});

/** Facts whose capture is lent; `backs()` says how often it was given back. */
function lent(id: string) {
  const { text } = CapturedJson.of(capturedExchange());
  let backs = 0;
  const place = { bytes: Buffer.from(text), start: 0, end: text.length };
  const capture = new CapturedJson({ ...place, giveBack: () => void backs++ });
  return { facts: callFacts({ id, capture }), backs: () => backs };
}

t.test("what a capture was lent is given back once its record was given out", async (t) => {
  const { join, records } = createJoin();
  const before = lent("a");
  const after = lent("b");
  const failing = lent("throws");
  join.addFacts([before.facts, failing.facts]);
  t.same([before.backs(), failing.backs()], [0, 0]);
  for (const id of ["a", "b", "throws"]) join.addLine(lineOf(id));
  join.addFacts([after.facts]);
  t.same(
    [before, after, failing].map(({ backs }) => backs()),
    [1, 1, 1],
  );
  t.equal(records.length, 2);
  t.throws(() => JSON.stringify(records[0]), /released/, "nobody sees what is there now");
});

t.test("what a capture was lent is given back where no line comes", async (t) => {
  const { clock, join } = createJoin({ maxFacts: 2, factsWaitMs: 1_000 });
  const all = ["a", "a", "b", "c"].map((id) => lent(id));
  join.addFacts(all.map(({ facts }) => facts));
  t.same(
    all.map(({ backs }) => backs()),
    [1, 1, 0, 0],
    "its twin's, and that of one too many",
  );
  clock.advance(2_000);
  t.same(
    all.map(({ backs }) => backs()),
    [1, 1, 1, 1],
  );
  join.close();
  const late = lent("d");
  join.addFacts([late.facts]);
  t.equal(late.backs(), 1);
  t.equal(join.stats.unclaimed, 5);
});

t.test("a capture that waits for long is copied, so that others take its place", async (t) => {
  const { clock, join, records } = createJoin();
  const { facts, backs } = lent("a");
  join.addFacts([facts]);
  clock.advance(600);
  t.equal(backs(), 1);
  join.addLine(lineOf("a"));
  t.same(records[0]?.capture?.requestBody, capturedExchange().requestBody);
});

t.test("a capture is not held once its record was given out", async (t) => {
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  const { clock, join, records } = createJoin();
  const record = (id: string, { facts }: { readonly facts: CallFacts }) => {
    join.addFacts([facts]);
    join.addLine(lineOf(id));
    records.pop();
    return new WeakRef(facts.capture ?? {});
  };
  const text = CapturedJson.of(capturedExchange()).text;
  const held = [
    record("own", { facts: callFacts({ id: "own", capture: new CapturedJson(text) }) }),
    record("lent", lent("lent")),
  ];
  clock.advance(300);
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  t.same(
    held.map((capture) => capture.deref()),
    [undefined, undefined],
  );
});

t.test("an estimate of a call that no upstream was sent is taken back", async (t) => {
  const estimate = { tokens: 90, microDollars: 7, isEstimated: true };
  const { join, records, unsent } = createJoin({}, () => [attempt, attempt]);
  const add = (id: string, sentMs: number | null, changes: Partial<CallFacts> = {}) => {
    join.addFacts([callFacts({ id, charge: estimate, ...changes })]);
    join.addLine(lineOf(id, { sentMs }));
    return records.at(-1)?.charge;
  };
  t.same(add("never", null), { tokens: 0, cost: "0.00", estimated: false });
  t.match(add("sent", 3), { tokens: 90, estimated: true });
  t.same(add("dear", null, { charge: { ...estimate, microDollars: null } })?.cost, null);
  t.match(add("told", null, { charge: { ...estimate, isEstimated: false } }), { tokens: 90 });
  t.match(add("tried", null, { routing }), { tokens: 90 }, "one of several attempts was sent");
  t.match(add("lost", null, { isLost: true }), { tokens: 0, estimated: false });
  t.strictSame(unsent, ["never", "dear", "lost"]);
});

t.test("addFacts() makes the record of a line that waited", async (t) => {
  const { clock, join, said } = createJoin();
  join.addLine(lineOf("a"));
  clock.advance(1_499);
  t.same(said(), []);
  join.addFacts([factsOf("a")]);
  t.same(said(), ["/a:12"]);
  clock.advance(60_000);
  t.same(said(), ["/a:12"], "once");
  t.equal(clock.pendingTimers, 0);
  t.match(join.stats, { joined: 1, incomplete: 0, unclaimed: 0, waitingFactsBytes: 0 });
});

t.test("a line without facts becomes a record after its deadline, counted", async (t) => {
  const { clock, join, said } = createJoin();
  join.addLine(lineOf("a"));
  clock.advance(1_000);
  join.addLine(lineOf("b"));
  clock.advance(499);
  t.same(said(), []);
  clock.advance(251);
  t.same(said(), ["/a:undefined"]);
  clock.advance(1_000);
  t.same(said(), ["/a:undefined", "/b:undefined"]);
  t.match(join.stats, { joined: 0, incomplete: 2, waitingLines: 0 });
});

t.test("facts that come after the deadline are forgotten, counted", async (t) => {
  const { clock, join, records } = createJoin();
  join.addLine(lineOf("a"));
  clock.advance(1_750);
  join.addFacts([factsOf("a")]);
  clock.advance(10_250);
  t.equal(records.length, 1);
  t.match(join.stats, { incomplete: 1, unclaimed: 1, waitingFacts: 0, waitingFactsBytes: 0 });
  t.equal(clock.pendingTimers, 0);
});

t.test("facts wait for a line as long as a slow log takes", async (t) => {
  const { clock, join, said } = createJoin();
  join.addFacts([factsOf("a")]);
  clock.advance(9_999);
  join.addLine(lineOf("a"));
  t.same(said(), ["/a:12"]);
});

t.test("addFacts() keeps the newest facts within their number", async (t) => {
  const { join, said } = createJoin({ maxFacts: 2 });
  join.addFacts(["a", "b", "c"].map(factsOf));
  t.match(join.stats, { unclaimed: 1, waitingFacts: 2 });
  for (const id of ["a", "b", "c"]) join.addLine(lineOf(id));
  t.same(said(), ["/b:12", "/c:12"]);
  t.equal(join.stats.waitingLines, 1);
});

t.test("addFacts() keeps captured bodies within their bytes", async (t) => {
  const { join } = createJoin({ maxFactsBytes: 10_000 });
  const base64 = "A".repeat(3_000);
  const body = { base64, bytes: 2_250, isTruncated: false, contentEncoding: "" };
  for (let count = 0; count < 50; count++) {
    const capture = capturedExchange({ requestBody: body, responseBody: null });
    join.addFacts([callFacts({ id: `${count}`, capture })]);
    t.ok(join.stats.waitingFactsBytes <= 10_000, `${join.stats.waitingFactsBytes} bytes`);
  }
  t.match(join.stats, { waitingFacts: 2, unclaimed: 48 });
  join.addFacts([
    callFacts({
      id: "large",
      capture: capturedExchange({ requestBody: { ...body, base64: "A".repeat(20_000) } }),
    }),
  ]);
  t.match(join.stats, { waitingFacts: 0, waitingFactsBytes: 0, unclaimed: 51 });
});

t.test("addLine() makes the oldest line a record when too many wait", async (t) => {
  const { join, said } = createJoin({ maxLines: 2 });
  for (const id of ["a", "b", "c"]) join.addLine(lineOf(id));
  t.same(said(), ["/a:undefined"]);
  t.match(join.stats, { incomplete: 1, waitingLines: 2 });
});

t.test("the same id twice loses no line", async (t) => {
  const { clock, join, said } = createJoin();
  join.addLine(lineOf("a"));
  join.addLine(lineOf("a"));
  join.addFacts([factsOf("a"), factsOf("a"), factsOf("a")]);
  clock.advance(20_000);
  t.same(said(), ["/a:undefined", "/a:12"]);
  t.match(join.stats, { joined: 1, incomplete: 1, unclaimed: 2, waitingFactsBytes: 0 });
});

t.test("close() makes records of what waits, and goes on without waiting", async (t) => {
  const { clock, join, said } = createJoin();
  join.addLine(lineOf("a"));
  join.addFacts([factsOf("b")]);
  join.close();
  join.close();
  t.same(said(), ["/a:undefined"]);
  join.addLine(lineOf("c"));
  join.addFacts([factsOf("d")]);
  t.same(said(), ["/a:undefined", "/c:undefined"]);
  t.match(join.stats, { incomplete: 2, unclaimed: 2, waitingFacts: 0, waitingLines: 0 });
  t.equal(clock.pendingTimers, 0);
});

t.test(
  "addFacts() goes on with the batch when a record cannot be taken, and says so once",
  async (t) => {
    const { join, logged, said } = createJoin();
    for (const id of ["throws", "a"]) join.addLine(lineOf(id));
    join.addFacts([factsOf("throws"), factsOf("a")]);
    t.same(said(), ["/a:12"]);
    t.same(logged, ["Cannot record a transaction"]);
  },
);

t.test("every line becomes exactly one record, whatever comes when", async (t) => {
  let seed = 20_260_131;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
    return seed % below;
  };
  for (let round = 0; round < 50; round++) {
    const { clock, join, records } = createJoin({ maxLines: 8, maxFacts: 8 });
    const lines = new Set<string>();
    for (let step = 0; step < 200; step++) {
      const id = `${random(60)}`;
      const act = random(3);
      if (act === 0 && !lines.has(id)) join.addLine(lineOf(id));
      if (act === 0) lines.add(id);
      if (act === 1) join.addFacts([factsOf(id)]);
      if (act === 2) clock.advance(random(500));
      const { waitingLines, waitingFacts } = join.stats;
      if (waitingLines > 8 || waitingFacts > 8) t.fail(`${waitingLines} and ${waitingFacts} wait`);
    }
    join.close();
    const { joined, incomplete, waitingFactsBytes } = join.stats;
    t.equal(joined + incomplete, lines.size);
    t.equal(waitingFactsBytes, 0);
    t.same(
      records.map(({ request }) => request.path).sort(),
      [...lines].map((id) => `/${id}`).sort(),
    );
  }
});

t.test("addLine() takes the attempts of a call that was routed, by its span", async (t) => {
  const taken: string[] = [];
  const { join, records } = createJoin({}, (spanId) => {
    taken.push(spanId);
    return [attempt, { ...attempt, status: 200 }];
  });
  join.addFacts([callFacts({ id: "a", routing })]);
  join.addLine(lineOf("a"));
  t.same(taken, ["53995c3f42cd8ad8"]);
  t.match(records[0]?.routing, { ...routing, attempts: [{ status: 503 }, { status: 200 }] });
});

t.test("addLine() asks for no attempts where nothing was chosen, or nobody knows", async (t) => {
  const taken: string[] = [];
  const { join, records } = createJoin({}, (spanId) => {
    taken.push(spanId);
    return [attempt];
  });
  join.addFacts([factsOf("a"), callFacts({ id: "b", routing, trace: null })]);
  for (const id of ["a", "b", "c"]) join.addLine(lineOf(id));
  join.close();
  t.same(taken, []);
  t.same(
    records.map((record) => record.routing),
    [null, { ...routing, attempts: [] }, null],
  );
});
