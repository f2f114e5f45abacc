/** Tests of making inputs shorter. */
import t from "tap";
import { shorten } from "./shorten.ts";

const limits = { tries: 1_000, maxMs: 10_000 };

t.test("shorten() keeps only what makes an input interesting", async (t) => {
  const input = Buffer.from(`${"x".repeat(500)}key${"y".repeat(300)}z`);
  const found = await shorten(input, (it) => it.includes("key") && it.includes("z"), limits);
  t.equal(found.toString(), "keyz");
});

t.test("shorten() stops after so many tries", async (t) => {
  let asked = 0;
  const never = () => {
    asked++;
    return false;
  };
  const input = Buffer.alloc(100);
  t.equal(await shorten(input, never, { ...limits, tries: 7 }), input);
  t.equal(asked, 7);
});
