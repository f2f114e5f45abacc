/** Life of an authority over months of manual time and over several processes. */
import { chmod, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { ManualClock } from "../gateway/clock.ts";
import { openAuthority } from "./authority.ts";
import type { AuthorityOptions } from "./authority.ts";
import { testStartMs } from "./testdata/create-issuer.ts";
import { runTool } from "./testdata/run-tool.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

type Teardown = { teardown(fn: () => Promise<unknown>): void };

async function createDirectory(t: Teardown): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "clrk-authority-"));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

async function open(t: Teardown, options: Partial<AuthorityOptions> & { clock: ManualClock }) {
  const errors: unknown[] = [];
  const authority = await openAuthority({
    directory: options.directory ?? (await createDirectory(t)),
    egressGateway: "default/main",
    onError: (error) => errors.push(error),
    ...options,
  });
  t.teardown(() => authority.close());
  return { authority, errors };
}

t.test("openAuthority() creates once and loads the same later", async (t) => {
  const directory = await createDirectory(t);
  const clock = new ManualClock(testStartMs);
  const { authority } = await open(t, { directory, clock });
  const issuer = authority.issuer();
  t.equal(issuer?.notAfterMs, testStartMs + 365 * dayMs);
  t.same(authority.trustAnchorsPem(), [issuer?.certificatePem]);
  const again = await open(t, { directory, clock });
  t.equal(again.authority.issuer()?.id, issuer?.id);
  t.same(await readdir(directory), ["authority-1.pem"]);
});

t.test(
  "openAuthority() ends with one authority when processes create at once",
  { timeout: 60_000 },
  async (t) => {
    const directory = await createDirectory(t);
    const script = join(import.meta.dirname, "testdata/open-authority.ts");
    const results = await Promise.all(
      Array.from({ length: 4 }, () => runTool(process.execPath, [script, directory])),
    );
    for (const { code, output } of results) t.equal(code, 0, output);
    t.match(results[0]?.output, /^[0-9a-f]{40}\n$/);
    t.equal(new Set(results.map(({ output }) => output)).size, 1);
    t.same(await readdir(directory), ["authority-1.pem"]);
  },
);

t.test("rotate() trusts the new one at once and mints with it after the lead time", async (t) => {
  const clock = new ManualClock(testStartMs);
  const { authority } = await open(t, { clock });
  let changes = 0;
  authority.subscribe(() => changes++);
  const old = authority.issuer();
  const next = await authority.rotate();
  t.equal(next.mintFromMs, testStartMs + 7 * dayMs);
  t.equal(changes, 1);
  t.equal(authority.issuer()?.id, old?.id);
  t.same(authority.trustAnchorsPem(), [old?.certificatePem, next.certificatePem]);
  t.same(
    authority.roles().next.map(({ id }) => id),
    [next.id],
  );

  clock.advance(7 * dayMs - 1);
  t.equal(authority.issuer()?.id, old?.id);
  clock.advance(1);
  t.equal(authority.issuer()?.id, next.id);
  t.same(
    authority.roles().previous.map(({ id }) => id),
    [old?.id],
  );
  t.equal(authority.trustAnchorsPem().length, 2, "leaves of the old one are still in use");

  clock.advance(dayMs);
  await authority.refresh();
  t.same(authority.trustAnchorsPem(), [next.certificatePem]);
  t.equal(changes, 2);
});

t.test("rotate() starts one rotation however often it is asked, by all processes", async (t) => {
  const directory = await createDirectory(t);
  const clock = new ManualClock(testStartMs);
  const [one, two] = [await open(t, { directory, clock }), await open(t, { directory, clock })];
  const created = await Promise.all([
    one.authority.rotate(),
    two.authority.rotate(),
    one.authority.rotate(),
  ]);
  t.equal(new Set(created.map(({ id }) => id)).size, 1);
  t.same((await readdir(directory)).sort(), ["authority-1.pem", "authority-2.pem"]);
});

t.test("refresh() runs every minute and sees what another process did", async (t) => {
  const directory = await createDirectory(t);
  const clock = new ManualClock(testStartMs);
  const [one, two] = [await open(t, { directory, clock }), await open(t, { directory, clock })];
  const changed = new Promise<void>((resolve) => {
    two.authority.subscribe(resolve);
  });
  const next = await one.authority.rotate();
  t.equal(two.authority.roles().next.length, 0);
  clock.advance(60_000);
  await changed;
  t.same(
    two.authority.roles().next.map(({ id }) => id),
    [next.id],
  );
});

t.test("refresh() creates the successor in the last quarter of life", async (t) => {
  const clock = new ManualClock(testStartMs);
  const { authority } = await open(t, { clock, lifeMs: 40 * dayMs, overlapLeadMs: 2 * dayMs });
  const old = authority.issuer();
  clock.advance(30 * dayMs - 1);
  await authority.refresh();
  t.same(authority.roles().next, []);
  clock.advance(1);
  await authority.refresh();
  const [next] = authority.roles().next;
  t.equal(next?.mintFromMs, testStartMs + 32 * dayMs);
  await authority.refresh();
  t.equal(authority.roles().next.length, 1, "one successor is enough");
  clock.advance(2 * dayMs);
  t.equal(authority.issuer()?.id, next?.id);
  t.not(next?.id, old?.id);
});

t.test(
  "refresh() shortens the lead time when the machine was off until shortly before the end",
  async (t) => {
    const directory = await createDirectory(t);
    const { authority: before } = await open(t, { directory, clock: new ManualClock(testStartMs) });
    await before.close();
    const clock = new ManualClock(testStartMs + 362 * dayMs);
    const { authority } = await open(t, { directory, clock });
    t.equal(authority.roles().next[0]?.mintFromMs, testStartMs + 364 * dayMs);
    t.equal(authority.issuer()?.id, before.issuer()?.id);
  },
);

t.test("openAuthority() replaces an expired authority at once", async (t) => {
  const directory = await createDirectory(t);
  const { authority: before } = await open(t, { directory, clock: new ManualClock(testStartMs) });
  await before.close();
  const nowMs = testStartMs + 400 * dayMs;
  const { authority } = await open(t, { directory, clock: new ManualClock(nowMs) });
  t.equal(authority.issuer()?.mintFromMs, nowMs);
  t.same(await readdir(directory), ["authority-2.pem"]);
});

t.test(
  "openAuthority() replaces an authority of the future, made under a wrong clock",
  async (t) => {
    const directory = await createDirectory(t);
    const wrong = await open(t, { directory, clock: new ManualClock(testStartMs + 900 * dayMs) });
    await wrong.authority.close();
    const { authority } = await open(t, { directory, clock: new ManualClock(testStartMs) });
    t.equal(authority.issuer()?.mintFromMs, testStartMs);
    t.equal(authority.trustAnchorsPem().length, 1);
  },
);

t.test("the periodic check reports a failure and goes on with what is known", async (t) => {
  const directory = await createDirectory(t);
  const clock = new ManualClock(testStartMs);
  const errors: unknown[] = [];
  const reported = Promise.withResolvers<unknown>();
  const authority = await openAuthority({
    directory,
    egressGateway: "default/main",
    clock,
    onError: (error) => {
      errors.push(error);
      reported.resolve(error);
    },
  });
  t.teardown(() => authority.close());
  const issuer = authority.issuer();
  await chmod(join(directory, "authority-1.pem"), 0o644);
  clock.advance(60_000);
  await reported.promise;
  t.match(errors[0], { code: "CLRK_PRECONDITION_FAILED" });
  t.equal(authority.issuer()?.id, issuer?.id);
  await chmod(join(directory, "authority-1.pem"), 0o600);
  await authority.refresh();
  t.equal(errors.length, 1);
});

t.test("a subscriber that throws is reported and does not stop the others", async (t) => {
  const { authority, errors } = await open(t, { clock: new ManualClock(testStartMs) });
  const failure = new Error("subscriber");
  let changes = 0;
  authority.subscribe(() => {
    throw failure;
  });
  const unsubscribe = authority.subscribe(() => changes++);
  await authority.rotate();
  t.same(errors, [failure]);
  t.equal(changes, 1);
  unsubscribe();
  t.equal(changes, 1);
});

t.test("close() stops the timer, twice", async (t) => {
  const clock = new ManualClock(testStartMs);
  const { authority } = await open(t, { clock });
  t.equal(clock.pendingTimers, 1);
  await authority.close();
  await authority.close();
  await authority[Symbol.asyncDispose]();
  authority.start();
  t.equal(clock.pendingTimers, 0);
  t.ok(authority.issuer(), "what is known stays readable");
});

t.test("openAuthority() refuses durations without room for an overlap", async (t) => {
  const cases = [
    { options: { lifeMs: Number.NaN }, message: "a duration is not a finite, non-negative number" },
    { options: { overlapLeadMs: -1 }, message: "a duration is not a finite, non-negative number" },
    {
      options: { lifeMs: dayMs, rotateBeforeMs: dayMs },
      message: `rotateBeforeMs is ${dayMs}, wanted less than lifeMs (${dayMs})`,
    },
    {
      options: { lifeMs: 28 * dayMs },
      message: `rotateBeforeMs is ${7 * dayMs}, wanted at least overlapLeadMs + leafLifeMs (${8 * dayMs})`,
    },
  ];
  for (const { options, message } of cases) {
    await t.rejects(
      open(t, { clock: new ManualClock(testStartMs), ...options }),
      new RangeError(`Cannot open authority: ${message}`),
    );
  }
});
