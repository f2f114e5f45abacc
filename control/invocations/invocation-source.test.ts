import t from "tap";
import { ManualClock } from "../../gateway/clock.ts";
import type { InvocationPhase } from "../../crds/invocation.ts";
import type { InvocationEvent } from "../../gateway/invocation-event.ts";
import type { InvocationNews, InvocationWatchQuery } from "./invocation-source.ts";
import { InvocationSource } from "./invocation-source.ts";
import type { SqliteInvocationStoreOptions } from "./sqlite-invocation-store.ts";
import { openSqliteInvocationStore } from "./sqlite-invocation-store.ts";
import { invocationEvent, invocationId } from "./testdata/invocation-event.ts";

type TestScope = { teardown(callback: () => unknown): unknown };

function openSource(test: TestScope, options: Partial<SqliteInvocationStoreOptions> = {}) {
  const clock = new ManualClock();
  const store = openSqliteInvocationStore({ path: ":memory:", clock, ...options });
  const source = new InvocationSource({ store, clock });
  test.teardown(() => {
    source.close();
    store.close();
  });
  let sequence = 0;
  const tell = (...events: InvocationEvent[]) =>
    store.apply(
      events.map((event) => ({ position: { epoch: "one", sequence: ++sequence }, event })),
    );
  return { clock, store, source, tell };
}

/** Says each piece of news in one line. */
function lineOf(news: InvocationNews): string {
  if (news.kind === "expired") return "expired";
  if (news.kind === "bookmark") return news.isFirst ? "synced" : `at ${news.resourceVersion}`;
  return `${news.type} ${Number.parseInt(news.object.metadata.name.slice(-4), 16)} ${news.object.status.phase}`;
}

/** A watch whose news are taken one by one. */
function watch(
  test: TestScope,
  source: InvocationSource,
  query: Omit<InvocationWatchQuery, "signal">,
) {
  const stop = new AbortController();
  const news = source.watch({ ...query, signal: stop.signal });
  test.teardown(() => stop.abort());
  const next = async () => {
    const { value, done } = await news.next();
    return done === true ? "end" : lineOf(value);
  };
  const take = async (count: number) => {
    const lines: string[] = [];
    while (lines.length < count) lines.push(await next());
    return lines;
  };
  return { stop, next, take };
}

t.test("list() goes page by page at one revision, and says when it is through", async (t) => {
  const { source, tell } = openSource(t);
  tell(...[1, 2, 3, 4, 5].map((number) => invocationEvent(number, "Running")));
  const names: string[] = [];
  const versions = new Set<string>();
  let token = "";
  do {
    const page = source.list({ namespace: "default", limit: 2, continue: token });
    if (page.kind !== "page") throw new Error(page.kind);
    names.push(...page.items.map(({ metadata }) => metadata.name));
    versions.add(page.resourceVersion);
    token = page.continue ?? "";
    tell(invocationEvent(5 + names.length, "Running"));
  } while (token !== "");
  t.strictSame(names, [5, 4, 3, 2, 1].map(invocationId));
  t.equal(versions.size, 1);
});

t.test("list() finds an id in all namespaces without a look at the others", async (t) => {
  const { source, tell } = openSource(t);
  const many = 20_000;
  tell(...Array.from({ length: many }, (_, number) => invocationEvent(number, "Running")));
  const timeOf = (work: () => void) => {
    const start = performance.now();
    work();
    return performance.now() - start;
  };
  const scan = timeOf(() => void source.list({ matches: () => false }));
  const finds = timeOf(() => {
    for (let number = 0; number < 20; number++) {
      const page = source.list({ id: invocationId(number) });
      t.match(page, { kind: "page", items: { length: 1 } });
    }
  });
  t.ok(finds < scan / 2, `20 ids in ${finds} ms, 4,096 rows in ${scan} ms`);
});

t.test("list() bounds its pages", async (t) => {
  const { source, tell } = openSource(t);
  tell(...Array.from({ length: 1_100 }, (_, number) => invocationEvent(number, "Running")));
  const sizeOf = (limit?: number) => {
    const page = source.list({ ...(limit !== undefined && { limit }) });
    return page.kind === "page" ? page.items.length : -1;
  };
  t.strictSame([sizeOf(), sizeOf(0), sizeOf(5_000)], [100, 1, 1_000]);
});

t.test("list() takes no token that it did not give", async (t) => {
  const { source, tell } = openSource(t);
  tell(invocationEvent(1, "Running"));
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const id = invocationId(1);
  const tokens = [
    ..."x {} ".split(" ").slice(0, 2),
    encode([1, 2, "default"]),
    encode([-1, 2, "default", id]),
    encode([1, 1.5, "default", id]),
    encode([1, 2, 3, id]),
    encode([1, 2, "default", "x"]),
    "A".repeat(2_000),
  ];
  for (const token of tokens) {
    t.equal(source.list({ continue: token }).kind, "malformed-continue", token.slice(0, 20));
  }
  t.equal(source.list({ continue: encode([99, 2, "default", id]) }).kind, "expired");
});

t.test("watch() from now tells what comes, to its namespace only", async (t) => {
  const { source, tell } = openSource(t);
  const agent = { kind: "TaskAgent", namespace: "other", name: "writer", uid: "" };
  tell(invocationEvent(1, "Running"));
  const { take } = watch(t, source, { namespace: "default", from: "now" });
  const lines = take(3);
  tell(invocationEvent(2, "Running"), invocationEvent(3, "Running", { agent }));
  tell(invocationEvent(1, "Succeeded"), invocationEvent(2, "Failed"));
  t.strictSame(await lines, ["ADDED 2 Running", "MODIFIED 1 Succeeded", "MODIFIED 2 Failed"]);
});

t.test("watch() from the state tells that first, then what comes", async (t) => {
  const { source, tell } = openSource(t);
  tell(invocationEvent(1, "Running"), invocationEvent(2, "Running"));
  const { take, next } = watch(t, source, { from: "state" });
  t.strictSame(await take(3), ["ADDED 2 Running", "ADDED 1 Running", "synced"]);
  const line = next();
  tell(invocationEvent(1, "Succeeded"));
  t.equal(await line, "MODIFIED 1 Succeeded");
});

t.test("watch() after a revision misses nothing and repeats nothing", async (t) => {
  const { source, store, tell } = openSource(t);
  const phases: InvocationPhase[] = ["Pending", "Dispatched", "Running", "Succeeded"];
  const revisions = phases.map((phase) => {
    tell(invocationEvent(1, phase));
    return store.revision;
  });
  const { take } = watch(t, source, { from: { after: String(revisions[1]) } });
  t.strictSame(await take(2), ["MODIFIED 1 Running", "MODIFIED 1 Succeeded"]);
});

t.test("what begins to fit is added, and what fits no more is deleted", async (t) => {
  const { source, tell } = openSource(t);
  tell(invocationEvent(1, "Dispatched"));
  const runs: InvocationWatchQuery["matches"] = ({ status }) => status.phase === "Running";
  const { take } = watch(t, source, { matches: runs, from: "now" });
  const lines = take(2);
  tell(invocationEvent(1, "Running"));
  tell(invocationEvent(1, "Failed"));
  tell(invocationEvent(2, "Failed"));
  t.strictSame(await lines, ["ADDED 1 Running", "DELETED 1 Failed"]);
});

t.test("watch() of an agent is its own", async (t) => {
  const { source, tell } = openSource(t);
  const agent = { kind: "TaskAgent", name: "other" };
  const { next } = watch(t, source, { agent, from: "now" });
  const line = next();
  tell(
    invocationEvent(1, "Running"),
    invocationEvent(2, "Running", { agent: { ...agent, namespace: "default", uid: "" } }),
  );
  t.equal(await line, "ADDED 2 Running");
});

t.test("what is removed is told as deleted", async (t) => {
  const { source, store, clock, tell } = openSource(t, { mostInvocations: 1 });
  tell(invocationEvent(1, "Succeeded"));
  clock.advance(1_000);
  tell(invocationEvent(2, "Running"));
  const { next } = watch(t, source, { from: "now" });
  const line = next();
  store.prune();
  t.equal(await line, "DELETED 1 Succeeded");
});

t.test("a watch that is quiet tells how far it is", async (t) => {
  const { source, clock, tell } = openSource(t);
  const { next } = watch(t, source, { namespace: "other", from: "now", bookmarkMs: 60_000 });
  const first = next();
  tell(invocationEvent(1, "Running"));
  await new Promise((resolve) => setImmediate(resolve));
  clock.advance(60_000);
  t.equal(await first, "at 1", "also past what it does not see");
});

t.test("a watch whose place is gone is told so, and ends", async (t) => {
  const { source, store, tell } = openSource(t, { mostVersions: 1 });
  for (const phase of ["Pending", "Running", "Failed"] as const) tell(invocationEvent(1, phase));
  store.prune();
  for (const after of ["1", "99", "x", ""]) {
    const { take } = watch(t, source, { from: { after } });
    t.strictSame(await take(2), ["expired", "end"], after);
  }
});

t.test("a watch ends with its signal, and with the source", async (t) => {
  const { source } = openSource(t);
  const one = watch(t, source, { from: "now" });
  const first = one.next();
  one.stop.abort();
  t.equal(await first, "end");
  const other = watch(t, source, { from: "now" });
  const second = other.next();
  source.close();
  t.equal(await second, "end");
});
