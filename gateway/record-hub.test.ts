/** Tests of the fan-out: everyone gets what they asked for, and nobody pays for another's slowness or failure. */
import t from "tap";
import { CapturedJson } from "./captured-json.ts";
import type { LineText } from "./record-lines.ts";
import type { EgressRecord } from "./record.ts";
import { RecordHub } from "./record-hub.ts";
import type { RecordSubscription } from "./record-hub.ts";
import { silentLogger } from "./log.ts";
import { capturedExchange } from "./testdata/call-facts.ts";
import { httpRecord } from "./testdata/egress-record.ts";

const researcher = { kind: "DaemonAgent", namespace: "default", name: "researcher" };

function recordOf(name: string, id: string): EgressRecord {
  const agent = { ...researcher, name, uid: "", revision: "", invocationId: "" };
  return httpRecord({ id, agent });
}

async function read(subscription: RecordSubscription, count: number): Promise<string[]> {
  const ids: string[] = [];
  while (ids.length < count) {
    const { done, value } = await subscription.next();
    if (done) break;
    ids.push(value.id);
  }
  return ids;
}

function collectingSink() {
  const ids: string[] = [];
  return { ids, add: (record: EgressRecord) => void ids.push(record.id) };
}

t.test("RecordHub.add() gives every record to every sink until it is removed", async (t) => {
  const hub = new RecordHub();
  const first = collectingSink();
  const second = collectingSink();
  const remove = hub.addSink("first", first);
  hub.addSink("second", second);
  hub.add(recordOf("a", "1"));
  remove();
  remove();
  hub.add(recordOf("b", "2"));
  t.same(first.ids, ["1"]);
  t.same(second.ids, ["1", "2"]);
  t.equal(hub.status.published, 2);
});

t.test(
  "RecordHub.add() reaches the other sinks when one throws, and logs the failure once",
  async (t) => {
    const logged: unknown[] = [];
    const hub = new RecordHub({ log: { ...silentLogger, error: (...line) => logged.push(line) } });
    const good = collectingSink();
    let broken = true;
    hub.addSink("bad", {
      add: () => {
        if (broken) throw new Error("no");
      },
    });
    hub.addSink("good", good);
    hub.add(recordOf("a", "1"));
    hub.add(recordOf("a", "2"));
    t.same(good.ids, ["1", "2"]);
    t.same(logged, [["Record sink failed", { sink: "bad", error: "no" }]]);
    t.equal(hub.status.sinkFailures, 2);
    broken = false;
    hub.add(recordOf("a", "3"));
    broken = true;
    hub.add(recordOf("a", "4"));
    t.equal(logged.length, 2);
  },
);

t.test("subscribe() gives only the agent's records when an agent is named", async (t) => {
  const hub = new RecordHub();
  const one = hub.subscribe({ agent: researcher });
  const all = hub.subscribe();
  hub.add(recordOf("researcher", "1"));
  hub.add(recordOf("other", "2"));
  hub.add(httpRecord({ id: "3", agent: null }));
  hub.add(recordOf("researcher", "4"));
  t.same(await read(one, 2), ["1", "4"]);
  t.same(await read(all, 4), ["1", "2", "3", "4"]);
});

t.test("subscribe() tells agents apart by kind and namespace", async (t) => {
  const hub = new RecordHub();
  const one = hub.subscribe({ agent: { ...researcher, kind: "TaskAgent" } });
  const two = hub.subscribe({ agent: { ...researcher, namespace: "prod" } });
  hub.add(recordOf("researcher", "1"));
  hub.close();
  t.same(await read(one, 1), []);
  t.same(await read(two, 1), []);
});

t.test("subscribe() hands over a record that comes while the subscriber waits", async (t) => {
  const hub = new RecordHub();
  const subscription = hub.subscribe();
  const reading = Promise.all([subscription.next(), subscription.next()]);
  hub.add(recordOf("a", "1"));
  hub.add(recordOf("a", "2"));
  t.same(
    (await reading).map(({ value }) => value?.id),
    ["1", "2"],
  );
});

t.test(
  "subscribe() gives what was captured, also when it was lent and is gone since",
  async (t) => {
    const hub = new RecordHub();
    const subscription = hub.subscribe();
    const bytes = Buffer.from(CapturedJson.of(capturedExchange()).text);
    const giveBack = () => void bytes.fill("x");
    const capture = new CapturedJson({ bytes, start: 0, end: bytes.length, giveBack });
    const waiting = subscription.next();
    for (const id of ["1", "2"]) hub.add(httpRecord({ id, capture }));
    capture.release();
    for (const { value } of [await waiting, await subscription.next()]) {
      t.same(value?.capture?.requestBody, capturedExchange().requestBody);
    }
  },
);

t.test(
  "subscribe() drops the oldest and counts when the subscriber is slow, and nobody else loses any",
  async (t) => {
    const hub = new RecordHub();
    const slow = hub.subscribe({ maxQueued: 2 });
    const other = hub.subscribe();
    for (const id of ["1", "2", "3", "4"]) hub.add(recordOf("a", id));
    t.equal(slow.dropped, 2);
    t.equal(other.dropped, 0);
    t.same(await read(slow, 2), ["3", "4"]);
    t.same(await read(other, 4), ["1", "2", "3", "4"]);
    slow.close();
    t.match(hub.status, { subscribers: 1, subscriberDrops: 2 });
  },
);

t.test("leaving a for-await loop ends the subscription", async (t) => {
  const hub = new RecordHub();
  const subscription = hub.subscribe({ agent: researcher });
  hub.add(recordOf("researcher", "1"));
  hub.add(recordOf("researcher", "2"));
  for await (const record of subscription) {
    t.equal(record.id, "1");
    break;
  }
  t.equal(hub.status.subscribers, 0);
  t.match(await subscription.next(), { done: true });
  hub.add(recordOf("researcher", "3"));
  t.match(await subscription.next(), { done: true });
});

t.test("await using ends the subscription", async (t) => {
  const hub = new RecordHub();
  {
    await using subscription = hub.subscribe();
    t.equal(subscription.dropped, 0);
    t.equal(hub.status.subscribers, 1);
  }
  t.equal(hub.status.subscribers, 0);
});

t.test("close() ends waiting subscribers and lets the others read what is queued", async (t) => {
  const hub = new RecordHub();
  const waiting = hub.subscribe();
  const ended = waiting.next();
  const queued = hub.subscribe({ agent: researcher });
  hub.add(httpRecord({ id: "for nobody", agent: null }));
  t.match(await ended, { value: { id: "for nobody" } });
  const end = waiting.next();
  hub.add(recordOf("researcher", "1"));
  await end;
  const last = waiting.next();
  hub.close();
  hub.close();
  t.match(await last, { done: true });
  t.same(await read(queued, 2), ["1"]);
  t.throws(() => hub.subscribe(), {
    code: "CLRK_CLOSED",
    message: "Cannot subscribe to records: the hub is closed",
  });
});

t.test("close() keeps the sinks, so that the last records are not lost", async (t) => {
  const hub = new RecordHub();
  const sink = collectingSink();
  hub.addSink("file", sink);
  hub.close();
  hub.add(recordOf("a", "1"));
  t.same(sink.ids, ["1"]);
});

t.test("subscribe() throws when there are too many subscribers, until one leaves", async (t) => {
  const hub = new RecordHub({ maxSubscribers: 1 });
  const first = hub.subscribe();
  t.throws(() => hub.subscribe(), {
    code: "CLRK_LIMIT_EXCEEDED",
    message: "Cannot subscribe to records: 1 subscribers, want fewer than 1",
  });
  first.close();
  first.close();
  t.equal(hub.status.subscribers, 0);
  hub.subscribe();
});

t.test("add() hands the JSON of a record to every sink", async (t) => {
  const hub = new RecordHub();
  const taken: (LineText | undefined)[] = [];
  hub.addSink("first", { add: (_, json) => void taken.push(json) });
  hub.addSink("second", { add: (_, json) => void taken.push(json) });
  hub.add(httpRecord(), "{}");
  hub.add(httpRecord());
  t.same(taken, ["{}", "{}", undefined, undefined]);
});
