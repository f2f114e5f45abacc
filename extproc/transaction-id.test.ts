/** Tests that ids of transactions are unique, short, and pass everything on their way unchanged. */
import t from "tap";
import { createRandomPool } from "../gateway/trace-context.ts";
import { createTransactionIds } from "./transaction-id.ts";

t.test("createTransactionIds() gives ids that are unique over threads", async (t) => {
  const random = createRandomPool();
  const threads = Array.from({ length: 4 }, () => createTransactionIds(random));
  const ids = new Set<string>();
  for (let count = 0; count < 10_000; count++) for (const next of threads) ids.add(next());
  t.equal(ids.size, 40_000);
});

t.test("createTransactionIds() counts after 48 random bits", async (t) => {
  const next = createTransactionIds((size) => new Uint8Array(size).fill(0xff));
  t.equal(next(), "________1");
  t.equal(next(), "________2");
  for (let count = 3; count < 36; count++) next();
  t.equal(next(), "________10", "a length of its own for the random part: no two can meet");
});

t.test(
  "createTransactionIds() takes its random bytes once and keeps no view of them",
  async (t) => {
    const shared = new Uint8Array(6).fill(1);
    let calls = 0;
    const next = createTransactionIds((size) => {
      calls++;
      return shared.subarray(0, size);
    });
    shared.fill(2);
    t.equal(next(), "AQEBAQEB1");
    next();
    t.equal(calls, 1);
  },
);

t.test(
  "createTransactionIds() gives nothing that needs an escape in a log or in JSON",
  async (t) => {
    for (let seed = 0; seed < 256; seed++) {
      const next = createTransactionIds((size) => new Uint8Array(size).fill(seed));
      t.match(next(), /^[A-Za-z0-9_-]{9}$/);
    }
  },
);
