import t from "tap";
import { KnownKeys } from "./known-keys.ts";

t.test("get() makes a key once for each object and text", async (test) => {
  const made: string[] = [];
  const keys = new KnownKeys<{ readonly name: string }>(({ name }, counted) => {
    made.push(counted);
    return `${name} ${counted}`;
  });
  const [one, two] = [{ name: "one" }, { name: "two" }];
  for (let turn = 0; turn < 2; turn++) {
    test.equal(keys.get(one, "a"), "one a");
    test.equal(keys.get(two, "a"), "two a");
    test.equal(keys.get(one, "__proto__"), "one __proto__");
    test.equal(keys.get(one, ""), "one ");
  }
  test.equal(made.length, 4);
});

t.test("get() keeps no more than its bound", async (test) => {
  let made = 0;
  const keys = new KnownKeys<object>((_, counted) => {
    made++;
    return counted;
  });
  const of = {};
  for (let at = 0; at < 1_025; at++) test.equal(keys.get(of, String(at)), String(at));
  keys.get(of, "1024");
  test.equal(made, 1_025);
  keys.get(of, "0");
  test.equal(made, 1_026, "an old one is made anew");
});
