/** Tests of what a control process says of itself. */
import t from "tap";
import type { ConnectedCall } from "./apiserver/api-context.ts";
import { ManualClock } from "../gateway/clock.ts";
import { controlReport } from "./testdata/control-report.ts";
import { createReporter, reportResource, writeReports } from "./process-report.ts";

const { telemetry } = controlReport();
const one = { object: "EgressHTTPRoute default/one", file: "a.yaml", line: 1 };

t.test("a report has the process, its telemetry and its invocations", async (t) => {
  const clock = new ManualClock(Date.UTC(2026, 0, 2));
  const report = createReporter({
    ...{ version: "1.2.3", restarts: 4, clock },
    deleted: () => Array.from({ length: 21 }, (_, index) => ({ ...one, line: index })),
    telemetry: { report: async () => telemetry },
    invocations: { status: { state: "opening", failure: "locked" } },
  });
  clock.advance(5_000);
  t.match(await report(), {
    kind: "ControlStatus",
    process: {
      pid: process.pid,
      version: "1.2.3",
      restarts: 4,
      startedAt: "2026-01-02T00:00:00.000Z",
    },
    telemetry: { state: "ready" },
    invocations: { state: "opening", problem: "locked" },
    files: { deletedCount: 21, deleted: { length: 20 } },
  });
  const { group, version, plural, verbs } = reportResource(report);
  t.same(
    [group, version, plural, verbs],
    ["clrk.apoxy.dev", "v1alpha1", "controlstatus", ["list"]],
  );
});

t.test("who only reads sees no file, address or word of the system", async (t) => {
  const { store } = telemetry;
  const failing = controlReport({
    ...{ state: "failing", problem: "Files cannot be read: EACCES secret-a; see their rights" },
    ...{ advice: "Files cannot be read; see their rights" },
    store: { ...store, kind: "server", place: "https://secret-b:8443" },
    otlp: { address: "secret-c:4318", takenRows: 7 },
  });
  const resource = reportResource(async () => ({
    ...failing,
    invocations: { state: "opening", problem: "Cannot open /secret-d", lostEvents: 0 },
    files: {
      deletedCount: 2,
      deleted: [
        { ...one, file: "/secret-e/a.yaml" },
        { object: "Secret default/secret-f", file: "b.yaml", line: 1 },
      ],
    },
  }));
  const seenBy = async (role: "admin" | "viewer") => {
    const call = { user: { name: role, role } } as unknown as ConnectedCall;
    return (await resource.answer(call))?.body ?? "";
  };
  t.same((await seenBy("admin")).match(/secret-\w/g)?.toSorted(), [
    ...["secret-a", "secret-b", "secret-c", "secret-d", "secret-e", "secret-f"],
  ]);
  const seen = await seenBy("viewer");
  t.notMatch(seen, "secret");
  t.match(JSON.parse(seen), {
    process: { pid: 4712 },
    telemetry: {
      ...{ state: "failing", problem: "Files cannot be read; see their rights" },
      store: { kind: "server", place: null, rows: store.rows },
      otlp: { address: null, takenRows: 7 },
    },
    invocations: { state: "opening", problem: /^Invocations are not up to date; the log / },
    files: { deletedCount: 2, deleted: [{ ...one, file: null }] },
  });
});

t.test("a report has the events of runs that were lost", async (t) => {
  const feed = { taken: 5, unreadable: 0, lost: 3, failure: "" };
  const counts = { changed: 0, known: 0, foreign: 0, unreadable: 0 };
  const records = { counted: 0, known: 0, foreign: 0 };
  const store = { invocations: 5, revision: 5, applied: counts, records, removed: 0 };
  const report = createReporter({
    ...{ version: "1.2.3", restarts: 0, clock: new ManualClock() },
    deleted: () => [],
    telemetry: { report: async () => telemetry },
    invocations: {
      status: {
        ...{ state: "open", store, materialiser: { taken: 5, retries: 0, failure: "" }, feed },
        lostRuns: { ended: 0, failure: "" },
        rootSpans: { told: 0, failure: "" },
      },
    },
  });
  t.same((await report()).invocations, { state: "open", problem: null, lostEvents: 3 });
});

t.test("a report says what does not work of invocations that are open", async (t) => {
  const counts = { changed: 0, known: 0, foreign: 0, unreadable: 0 };
  const records = { counted: 0, known: 0, foreign: 0 };
  const store = { invocations: 5, revision: 5, applied: counts, records, removed: 0 };
  const well = { taken: 5, retries: 0, failure: "" };
  const problemOf = async (materialiser: string, lostRuns: string, rootSpans = "") => {
    const report = createReporter({
      ...{ version: "1.2.3", restarts: 0, clock: new ManualClock(), deleted: () => [] },
      telemetry: { report: async () => telemetry },
      invocations: {
        status: {
          ...{ state: "open", store, materialiser: { ...well, failure: materialiser } },
          lostRuns: { ended: 0, failure: lostRuns },
          rootSpans: { told: 0, failure: rootSpans },
        },
      },
    });
    return (await report()).invocations.problem;
  };
  t.equal(await problemOf("", ""), null);
  t.equal(await problemOf("Cannot store", "Cannot look"), "Cannot store");
  t.equal(await problemOf("", "Cannot look"), "Cannot look");
  t.equal(await problemOf("", "", "Cannot tell"), "Cannot tell");
});

t.test("writeReports() writes often while telemetry is being opened, then every 2 s", async (t) => {
  const clock = new ManualClock();
  let state: "opening" | "ready" = "opening";
  const lines: string[] = [];
  const stop = writeReports(async () => controlReport({ state }), {
    clock,
    write: (line, onTaken) => {
      lines.push(line);
      onTaken();
    },
  });
  const step = async (ms: number) => {
    clock.advance(ms);
    await new Promise(setImmediate);
  };
  await step(0);
  t.equal(lines.length, 1);
  t.match(JSON.parse(lines[0] ?? ""), { kind: "report", report: { kind: "ControlStatus" } });
  state = "ready";
  await step(250);
  t.equal(lines.length, 2);
  await step(1_999);
  t.equal(lines.length, 2);
  await step(1);
  t.equal(lines.length, 3);
  stop();
  await step(10_000);
  t.equal(lines.length, 3);
});

t.test(
  "writeReports() adds nothing to a line that nobody takes, and counts what it skips",
  async (t) => {
    const clock = new ManualClock();
    const lines: string[] = [];
    let asked = 0;
    let take = () => {};
    const report = async () => {
      asked++;
      return controlReport();
    };
    const stop = writeReports(report, {
      clock,
      write: (line, onTaken) => {
        lines.push(line);
        take = onTaken;
      },
    });
    t.teardown(stop);
    const step = async () => {
      clock.advance(2_000);
      await new Promise(setImmediate);
    };
    await new Promise(setImmediate);
    for (let steps = 0; steps < 1_000; steps++) await step();
    t.equal(lines.length, 1);
    t.equal(asked, 1, "nor is anything looked up for it");
    take();
    await step();
    t.equal(lines.length, 2);
    t.match(JSON.parse(lines[1] ?? ""), { report: { kind: "ControlStatus" }, skipped: 1_000 });
    await step();
    t.equal(lines.length, 2);
  },
);

t.test("those who ask at the same time share one report", async (t) => {
  let asked = 0;
  const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
  const report = createReporter({
    ...{ version: "1.2.3", restarts: 0, clock: new ManualClock() },
    deleted: () => [],
    telemetry: {
      report: async () => {
        asked++;
        await answered;
        return telemetry;
      },
    },
    invocations: { status: { state: "opening", failure: "" } },
  });
  const all = Array.from({ length: 100 }, report);
  answer();
  await Promise.all(all);
  t.equal(asked, 1);
  await report();
  t.equal(asked, 2, "later ones are of then");
});
