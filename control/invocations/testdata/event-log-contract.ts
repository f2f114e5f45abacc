/** What every log of events must do: the same tests for each. */

import t from "tap";
import { ClrkError } from "../../../gateway/errors.ts";
import type { Delivery, EventLog, LogConsumer, LogPage } from "../event-log.ts";
import { invocationEvent, invocationId } from "./invocation-event.ts";

/** The part of a test that ends what a stand holds. */
export interface TestScope {
  teardown(callback: () => unknown): unknown;
}

/** A log under test. */
export interface LogStand {
  readonly log: EventLog;
  /** The log as the next process finds it: the one before is closed. */
  reopen(): Promise<EventLog>;
  /** Everything that was logged is lost, as with a volume; gives the log as it is then. */
  lose(): Promise<EventLog>;
  /** Puts an entry into the log that is no event; gives the log as it is then. */
  spoil(): Promise<EventLog>;
}

/** Makes a stand that ends with the test. */
export type OpenStand = (test: TestScope) => Promise<LogStand>;

/** Declares the tests. */
export function testEventLog(name: string, open: OpenStand, skip: string | false = false): void {
  t.test(`${name}: positions rise, and a page goes on after the last`, { skip }, async (test) => {
    const { log } = await open(test);
    const before = await log.ends();
    test.equal(before.earliest, before.latest + 1, "nothing is there");
    const positions = [];
    for (const number of [1, 2, 3]) {
      positions.push((await log.append(invocationEvent(number, "Running"))).position);
    }
    test.strictSame(await log.ends(), {
      epoch: before.epoch,
      earliest: before.latest + 1,
      latest: before.latest + 3,
    });
    const first = eventsOf(await log.read(undefined, { limit: 2 }));
    test.strictSame(
      first.map(({ position }) => position),
      positions.slice(0, 2),
    );
    const rest = eventsOf(await log.read(first[1]?.position, { limit: 10 }));
    test.strictSame(
      rest.map(({ event }) => event),
      [invocationEvent(3, "Running")],
    );
    test.strictSame(eventsOf(await log.read(positions[2], { limit: 10 })), []);
  });

  t.test(`${name}: a phase of an invocation is kept once`, { skip }, async (test) => {
    const { log } = await open(test);
    const first = await log.append(invocationEvent(1, "Running"));
    const other = await log.append(invocationEvent(1, "Succeeded"));
    const again = await log.append(invocationEvent(1, "Running", { message: "told again" }));
    test.strictSame(
      [first.isDuplicate, other.isDuplicate, again.isDuplicate],
      [false, false, true],
    );
    test.strictSame(again.position, first.position);
    test.equal((await log.ends()).latest, other.position.sequence);
  });

  t.test(`${name}: many at once are all kept, each in its place`, { skip }, async (test) => {
    const { log } = await open(test);
    const numbers = Array.from({ length: 500 }, (_, number) => number);
    const appended = await Promise.all(
      numbers.map((number) => log.append(invocationEvent(number, "Dispatched"))),
    );
    test.equal(new Set(appended.map(({ position }) => position.sequence)).size, 500);
    const events = eventsOf(await log.read(undefined, { limit: 1_000 }));
    test.strictSame(
      new Set(events.map(({ event }) => event?.id)),
      new Set(numbers.map((number) => invocationId(number))),
    );
  });

  t.test(`${name}: what is no event is refused, and nothing is kept`, { skip }, async (test) => {
    const { log } = await open(test);
    const bad = invocationEvent(1, "Running", { id: "INVALID" });
    await test.rejects(log.append(bad), { code: "CLRK_INVALID_ARGUMENT" });
    const { earliest, latest } = await log.ends();
    test.equal(earliest, latest + 1);
  });

  t.test(`${name}: an entry that is no event is shown as that`, { skip }, async (test) => {
    const stand = await open(test);
    const log = await stand.spoil();
    await log.append(invocationEvent(1, "Running"));
    const events = eventsOf(await log.read(undefined, { limit: 10 }));
    test.strictSame(
      events.map(({ event }) => event?.id ?? null),
      [null, invocationId(1)],
    );
    const taken = await fetchAll(await log.consumer("reader"), 2);
    test.equal(taken[0]?.event, null);
  });

  t.test(`${name}: the log outlives its process`, { skip }, async (test) => {
    const stand = await open(test);
    const { position } = await stand.log.append(invocationEvent(1, "Running"));
    const log = await stand.reopen();
    const again = await log.append(invocationEvent(1, "Running"));
    test.strictSame(again, { position, isDuplicate: true });
    const next = await log.append(invocationEvent(2, "Running"));
    test.equal(next.position.epoch, position.epoch);
    test.equal(next.position.sequence, position.sequence + 1);
  });

  t.test(`${name}: a log that lost all has another epoch`, { skip }, async (test) => {
    const stand = await open(test);
    const { position } = await stand.log.append(invocationEvent(1, "Running"));
    const consumer = await stand.log.consumer("reader");
    for (const delivery of await fetchAll(consumer, 1)) await delivery.ack();
    const log = await stand.lose();
    const page = await log.read(position, { limit: 10 });
    test.equal(page.kind, "expired");
    if (page.kind === "expired") test.not(page.ends.epoch, position.epoch);
    await log.append(invocationEvent(2, "Running"));
    const fresh = await fetchAll(await log.consumer("reader"), 1);
    test.equal(fresh[0]?.event?.id, invocationId(2), "readers go on with what comes");
    const watched = await firstPage(log, position);
    test.equal(watched.kind, "expired");
  });

  t.test(`${name}: a watch gets what is there and what comes`, { skip }, async (test) => {
    const { log } = await open(test);
    await log.append(invocationEvent(1, "Running"));
    const stop = new AbortController();
    const seen: string[] = [];
    const watching = (async () => {
      for await (const page of log.watch(undefined, { signal: stop.signal })) {
        for (const { event } of eventsOf(page)) seen.push(event?.id ?? "");
        if (seen.length === 1) await log.append(invocationEvent(2, "Running"));
        if (seen.length === 2) void log.append(invocationEvent(3, "Running"));
        if (seen.length === 3) stop.abort();
      }
    })();
    await watching;
    test.strictSame(seen, [1, 2, 3].map(invocationId));
  });

  t.test(`${name}: a watch of an empty log gets the first`, { skip }, async (test) => {
    const { log } = await open(test);
    const first = firstPage(log, undefined);
    await log.ends();
    await log.append(invocationEvent(1, "Running"));
    test.equal(eventsOf(await first)[0]?.event?.id, invocationId(1));
  });

  t.test(`${name}: a consumer gets each until it says that it has it`, { skip }, async (test) => {
    const stand = await open(test);
    for (const number of [1, 2, 3]) await stand.log.append(invocationEvent(number, "Running"));
    const consumer = await stand.log.consumer("reader", { ackWaitMs: 2_000 });
    const taken = await fetchAll(consumer, 3);
    test.strictSame(
      taken.map(({ event, attempt }) => [event?.id, attempt]),
      [1, 2, 3].map((number) => [invocationId(number), 1]),
    );
    await taken[0]?.ack();
    await taken[2]?.ack();
    const log = await stand.reopen();
    const other = await log.consumer("other");
    test.equal((await fetchAll(other, 3)).length, 3, "each consumer has its own state");
    const again = await log.consumer("reader", { ackWaitMs: 2_000 });
    await log.append(invocationEvent(4, "Running"));
    const ids = new Set<string | undefined>();
    // One that was given before the restart may be due only later.
    while (ids.size < 2) {
      for (const delivery of await again.fetch({ limit: 10, waitMs: 5_000 })) {
        ids.add(delivery.event?.id);
        await delivery.ack();
      }
    }
    test.strictSame(ids, new Set([invocationId(2), invocationId(4)]));
  });

  t.test(`${name}: what is not answered is given again`, { skip }, async (test) => {
    const { log } = await open(test);
    await log.append(invocationEvent(1, "Running"));
    const consumer = await log.consumer("reader", { ackWaitMs: 1_000 });
    const [first] = await fetchAll(consumer, 1);
    const [late] = await fetchAll(consumer, 1);
    test.strictSame(late?.position, first?.position);
    test.equal(late?.attempt, 2);
    late?.retry();
    const [asked] = await fetchAll(consumer, 1);
    test.equal(asked?.attempt, 3);
    await asked?.ack();
    test.strictSame(await consumer.fetch({ limit: 1, waitMs: 1_500 }), []);
  });

  t.test(`${name}: a fetch gives what there is, and waits for what comes`, { skip }, async (test) => {
    const { log } = await open(test);
    const consumer = await log.consumer("reader");
    const waiting = consumer.fetch({ limit: 10, waitMs: 20_000 });
    await log.append(invocationEvent(1, "Running"));
    test.equal((await waiting).length, 1);
    const stop = new AbortController();
    const stopped = consumer.fetch({ limit: 10, waitMs: 20_000, signal: stop.signal });
    stop.abort();
    test.strictSame(await stopped, []);
  });

  t.test(`${name}: a closed log says so`, { skip }, async (test) => {
    const { log } = await open(test);
    await log.close();
    await log.close();
    const failure = await log.append(invocationEvent(1, "Running")).catch((error: unknown) => error);
    test.ok(failure instanceof ClrkError && failure.code === "CLRK_CLOSED");
  });
}

function eventsOf(page: LogPage) {
  return page.kind === "events" ? page.events : [];
}

async function firstPage(
  log: EventLog,
  after: Parameters<EventLog["watch"]>[0],
): Promise<LogPage> {
  const stop = new AbortController();
  try {
    for await (const page of log.watch(after, { signal: stop.signal })) return page;
  } finally {
    stop.abort();
  }
  throw new Error("Cannot see a page: the watch ended");
}

/** Fetches until so many are there. */
async function fetchAll(consumer: LogConsumer, count: number): Promise<Delivery[]> {
  const taken: Delivery[] = [];
  while (taken.length < count) {
    taken.push(...(await consumer.fetch({ limit: count - taken.length, waitMs: 5_000 })));
  }
  return taken;
}
