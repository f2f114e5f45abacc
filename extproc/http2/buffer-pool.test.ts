import t from "tap";
import { BufferPool } from "./buffer-pool.ts";

const kibibyte = 1024;

t.test("take() gives again what was given back, if it is large enough", async (t) => {
  const pool = new BufferPool();
  const first = pool.take(64 * kibibyte);
  pool.give(first);
  t.not(pool.take(65 * kibibyte), first);
  t.equal(pool.take(10), first);
  t.not(pool.take(10), first, "it is taken");
});

t.test("give() keeps neither small nor very large buffers, and few", async (t) => {
  const pool = new BufferPool();
  const sizes = [kibibyte, 257 * kibibyte];
  for (const size of sizes) {
    const buffer = Buffer.alloc(size);
    pool.give(buffer);
    t.not(pool.take(size), buffer);
  }
  const many = Array.from({ length: 20 }, () => Buffer.alloc(16 * kibibyte));
  for (const buffer of many) pool.give(buffer);
  const again = new Set(many.map(() => pool.take(kibibyte)));
  t.equal(many.filter((buffer) => again.has(buffer)).length, 8);
});
