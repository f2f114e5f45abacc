import t from "tap";
import type { Plain } from "./first-difference.ts";
import { firstDifference } from "./first-difference.ts";

for (const { name, found, wanted, clause } of [
  { name: "equal texts", found: "a", wanted: "a", clause: undefined },
  {
    name: "equal trees",
    found: { a: [1, { b: null }] },
    wanted: { a: [1, { b: null }] },
    clause: undefined,
  },
  {
    name: "what is left open",
    found: { a: 1, b: 2 },
    wanted: { a: 1, b: undefined },
    clause: undefined,
  },
  { name: "nothing and null, both ways", found: { a: null }, wanted: {}, clause: undefined },
  { name: "other texts", found: "a", wanted: "b", clause: ' is "a", wanted "b"' },
  { name: "a lost member", found: {}, wanted: { a: "b" }, clause: 'a is missing, wanted "b"' },
  { name: "a made up member", found: { a: 1 }, wanted: {}, clause: "a is 1, wanted null" },
  {
    name: "a member deep inside",
    found: { a: [{ b: 1 }] },
    wanted: { a: [{ b: 2 }] },
    clause: "a[0].b is 1, wanted 2",
  },
  {
    name: "a lost element",
    found: { a: [1] },
    wanted: { a: [1, 2] },
    clause: "a has 1 elements, wanted 2",
  },
  {
    name: "a made up element",
    found: { a: [1, 2] },
    wanted: { a: [1] },
    clause: "a has 2 elements, wanted 1",
  },
  {
    name: "a list for an object",
    found: { a: [] },
    wanted: { a: {} },
    clause: "a is a list, wanted an object",
  },
  {
    name: "an object for a list",
    found: { a: {} },
    wanted: { a: [] },
    clause: "a is an object, wanted a list",
  },
  {
    name: "an object for null",
    found: { a: {} },
    wanted: { a: null },
    clause: "a is an object, wanted null",
  },
  {
    name: "null for an object",
    found: { a: null },
    wanted: { a: {} },
    clause: "a is null, wanted an object",
  },
] as { name: string; found: Plain; wanted: Plain; clause: string | undefined }[]) {
  t.test(`firstDifference() of ${name}`, async (t) => {
    t.equal(firstDifference(found, wanted), clause);
  });
}
