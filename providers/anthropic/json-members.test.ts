import t from "tap";
import { parseJsonText } from "../json-text.ts";
import {
  isSaid,
  memberOf,
  numberOf,
  objectOrEmpty,
  textOrEmpty,
  textOrNull,
} from "./json-members.ts";

t.test("memberOf() finds own members only", async (t) => {
  t.equal(memberOf({ a: 1 }, "a"), 1);
  t.equal(memberOf({}, "a"), undefined);
  t.equal(memberOf({}, "toString"), undefined);
  t.equal(memberOf({}, "constructor"), undefined);
});

t.test("isSaid() is false for null and what is not there", async (t) => {
  for (const value of [0, "", false, [], {}]) t.equal(isSaid(value), true, JSON.stringify(value));
  t.equal(isSaid(null), false);
  t.equal(isSaid(undefined), false);
});

t.test(
  "textOrNull(), textOrEmpty() and objectOrEmpty() replace what is of another type",
  async (t) => {
    t.equal(textOrNull("a"), "a");
    t.equal(textOrNull(""), "");
    t.equal(textOrNull(1), null);
    t.equal(textOrEmpty("a"), "a");
    t.equal(textOrEmpty(null), "");
    t.strictSame(objectOrEmpty({ a: 1 }), { a: 1 });
    t.strictSame(objectOrEmpty([1]), {});
    t.strictSame(objectOrEmpty(undefined), {});
  },
);

t.test("numberOf() gives numbers and raw ones as doubles", async (t) => {
  t.equal(numberOf(1.5), 1.5);
  const parsed = parseJsonText("1e3");
  t.equal(
    parsed.kind === "value" && typeof parsed.value === "object" && numberOf(parsed.value as never),
    1_000,
  );
});
