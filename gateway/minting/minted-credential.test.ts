/** The life of one credential: one request for all who wait, renewal, failure, expiry, and answers that refuse it. */
import t from "tap";
import type { Test } from "tap";
import { ManualClock } from "../clock.ts";
import { SecretValue } from "../secret-value.ts";
import { clientCredentialsMint } from "./client-credentials.ts";
import type { MintFailure, MintOutcome } from "./mint-outcome.ts";
import { mintFailure } from "./mint-outcome.ts";
import { MintedCredential } from "./minted-credential.ts";
import { dial, openEndpoint } from "./testdata/fake-endpoint.ts";

interface Bench {
  readonly clock: ManualClock;
  readonly credential: MintedCredential;
  /** What was asked for so far, and waits for `answer` */
  readonly asked: number;
  readonly changes: number;
  readonly failures: readonly MintFailure[];
  /** Answers the request that is open; a number is the life in `ms` of a token named after its count */
  answer(outcome: number | MintFailure): Promise<void>;
  token(): string;
}

function open(t: Test, random = 0): Bench {
  const clock = new ManualClock();
  const waiting: ((outcome: MintOutcome) => void)[] = [];
  const failures: MintFailure[] = [];
  let asked = 0;
  let changes = 0;
  const credential = new MintedCredential({
    mint: () => {
      asked++;
      return new Promise((resolve) => void waiting.push(resolve));
    },
    clock,
    random: () => random,
    onChange: () => void changes++,
    onFailure: (failure) => void failures.push(failure),
  });
  t.teardown(() => {
    for (const resolve of waiting) resolve(mintFailure("timeout", "over"));
    return credential.close();
  });
  return {
    clock,
    credential,
    failures,
    get asked() {
      return asked;
    },
    get changes() {
      return changes;
    },
    async answer(outcome) {
      const parts = new Map([["", new SecretValue(`token-${asked}`)]]);
      const minted = (lifeMs: number) => ({
        kind: "minted" as const,
        parts,
        askedNs: clock.monotonicNs(),
        lifeMs,
      });
      waiting.shift()?.(typeof outcome === "number" ? minted(outcome) : outcome);
      await new Promise((resolve) => setImmediate(resolve));
    },
    token() {
      const { state } = credential;
      return state.kind === "ready"
        ? (state.parts.get("")?.reveal() ?? "")
        : `no: ${state.message}`;
    },
  };
}

const down = mintFailure("unreachable", "it is down");

t.test("refresh() asks the endpoint once for 200 who wait at one time", async (t) => {
  const { origin, requests } = await openEndpoint(t, () => ({
    body: { access_token: "abc", expires_in: 3600 },
  }));
  const recipe = {
    kind: "OAuth2ClientCredentials",
    tokenUrl: origin,
    scopes: [],
    parameters: [],
    clientAuthentication: "Basic",
    clientId: new SecretValue("a"),
    clientSecret: new SecretValue("b"),
  } as const;
  const credential = new MintedCredential({
    mint: clientCredentialsMint(recipe, dial),
    clock: new ManualClock(),
    random: Math.random,
    onChange: () => {},
    onFailure: () => {},
  });
  t.teardown(() => credential.close());
  await Promise.all(
    Array.from({ length: 200 }, async () => {
      await credential.refresh();
      t.equal(credential.state.kind, "ready");
    }),
  );
  t.equal(requests.length, 1);
  await credential.refresh();
  t.equal(requests.length, 2, "whoever asks afterwards wants another one");
});

t.test("a credential is missing until it is there, and is then what was minted", async (t) => {
  const bench = open(t);
  t.equal(bench.token(), "no: the first one is being fetched");
  const waiting = bench.credential.refresh();
  await bench.answer(100_000);
  await waiting;
  t.equal(bench.token(), "token-1");
  t.equal(bench.changes, 1);
});

t.test("a credential is renewed at 70 to 80 % of its life", async (t) => {
  for (const [random, atMs] of [
    [0, 80_000],
    [0.999999, 70_001],
  ] as const) {
    const bench = open(t, random);
    void bench.credential.refresh();
    await bench.answer(100_000);
    bench.clock.advance(atMs - 1);
    t.equal(bench.asked, 1);
    bench.clock.advance(1);
    t.equal(bench.asked, 2);
    t.equal(bench.token(), "token-1", "the old one is used meanwhile");
    await bench.answer(100_000);
    t.equal(bench.token(), "token-2");
    bench.clock.advance(60_000);
    t.equal(bench.token(), "token-2", "and the first one's end does not end it");
  }
});

t.test("a short life is not renewed more often than once a second", async (t) => {
  const bench = open(t);
  void bench.credential.refresh();
  await bench.answer(1_000);
  bench.clock.advance(999);
  t.equal(bench.asked, 1);
  bench.clock.advance(1);
  t.equal(bench.asked, 2);
});

t.test(
  "a credential is kept while the endpoint fails, and is gone when it has expired",
  async (t) => {
    const bench = open(t);
    void bench.credential.refresh();
    await bench.answer(1_000_000);
    bench.clock.advance(800_000);
    const delays: number[] = [];
    while (bench.token() === "token-1") {
      await bench.answer(down);
      delays.push(bench.clock.nextTimerMs ?? 0);
      bench.clock.advance(bench.clock.nextTimerMs ?? 0);
    }
    t.equal(bench.clock.now() - Date.UTC(2026, 0, 1), 990_000, "10 s before its end");
    t.same(delays.slice(0, 8), [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    t.equal(bench.token(), "no: it is down");
    t.same(bench.failures, [down], "said once");
    t.match(bench.credential.figures(), { minted: 1, lastFailure: { failure: "unreachable" } });
    bench.clock.advance(60_000);
    await bench.answer(100_000);
    t.match(bench.token(), /^token-\d+$/, "and comes back");
    t.match(bench.credential.figures(), { minted: 2, failures: 0, ageMs: 0, validMs: 95_000 });
  },
);

t.test("a missing credential says the newest reason, once each", async (t) => {
  const bench = open(t);
  void bench.credential.refresh();
  await bench.answer(down);
  bench.clock.advance(60_000);
  await bench.answer(down);
  t.equal(bench.changes, 1);
  bench.clock.advance(60_000);
  await bench.answer(mintFailure("refused", "it refused"));
  t.equal(bench.changes, 2);
  t.equal(bench.token(), "no: it refused");
  t.equal(bench.failures.length, 2);
});

t.test("a failure waits as long as the endpoint wants", async (t) => {
  const bench = open(t);
  void bench.credential.refresh();
  await bench.answer({ ...mintFailure("unavailable", "busy"), retryAfterMs: 90_000 });
  bench.clock.advance(89_999);
  t.equal(bench.asked, 1);
  bench.clock.advance(1);
  t.equal(bench.asked, 2);
});

t.test("what has expired when it comes, or is thrown, is a failure", async (t) => {
  const bench = open(t);
  void bench.credential.refresh();
  bench.clock.advance(0);
  await bench.answer(-1);
  t.equal(bench.token(), "no: it had expired when it came");
  const throwing = new MintedCredential({
    mint: () => Promise.reject(new Error("odd")),
    clock: bench.clock,
    random: () => 0,
    onChange: () => {},
    onFailure: () => {},
  });
  await throwing.refresh();
  t.match(throwing.state, { kind: "missing", message: /^minting failed: / });
  await throwing.close();
});

t.test(
  "reject() mints anew, at most every 10 s, and more seldom while that does not help",
  async (t) => {
    const bench = open(t);
    const { credential, clock } = bench;
    credential.reject(clock.now());
    t.equal(bench.asked, 0, "there is none that could have been refused");
    void credential.refresh();
    await bench.answer(10_000_000);
    const asks: number[] = [];
    for (let second = 0; second < 100; second++) {
      credential.reject(clock.now());
      if (bench.asked > asks.length + 1) {
        asks.push(second);
        await bench.answer(10_000_000);
      }
      clock.advance(1_000);
    }
    t.same(asks, [0, 10, 30, 70]);
    clock.advance(200_000);
    credential.reject(clock.now());
    await bench.answer(10_000_000);
    clock.advance(10_000);
    credential.reject(clock.now());
    t.equal(bench.asked, 7, "after a quiet time it is 10 s again");
  },
);

t.test(
  "reject() heeds no request that began with the credential before, and no failing endpoint",
  async (t) => {
    const bench = open(t);
    const { credential, clock } = bench;
    const before = clock.now();
    clock.advance(1);
    void credential.refresh();
    await bench.answer(100_000);
    credential.reject(before);
    t.equal(bench.asked, 1);
    clock.advance(80_000);
    await bench.answer(down);
    credential.reject(clock.now());
    t.equal(bench.asked, 2, "the next attempt is planned already");
  },
);

t.test("close() ends timers and callbacks, also of a request that is open", async (t) => {
  const bench = open(t);
  void bench.credential.refresh();
  const closed = bench.credential.close();
  await bench.answer(100_000);
  await closed;
  t.equal(bench.changes, 0);
  t.equal(bench.clock.pendingTimers, 0);
  await bench.credential.refresh();
  t.equal(bench.asked, 1);
});
