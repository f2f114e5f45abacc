import t from "tap";
import { ActivityFeed } from "./activity-feed.ts";
import type { ActivityReport } from "./activity-report.ts";
import { ManualClock } from "./clock.ts";
import { httpRecord } from "./testdata/egress-record.ts";
import type { EgressRecord } from "./record.ts";

function open() {
  const clock = new ManualClock();
  const feed = new ActivityFeed({
    clock,
    runs: () => new Map([["Process/default/a", 2]]),
  });
  const reports: ActivityReport[] = [];
  return { clock, feed, reports, onReport: (report: ActivityReport) => reports.push(report) };
}

function recordOf(name: string, changes: Partial<EgressRecord> = {}): EgressRecord {
  const record = httpRecord(changes);
  const agent = {
    kind: "Process",
    namespace: "default",
    name,
    uid: "",
    revision: "",
    invocationId: "",
  };
  return { ...record, agent };
}

t.test(
  "follow() reports four times a second, however much passes, and counts all of it",
  async (t) => {
    const { clock, feed, reports, onReport } = open();
    feed.note(recordOf("a"));
    const stop = feed.follow(onReport);
    t.equal(reports.length, 1, "the present state");
    t.equal(reports[0]?.total.requests, 0, "nothing is counted before somebody looked");
    for (let ms = 0; ms < 1_000; ms++) {
      for (let request = 0; request < 10; request++) feed.note(recordOf(request < 7 ? "a" : "b"));
      clock.advance(1);
    }
    t.equal(reports.length, 5);
    const last = reports.at(-1);
    t.equal(last?.total.requests, 10_000);
    const shown = reports.reduce((sum, { lines, skipped }) => sum + lines.length + skipped, 0);
    t.equal(shown, 10_000, "what is not shown is told as a number");
    t.ok(reports.every(({ lines }) => lines.length <= 32));
    t.strictSame(
      last?.agents.map(({ agent, total, runs }) => [agent, total.requests, runs]),
      [
        ["Process/default/a", 7_000, 2],
        ["Process/default/b", 3_000, 0],
      ],
    );
    stop();
    t.equal(clock.pendingTimers, 0);
    feed.note(recordOf("a"));
    feed.follow(onReport)();
    t.equal(
      reports.at(-1)?.total.requests,
      10_001,
      "counts go on while nobody looks, so that they stay exact",
    );
  },
);

t.test("the minute goes by without traffic", async (t) => {
  const { clock, feed, reports, onReport } = open();
  feed.follow(onReport);
  feed.note(recordOf("a"));
  clock.advance(250);
  t.equal(reports.at(-1)?.lastMinute.requests, 1);
  clock.advance(62_000);
  t.equal(reports.at(-1)?.lastMinute.requests, 0);
  t.equal(reports.at(-1)?.agents[0]?.lastMinute.requests, 0);
  t.equal(reports.at(-1)?.total.requests, 1);
  const count = reports.length;
  clock.advance(600_000);
  t.equal(reports.length, count, "then nothing is said any more");
});

t.test("a second follower takes nobody's news away", async (t) => {
  const { clock, feed, reports, onReport } = open();
  feed.follow(onReport);
  feed.note(recordOf("a"));
  const other: ActivityReport[] = [];
  feed.follow((report) => other.push(report));
  t.equal(other[0]?.agents[0]?.total.requests, 1);
  clock.advance(250);
  t.equal(reports.at(-1)?.agents.length, 1);
});

t.test("agents, models and hosts are bounded, and their sums stay exact", async (t) => {
  const { clock, feed, reports, onReport } = open();
  feed.follow(onReport);
  const { request } = httpRecord();
  for (let agent = 0; agent < 1_000; agent++) feed.note(recordOf(`a${agent}`));
  for (let host = 0; host < 1_000; host++) {
    feed.note(recordOf("a0", { request: { ...request, host: `h${host}.test` } }));
  }
  feed.follow(onReport);
  clock.advance(250);
  const report = reports.find(({ agents }) => agents.length > 100);
  t.equal(report?.agents.length, 257);
  t.equal(
    report?.agents.reduce((sum, { total }) => sum + total.requests, 0),
    2_000,
  );
  const hosts = report?.agents[0]?.hosts ?? [];
  t.equal(hosts.length, 17);
  t.equal(
    hosts.reduce((sum, { requests }) => sum + requests, 0),
    1_001,
  );
});
