/** Tests of announcing that more may come. */
import t from "tap";
import { ReceiveWindow } from "./receive-window.ts";

t.test("take() announces all that was used once it is half", async (t) => {
  const window = new ReceiveWindow(100);
  t.equal(window.take(49), 0);
  t.equal(window.take(1), 50);
  t.equal(window.take(0), 0);
  t.equal(window.take(30), 0);
  t.equal(window.take(70), 100);
});

t.test("take() announces every byte in the end", async (t) => {
  const window = new ReceiveWindow(65_535);
  let announced = 0;
  for (let step = 0; step < 1_000; step++) announced += window.take(step * 16);
  t.ok(999 * 500 * 16 - announced < 32_768);
});
