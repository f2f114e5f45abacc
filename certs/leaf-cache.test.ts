/** Bounds, renewal and eviction of the cache; minting is a counter here, so nothing is signed. */
import t from "tap";
import type { Leaf, LeafChange } from "../gateway/certificate-provider.ts";
import type { Clock } from "../gateway/clock.ts";
import { ManualClock } from "../gateway/clock.ts";
import type { LeafCacheLimits } from "./leaf-cache.ts";
import { LeafCache } from "./leaf-cache.ts";

const hourMs = 3_600_000;
const lifeMs = 24 * hourMs;

interface Setup {
  readonly limits?: LeafCacheLimits;
  readonly tokens?: number;
  readonly clock?: Clock;
}

/** A cache over a minter that counts; `state` is what tests change on the way. */
function createCache(setup: Setup = {}) {
  const manual = new ManualClock();
  const clock = setup.clock ?? manual;
  const changes: LeafChange[] = [];
  const minted: string[] = [];
  const state: { tokens: number; issuerId: string | undefined; unwanted: Set<string> } = {
    tokens: setup.tokens ?? 1_000_000,
    issuerId: "issuer-1",
    unwanted: new Set(),
  };
  const cache = new LeafCache({
    clock,
    ceiling: { tryTake: () => state.tokens-- > 0 },
    ...(setup.limits !== undefined && { limits: setup.limits }),
    issuerId: () => state.issuerId,
    isWanted: (name) => !state.unwanted.has(name),
    onChange: (change) => changes.push(change),
    mint(name): Leaf | undefined {
      if (state.issuerId === undefined) return undefined;
      minted.push(name);
      const version = `${minted.length}`;
      return {
        certificateChainPem: name,
        privateKeyPem: "",
        notAfterMs: clock.now() + lifeMs,
        version,
      };
    },
  });
  return { cache, clock: manual, changes, minted, state };
}

function versionOf(cache: LeafCache, sent: string): string {
  const found = cache.find(sent, sent.toLowerCase());
  return found.kind === "leaf" ? found.leaf.version : found.kind;
}

function summary(changes: readonly LeafChange[]): readonly string[] {
  return changes.map(({ kind, serverName }) => `${kind} ${serverName}`);
}

t.test("find() mints once and then hits", (t) => {
  const { cache, minted } = createCache();
  t.equal(versionOf(cache, "a.example"), "1");
  t.equal(versionOf(cache, "a.example"), "1");
  t.equal(versionOf(cache, "b.example"), "2");
  t.same(minted, ["a.example", "b.example"]);
  t.match(cache.stats(), {
    minted: 2,
    renewed: 0,
    hits: 1,
    evicted: 0,
    liveNames: 2,
    liveLeaves: 2,
  });
  t.end();
});

t.test("find() gives all spellings of a name the same leaf", (t) => {
  const { cache, minted } = createCache();
  for (const sent of ["a.example", "A.example", "a.EXAMPLE"]) t.equal(versionOf(cache, sent), "1");
  t.equal(minted.length, 1);
  t.match(cache.stats(), { hits: 2, liveNames: 3, liveLeaves: 1 });
  t.end();
});

t.test("find() bounds the spellings of one name without touching others", (t) => {
  const { cache, minted, changes } = createCache({ limits: { maxNames: 100, maxSpellings: 2 } });
  versionOf(cache, "other.example");
  const spellings = ["aa.example", "aA.example", "Aa.example", "AA.example"];
  for (const sent of spellings) versionOf(cache, sent);
  t.same(summary(changes), ["evicted aa.example", "evicted aA.example"]);
  t.equal(minted.length, 2);
  t.match(cache.stats(), { evicted: 2, liveNames: 3, liveLeaves: 2 });
  for (let round = 0; round < 1000; round++) versionOf(cache, spellings[round % 4] ?? "");
  t.equal(minted.length, 2, "variants in case never mint");
  t.match(cache.stats(), { liveNames: 3, liveLeaves: 2 });
  t.end();
});

t.test("find() evicts the least recently used name when it is full", (t) => {
  const { cache, changes } = createCache({ limits: { maxNames: 2 } });
  versionOf(cache, "a.example");
  versionOf(cache, "b.example");
  versionOf(cache, "a.example");
  versionOf(cache, "c.example");
  t.same(summary(changes), ["evicted b.example"]);
  cache.touch("a.example");
  cache.touch("unknown.example");
  versionOf(cache, "d.example");
  t.same(summary(changes), ["evicted b.example", "evicted c.example"]);
  t.match(cache.stats(), { liveNames: 2, liveLeaves: 2 });
  t.end();
});

t.test("find() stays within its bounds whatever names come", (t) => {
  const { cache, changes } = createCache({ limits: { maxNames: 50 } });
  for (let round = 0; round < 5000; round++) versionOf(cache, `name-${round}.example`);
  t.match(cache.stats(), { liveNames: 50, liveLeaves: 50, evicted: 4950 });
  t.equal(changes.length, 4950);
  t.end();
});

t.test("find() refuses new names over the ceiling and still answers known ones", (t) => {
  const { cache, minted } = createCache({ tokens: 1 });
  t.equal(versionOf(cache, "a.example"), "1");
  t.equal(versionOf(cache, "b.example"), "ceiling");
  t.equal(versionOf(cache, "A.example"), "1");
  t.equal(minted.length, 1);
  t.match(cache.stats(), { liveNames: 2, liveLeaves: 1 });
  t.end();
});

t.test("find() takes no token when no authority is valid", (t) => {
  const { cache, state } = createCache({ tokens: 1 });
  state.issuerId = undefined;
  t.equal(versionOf(cache, "a.example"), "no-authority");
  state.issuerId = "issuer-1";
  t.equal(versionOf(cache, "a.example"), "1");
  t.end();
});

t.test("leaves are renewed at two thirds of life, under every spelling", (t) => {
  const { cache, clock, changes } = createCache();
  versionOf(cache, "a.example");
  versionOf(cache, "A.example");
  clock.advance(16 * hourMs - 30_000);
  t.same(changes, []);
  clock.advance(30_000);
  t.same(summary(changes), ["renewed a.example", "renewed A.example"]);
  t.same(
    changes.map((change) => change.kind === "renewed" && change.leaf.version),
    ["2", "2"],
  );
  t.match(cache.stats(), { minted: 2, renewed: 1 });
  clock.advance(16 * hourMs + 30_000);
  t.match(cache.stats(), { minted: 3, renewed: 2 });
  t.end();
});

t.test("renewals need no token", (t) => {
  const { cache, clock, changes } = createCache({ tokens: 1 });
  versionOf(cache, "a.example");
  clock.advance(17 * hourMs);
  t.same(summary(changes), ["renewed a.example"]);
  t.end();
});

t.test("renewal looks at the clock, so that a suspended machine catches up", (t) => {
  const clock = new ManualClock();
  let sleptMs = 0;
  const suspended = Object.assign(new ManualClock(), {
    now: () => clock.now() + sleptMs,
    setTimeout: clock.setTimeout.bind(clock),
  });
  const { cache, changes } = createCache({ clock: suspended });
  versionOf(cache, "a.example");
  sleptMs = 20 * hourMs;
  clock.advance(30_000);
  t.same(summary(changes), ["renewed a.example"]);
  t.end();
});

t.test("find() renews a due leaf before it answers, and tells the other spellings", (t) => {
  const clock = new ManualClock();
  let sleptMs = 0;
  const suspended = Object.assign(new ManualClock(), { now: () => clock.now() + sleptMs });
  const { cache, changes } = createCache({ clock: suspended });
  versionOf(cache, "a.example");
  versionOf(cache, "A.example");
  sleptMs = 25 * hourMs;
  t.equal(versionOf(cache, "a.example"), "2");
  t.same(summary(changes), ["renewed A.example"]);
  t.end();
});

t.test("a new authority renews all live names, gradually", (t) => {
  const { cache, clock, changes, state } = createCache();
  for (let index = 0; index < 100; index++) versionOf(cache, `name-${index}.example`);
  state.issuerId = "issuer-2";
  clock.advance(30_000);
  t.equal(changes.length, 32);
  clock.advance(100);
  t.equal(changes.length, 64);
  clock.advance(200);
  t.equal(changes.length, 100);
  t.equal(new Set(summary(changes)).size, 100, "each once");
  clock.advance(hourMs);
  t.equal(changes.length, 100, "and not again");
  t.end();
});

t.test(
  "without an authority leaves are kept until they expire and renewed when it is back",
  (t) => {
    const { cache, clock, changes, state } = createCache();
    versionOf(cache, "a.example");
    state.issuerId = undefined;
    clock.advance(23 * hourMs);
    t.equal(versionOf(cache, "a.example"), "1");
    clock.advance(hourMs);
    t.equal(versionOf(cache, "a.example"), "no-authority");
    t.same(changes, []);
    state.issuerId = "issuer-2";
    clock.advance(30_000);
    t.same(summary(changes), ["renewed a.example"]);
    t.equal(versionOf(cache, "a.example"), "2");
    t.end();
  },
);

t.test("a name that is no longer wanted is evicted instead of renewed", (t) => {
  const { cache, clock, changes, state } = createCache();
  versionOf(cache, "a.example");
  versionOf(cache, "A.example");
  state.unwanted.add("a.example");
  clock.advance(17 * hourMs);
  t.same(summary(changes), ["evicted a.example", "evicted A.example"]);
  t.match(cache.stats(), { minted: 1, liveNames: 0, liveLeaves: 0 });
  t.equal(clock.pendingTimers, 0);
  t.end();
});

t.test("evictUnwanted() evicts at once and leaves the others alone", (t) => {
  const { cache, changes, state } = createCache();
  for (const sent of ["a.example", "A.example", "b.example"]) versionOf(cache, sent);
  cache.evictUnwanted();
  t.same(changes, []);
  state.unwanted.add("a.example");
  cache.evictUnwanted();
  t.same(summary(changes), ["evicted a.example", "evicted A.example"]);
  t.match(cache.stats(), { evicted: 2, liveNames: 1, liveLeaves: 1 });
  t.end();
});

t.test("forget() drops the leaf with its last spelling and ends its renewal", (t) => {
  const { cache, clock, changes, minted } = createCache();
  versionOf(cache, "a.example");
  versionOf(cache, "A.example");
  cache.forget("a.example");
  cache.forget("a.example");
  t.match(cache.stats(), { liveNames: 1, liveLeaves: 1, evicted: 0 });
  t.equal(versionOf(cache, "A.example"), "1");
  cache.forget("A.example");
  t.match(cache.stats(), { liveNames: 0, liveLeaves: 0 });
  clock.advance(48 * hourMs);
  t.same(changes, []);
  t.equal(minted.length, 1);
  t.equal(clock.pendingTimers, 0, "an empty cache sets no timer");
  t.equal(versionOf(cache, "a.example"), "2");
  t.end();
});

t.test("close() ends renewal and holds nothing", (t) => {
  const { cache, clock, changes } = createCache();
  versionOf(cache, "a.example");
  t.equal(clock.pendingTimers, 1);
  cache.close();
  cache.close();
  t.equal(clock.pendingTimers, 0);
  t.match(cache.stats(), { liveNames: 0, liveLeaves: 0 });
  t.same(changes, []);
  t.end();
});

t.test("LeafCache refuses limits that hold nothing", (t) => {
  for (const value of [0, -1, 1.5, Number.NaN]) {
    t.throws(
      () => createCache({ limits: { maxNames: value } }),
      new RangeError(`Cannot create leaf cache: maxNames is ${value}, wanted a positive integer`),
    );
    t.throws(
      () => createCache({ limits: { maxSpellings: value } }),
      new RangeError(
        `Cannot create leaf cache: maxSpellings is ${value}, wanted a positive integer`,
      ),
    );
  }
  t.end();
});
