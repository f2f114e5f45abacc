/** Tests of the way of facts to the process: in batches, soon, and never more than the process takes. */
import t from "tap";
import type { CallFacts } from "../gateway/call-facts.ts";
import { ManualClock } from "../gateway/clock.ts";
import { FactsOutbox } from "./facts-outbox.ts";
import { callFacts, capturedExchange, modelCall } from "./testdata/call-facts.ts";
import { createCounters, ThreadCounters } from "./thread-counters.ts";

const mebibyte = 1024 * 1024;

function open() {
  const clock = new ManualClock();
  const counters = new ThreadCounters(createCounters(1), 0);
  const batches: { readonly facts: readonly CallFacts[]; readonly bytes: number }[] = [];
  const create = () => {
    const gathered: CallFacts[] = [];
    const take = () => gathered.splice(0);
    const gatherer = { add: (facts: CallFacts) => void gathered.push(facts), take };
    const send = (facts: readonly CallFacts[], bytes: number) => batches.push({ facts, bytes });
    return new FactsOutbox({ clock, counters, gatherer, send });
  };
  return { clock, counters, batches, create, outbox: create() };
}

const plain = callFacts();
const idsOf = (facts: readonly CallFacts[]) => facts.map(({ id }) => id);

/** Facts that take a mebibyte in the thread's queue, and a little. */
function large(): CallFacts {
  const body = {
    base64: "A".repeat(mebibyte),
    bytes: mebibyte,
    isTruncated: false,
    contentEncoding: "",
  };
  return { ...plain, capture: capturedExchange({ requestBody: body }) };
}

t.test("add() waits 20 ms for company, from the first on", async (t) => {
  const { clock, batches, outbox } = open();
  outbox.add(callFacts({ id: "a" }));
  clock.advance(15);
  outbox.add(callFacts({ id: "b" }));
  clock.advance(4);
  t.same(batches, []);
  clock.advance(1);
  t.same(
    batches.map(({ facts }) => idsOf(facts)),
    [["a", "b"]],
  );
  t.equal(clock.pendingTimers, 0);
  outbox.add(callFacts({ id: "c" }));
  clock.advance(20);
  t.same(idsOf(batches[1]?.facts ?? []), ["c"]);
});

t.test("add() sends 128 at once, and the next ones wait anew", async (t) => {
  const { clock, batches, outbox } = open();
  for (let count = 0; count < 129; count++) outbox.add(plain);
  t.same(
    batches.map(({ facts }) => facts.length),
    [128],
  );
  clock.advance(20);
  t.same(
    batches.map(({ facts }) => facts.length),
    [128, 1],
  );
});

t.test("flush() sends what waits, and nothing when nothing does", async (t) => {
  const { clock, batches, outbox } = open();
  outbox.flush();
  t.same(batches, []);
  outbox.add(plain);
  outbox.flush();
  outbox.flush();
  clock.advance(100);
  t.equal(batches.length, 1);
  t.equal(clock.pendingTimers, 0);
});

t.test("add() drops and counts facts while 64 MiB are not taken, and then no more", async (t) => {
  const { counters, batches, outbox, clock } = open();
  for (let count = 0; count < 70; count++) outbox.add(large());
  clock.advance(20);
  const [batch] = batches;
  t.equal(batch?.facts.length, 63, "each is a little more than a mebibyte");
  t.ok((batch?.bytes ?? 0) <= 64 * mebibyte);
  t.equal(counters.get("droppedFacts"), 7);
  outbox.add(plain);
  t.equal(counters.get("droppedFacts"), 7, "a small one fits where a large one does not");
  counters.add("takenFactBytes", batch?.bytes ?? 0);
  outbox.add(large());
  clock.advance(20);
  t.same(
    batches.map(({ facts }) => facts.length),
    [63, 2],
  );
  t.equal(counters.get("droppedFacts"), 7);
});

/** Texts that an agent or upstream makes as long as it likes, within what Envoy and the scanners take. */
const long = "x".repeat(mebibyte);
const unbounded: readonly { readonly name: string; readonly facts: CallFacts }[] = [
  { name: "a path", facts: { ...plain, target: { path: long, query: "" } } },
  { name: "a query", facts: { ...plain, target: { path: "", query: long } } },
  { name: "a captured header", facts: captured({ requestHeaders: [["x", long]] }) },
  { name: "a captured header of the answer", facts: captured({ responseHeaders: [[long, ""]] }) },
  { name: "a model's name", facts: withModel({ requestModel: long }) },
  { name: "the answering model's name", facts: withModel({ responseModel: long }) },
  { name: "an answer's id", facts: withModel({ responseId: long }) },
  { name: "finish reasons", facts: withModel({ finishReasons: ["stop", long] }) },
];

function captured(changes: Parameters<typeof capturedExchange>[0]): CallFacts {
  return callFacts({ capture: capturedExchange(changes) });
}

function withModel(changes: Parameters<typeof modelCall>[0]): CallFacts {
  return callFacts({ model: modelCall(changes) });
}

for (const { name, facts } of unbounded) {
  t.test(`add() counts ${name} among the bytes`, async (t) => {
    const { batches, counters, outbox } = open();
    for (let count = 0; count < 64; count++) outbox.add(facts);
    outbox.flush();
    t.equal(batches[0]?.facts.length, 63);
    t.equal(counters.get("droppedFacts"), 1);
  });
}

t.test("FactsOutbox of a thread that replaces another owes nothing for it", async (t) => {
  const { counters, outbox, create, batches } = open();
  for (let count = 0; count < 63; count++) outbox.add(large());
  outbox.flush();
  const next = create();
  next.add(large());
  next.flush();
  t.equal(counters.get("droppedFacts"), 0);
  t.equal(batches.length, 2);
});
