/** Roles through a whole rotation, and under clocks that are wrong. */
import t from "tap";
import { assignRoles } from "./authority-roles.ts";

interface Row {
  readonly id: string;
  readonly mintFromMs: number;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

const leafLifeMs = 10;
const first: Row = { id: "first", mintFromMs: 0, notBeforeMs: -24, notAfterMs: 1000 };
const second: Row = { id: "second", mintFromMs: 800, notBeforeMs: 676, notAfterMs: 1700 };
const third: Row = { id: "third", mintFromMs: 805, notBeforeMs: 780, notAfterMs: 1800 };

function rolesAt(authorities: readonly Row[], nowMs: number) {
  const { previous, current, next, retired } = assignRoles(authorities, nowMs, leafLifeMs);
  const ids = (rows: readonly Row[]) => rows.map(({ id }) => id);
  return { previous: ids(previous), current: current?.id, next: ids(next), retired: ids(retired) };
}

t.test("assignRoles() walks through a rotation by time alone", (t) => {
  const rows = [
    {
      name: "alone",
      list: [first],
      nowMs: 0,
      want: { previous: [], current: "first", next: [], retired: [] },
    },
    {
      name: "lead time begins",
      list: [first, second],
      nowMs: 700,
      want: { previous: [], current: "first", next: ["second"], retired: [] },
    },
    {
      name: "last moment of the lead time",
      list: [first, second],
      nowMs: 799,
      want: { previous: [], current: "first", next: ["second"], retired: [] },
    },
    {
      name: "switch",
      list: [first, second],
      nowMs: 800,
      want: { previous: ["first"], current: "second", next: [], retired: [] },
    },
    {
      name: "last leaf of the old one lives",
      list: [first, second],
      nowMs: 809,
      want: { previous: ["first"], current: "second", next: [], retired: [] },
    },
    {
      name: "old one goes",
      list: [first, second],
      nowMs: 810,
      want: { previous: [], current: "second", next: [], retired: ["first"] },
    },
    {
      name: "two quick rotations",
      list: [first, second, third],
      nowMs: 806,
      want: { previous: ["first", "second"], current: "third", next: [], retired: [] },
    },
    {
      name: "each goes by its own successor",
      list: [first, second, third],
      nowMs: 812,
      want: { previous: ["second"], current: "third", next: [], retired: ["first"] },
    },
  ];
  for (const { name, list, nowMs, want } of rows) t.same(rolesAt(list, nowMs), want, name);
  t.end();
});

t.test("assignRoles() retires what is not valid", (t) => {
  const rows = [
    {
      name: "nothing there",
      list: [],
      nowMs: 0,
      want: { previous: [], current: undefined, next: [], retired: [] },
    },
    {
      name: "expired",
      list: [first],
      nowMs: 1000,
      want: { previous: [], current: undefined, next: [], retired: ["first"] },
    },
    {
      name: "made while the clock was wrong",
      list: [first, second],
      nowMs: 10,
      want: { previous: [], current: "first", next: [], retired: ["second"] },
    },
    {
      name: "expired before its successor was due",
      list: [{ ...first, notAfterMs: 790 }, second],
      nowMs: 795,
      want: { previous: [], current: "second", next: [], retired: ["first"] },
    },
  ];
  for (const { name, list, nowMs, want } of rows) t.same(rolesAt(list, nowMs), want, name);
  t.end();
});

t.test("assignRoles() lets the only one mint when the clock was set back a little", (t) => {
  t.same(rolesAt([first], -20), { previous: [], current: "first", next: [], retired: [] });
  t.same(rolesAt([first, second], 799).current, "first", "back to the old one before the switch");
  t.end();
});

t.test("assignRoles() gives every authority exactly one role at every moment", (t) => {
  const list = [first, second, third];
  for (let nowMs = -50; nowMs < 1900; nowMs++) {
    const { previous, current, next, retired } = rolesAt(list, nowMs);
    const all = [...previous, ...(current === undefined ? [] : [current]), ...next, ...retired];
    if (all.sort().join() !== "first,second,third") t.fail(`at ${nowMs}: ${all.join()}`);
  }
  t.pass("all moments");
  t.end();
});
