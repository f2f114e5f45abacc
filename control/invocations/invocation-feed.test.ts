import { appendFile, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import t from "tap";
import type { Clock } from "../../gateway/clock.ts";
import { ManualClock, systemClock } from "../../gateway/clock.ts";
import { ClrkError } from "../../gateway/errors.ts";
import { silentLogger } from "../../gateway/log.ts";
import type { InvocationEvent } from "../../gateway/invocation-event.ts";
import { encodeEvent } from "./event-codec.ts";
import type { EventLog } from "./event-log.ts";
import { InvocationFeed } from "./invocation-feed.ts";
import { openSqliteEventLog } from "./sqlite-event-log.ts";
import { invocationEvent, invocationId } from "./testdata/invocation-event.ts";

type TestScope = { teardown(callback: () => unknown): unknown };

const textOf = (...events: InvocationEvent[]) =>
  events.map((event) => `${encodeEvent(event)}\n`).join("");

/** Lines of events of these numbers, as a gateway writes them. */
const numbered = (...numbers: number[]) =>
  numbers
    .map((number) => `${JSON.stringify({ ...invocationEvent(number, "Running"), number })}\n`)
    .join("");

async function setUp(test: TestScope) {
  const directory = await mkdtemp(path.join(tmpdir(), "clrk-feed-"));
  const log = openSqliteEventLog({ path: ":memory:", clock: systemClock });
  const feeds: InvocationFeed[] = [];
  test.teardown(async () => {
    for (const feed of feeds) await feed.close();
    await log.close();
    await rm(directory, { recursive: true, force: true });
  });
  const start = (into: EventLog = log, clock: Clock = systemClock) => {
    const positionsFile = path.join(directory, "positions.json");
    const feed = new InvocationFeed({
      ...{ directory, positionsFile, log: into },
      ...{ clock, logger: silentLogger },
    });
    feeds.push(feed);
    feed.start();
    return feed;
  };
  /** Resolves when so many lines were read. */
  const untilRead = async (feed: InvocationFeed, count: number) => {
    while (feed.status.taken + feed.status.unreadable < count) {
      feed.look();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const logged = async () => {
    const page = await log.read(undefined, { limit: 100 });
    return page.kind === "events" ? page.events.map(({ event }) => event?.id) : [];
  };
  return { directory, log, start, untilRead, logged };
}

t.test("what gateways write is logged as it comes, line by line", async (t) => {
  const { directory, start, untilRead, logged } = await setUp(t);
  const file = path.join(directory, "invocations.jsonl");
  const text = textOf(invocationEvent(1, "Running"), invocationEvent(2, "Running"));
  await writeFile(file, text.slice(0, -10));
  await writeFile(path.join(directory, "records.jsonl"), textOf(invocationEvent(9, "Running")));
  await writeFile(
    path.join(directory, "invocations-4711.jsonl"),
    textOf(invocationEvent(3, "Running")),
  );
  const feed = start();
  await untilRead(feed, 2);
  t.same(new Set(await logged()), new Set([1, 3].map(invocationId)), "half a line is none");
  await appendFile(file, text.slice(-10));
  await untilRead(feed, 3);
  t.same(new Set(await logged()), new Set([1, 2, 3].map(invocationId)));
  t.equal(feed.status.failure, "");
});

t.test("a file that is rotated is read to its end, and no file twice", async (t) => {
  const { directory, start, untilRead, log } = await setUp(t);
  const file = path.join(directory, "invocations.jsonl");
  await writeFile(file, textOf(invocationEvent(1, "Running")));
  const first = start();
  await untilRead(first, 1);
  await first.close();
  await appendFile(file, textOf(invocationEvent(2, "Running")));
  await rename(file, path.join(directory, "invocations-20260102T030405678Z.jsonl"));
  await writeFile(file, textOf(invocationEvent(3, "Running")));
  const second = start();
  await untilRead(second, 2);
  t.equal(second.status.taken, 2, "where the one before had ended");
  await second.close();
  await rm(path.join(directory, "positions.json"));
  const third = start();
  await untilRead(third, 3);
  t.equal((await log.ends()).latest, 3, "read again, and logged once");
});

t.test("events whose files went before they were read are counted as lost", async (t) => {
  const { directory, start, untilRead, logged } = await setUp(t);
  const file = path.join(directory, "invocations.jsonl");
  await writeFile(file, numbered(1, 2));
  const first = start();
  await untilRead(first, 2);
  t.equal(first.status.lost, 0);
  await first.close();
  // Nobody reads while this is rotated away, and what comes after it is there still.
  await writeFile(path.join(directory, "invocations-20260102T030405678Z.jsonl"), numbered(6));
  await rename(file, path.join(directory, "invocations-20260101T030405678Z.jsonl"));
  await writeFile(file, numbered(7, 9));
  const second = start();
  await untilRead(second, 3);
  t.same(await logged(), [1, 2, 6, 7, 9].map(invocationId));
  t.equal(second.status.lost, 4, "three in files that are gone, and one that no file took");
  await second.close();
  await appendFile(file, textOf(invocationEvent(20, "Running")) + numbered(10));
  await writeFile(path.join(directory, "invocations-4711.jsonl"), numbered(3));
  const third = start();
  await untilRead(third, 3);
  t.equal(third.status.lost, 2, "those of another process; what was counted is not again");
});

t.test("events that are read in a later look are not lost", async (t) => {
  const { directory, log, start, untilRead, logged } = await setUp(t);
  let isFull = true;
  const failing: EventLog = Object.create(log, {
    append: {
      value: async (event: InvocationEvent) => {
        // Rotated after the folder was listed.
        if (event.id === invocationId(1)) {
          const between = path.join(directory, "invocations-20260102T030405678Z.jsonl");
          await writeFile(between, numbered(2, 3));
        }
        if (event.id === invocationId(5) && isFull) {
          isFull = false;
          throw new ClrkError("CLRK_STORAGE_FAILED", "Disk full");
        }
        return log.append(event);
      },
    },
  });
  await writeFile(path.join(directory, "invocations-20260101T030405678Z.jsonl"), numbered(1));
  await writeFile(path.join(directory, "invocations.jsonl"), numbered(5));
  const feed = start(failing);
  await untilRead(feed, 4);
  t.same(await logged(), [1, 2, 3, 5].map(invocationId));
  t.equal(feed.status.lost, 1, "counted once, however often it was tried");
});

t.test("readAll() is true when all that was written before is logged", async (t) => {
  const { directory, log, start, logged } = await setUp(t);
  const file = path.join(directory, "invocations.jsonl");
  const feed = start();
  for (const number of [1, 2, 3]) {
    await appendFile(file, textOf(invocationEvent(number, "Running")));
    t.equal(await feed.readAll(), true);
    t.equal((await logged()).length, number);
  }
  await feed.close();
  t.equal(await feed.readAll(), false, "nobody reads any more");
  const failing: EventLog = Object.create(log, {
    append: { value: () => Promise.reject(new ClrkError("CLRK_STORAGE_FAILED", "Disk full")) },
  });
  await appendFile(file, textOf(invocationEvent(4, "Running")));
  const second = start(failing);
  t.equal(await second.readAll(), false);
});

t.test("readAll() is false when a file moved before it was read", async (t) => {
  const { directory, log, start } = await setUp(t);
  const [earlier, file] = ["invocations-20260101T030405678Z.jsonl", "invocations.jsonl"].map(
    (name) => path.join(directory, name),
  );
  if (earlier === undefined || file === undefined) throw new TypeError("Two files were named");
  const moving: EventLog = Object.create(log, {
    append: {
      value: async (event: InvocationEvent) => {
        // After the folder was listed.
        await rename(file, path.join(directory, "invocations-20260102T030405678Z.jsonl")).catch(
          () => {},
        );
        return log.append(event);
      },
    },
  });
  const feed = start(moving, new ManualClock());
  t.equal(await feed.readAll(), true);
  await writeFile(earlier, textOf(invocationEvent(1, "Running")));
  await writeFile(file, textOf(invocationEvent(2, "Running")));
  t.equal(await feed.readAll(), false);
  t.equal(await feed.readAll(), true);
  t.equal((await log.ends()).latest, 2);
});

t.test("what is no event is passed over and counted", async (t) => {
  const { directory, start, untilRead, logged } = await setUp(t);
  const lines = ["{", '{"id":1}', "", textOf(invocationEvent(1, "Running"))].join("\n");
  const huge = `${"x".repeat(300 * 1024)}\n`;
  await writeFile(path.join(directory, "invocations.jsonl"), huge + lines);
  const feed = start();
  await untilRead(feed, 5);
  t.same(await logged(), [invocationId(1)]);
  t.equal(feed.status.unreadable, 4, "two lines, and two parts of what is too long to be one");
});

t.test("while the log does not take it, nothing is passed over", async (t) => {
  const { directory, log, start, untilRead, logged } = await setUp(t);
  let isFull = true;
  const failing: EventLog = Object.create(log, {
    append: {
      value: (event: InvocationEvent) =>
        isFull
          ? Promise.reject(new ClrkError("CLRK_STORAGE_FAILED", "Disk full"))
          : log.append(event),
    },
  });
  await writeFile(path.join(directory, "invocations.jsonl"), textOf(invocationEvent(1, "Running")));
  const feed = start(failing);
  while (feed.status.failure === "") await new Promise((resolve) => setImmediate(resolve));
  t.match(feed.status, { taken: 0, failure: /Cannot take what became of runs: Disk full/ });
  isFull = false;
  await untilRead(feed, 1);
  t.same(await logged(), [invocationId(1)]);
});

t.test("positions that cannot be read only cost time", async (t) => {
  const { directory, start, untilRead } = await setUp(t);
  await writeFile(path.join(directory, "positions.json"), "{");
  await writeFile(path.join(directory, "invocations.jsonl"), textOf(invocationEvent(1, "Running")));
  const feed = start();
  await untilRead(feed, 1);
  await feed.close();
  const positions = await readFile(path.join(directory, "positions.json"), "utf8");
  t.match(Object.values(JSON.parse(positions)), [Number]);
});
