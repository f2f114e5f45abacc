import t from "tap";
import {
  firstPlace,
  headOf,
  itemAt,
  moveCursor,
  pinnedCursor,
  turnPage,
  visibleLines,
} from "./trace-cursor.ts";
import type { Layout, ViewItem } from "./trace-cursor.ts";

interface Item extends ViewItem {
  readonly lines: readonly string[];
}

function layout(sizes: Readonly<Record<string, number>>, height: number) {
  const items = Object.entries(sizes).map(([key, count]) => ({
    key,
    lines: Array.from({ length: count }, (_, index) => `${key}${index}`),
  }));
  let made = 0;
  const result: Layout<Item> = {
    items,
    indexOf: new Map(items.map(({ key }, index) => [key, index])),
    height,
    linesOf: (item) => {
      made++;
      return item.lines;
    },
  };
  return { ...result, made: () => made };
}

const texts = (of: ReturnType<typeof visibleLines<Item>>) =>
  of.lines.map(({ text }) => text).join(" ");

t.test(
  "visibleLines() fills the screen from the end, and is not moved by what comes elsewhere",
  (t) => {
    const few = layout({ a: 1, b: 3, c: 1 }, 3);
    const shown = visibleLines(pinnedCursor, few);
    t.equal(texts(shown), "b1 b2 c0");
    const up = moveCursor(shown.cursor, -1, few);
    t.match(up, { key: "b", line: 2, row: 1, isPinned: false });
    const more = layout({ new: 5, a: 1, between: 1, b: 3, c: 1, d: 2 }, 3);
    t.equal(texts(visibleLines(up, more)), "b1 b2 c0", "the same lines");
    t.equal(texts(visibleLines(pinnedCursor, more)), "c0 d0 d1", "the end follows");
    t.end();
  },
);

t.test("moveCursor() goes line by line, scrolls at the edges, and stops at both ends", (t) => {
  const list = layout({ a: 2, b: 2, c: 2 }, 2);
  let cursor = firstPlace(list);
  const seen: string[] = [];
  for (let step = 0; step < 8; step++) {
    const now = visibleLines(cursor, list);
    seen.push(`${texts(now)}@${now.cursor.row}`);
    cursor = moveCursor(now.cursor, 1, list);
  }
  t.strictSame(seen, [
    "a0 a1@0",
    "a0 a1@1",
    "a1 b0@1",
    "b0 b1@1",
    "b1 c0@1",
    "c0 c1@1",
    "c0 c1@1",
    "c0 c1@1",
  ]);
  t.equal(cursor.isPinned, true, "at the end it stays at the end");
  for (let step = 0; step < 9; step++) cursor = moveCursor(cursor, -1, list);
  t.equal(texts(visibleLines(cursor, list)), "a0 a1");
  t.equal(cursor.isPinned, false);
  t.end();
});

t.test("turnPage() moves by a screen but a line, and back to where it was", (t) => {
  const list = layout({ a: 10, b: 10 }, 5);
  const down = turnPage(firstPlace(list), 1, list);
  t.equal(texts(visibleLines(down, list)), "a4 a5 a6 a7 a8");
  t.equal(texts(visibleLines(turnPage(down, -1, list), list)), "a0 a1 a2 a3 a4");
  t.end();
});

t.test("a cursor whose item has gone is at its successor", (t) => {
  const before = layout({ a: 1, b: 1, c: 1 }, 2);
  const cursor = moveCursor(firstPlace(before), 1, before);
  const after = layout({ a: 1, c: 1 }, 2);
  t.equal(itemAt(cursor, after)?.key, "c");
  t.equal(itemAt(cursor, layout({}, 2)), undefined);
  t.strictSame(visibleLines(cursor, layout({}, 2)).lines, []);
  t.end();
});

t.test("headOf() is the first line of the item, on the row where that was", (t) => {
  const list = layout({ a: 2, b: 5 }, 7);
  const cursor = moveCursor(firstPlace(list), 5, list);
  t.match(cursor, { key: "b", line: 3, row: 5 });
  t.match(headOf(cursor, list), { key: "b", line: 0, row: 2 });
  t.end();
});

t.test("only the lines near the cursor are made, of however many items", (t) => {
  const list = layout(
    Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`i${index}`, 3])),
    40,
  );
  visibleLines(turnPage(pinnedCursor, -1, list), list);
  t.ok(list.made() < 200, `${list.made()}`);
  t.end();
});

t.test("every walk shows a full screen with the cursor on it, for random lists and keys", (t) => {
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return seed % below;
  };
  for (let turn = 0; turn < 200; turn++) {
    const sizes = Object.fromEntries(
      Array.from({ length: 1 + random(12) }, (_, index) => [`i${index}`, 1 + random(6)]),
    );
    const list = layout(sizes, 1 + random(9));
    const total = list.items.reduce((sum, { lines }) => sum + lines.length, 0);
    let cursor = pinnedCursor;
    for (let step = 0; step < 20; step++) {
      const shown = visibleLines(cursor, list);
      if (shown.lines.length !== Math.min(total, list.height)) t.fail("the screen is full");
      const line = shown.lines[shown.cursor.row];
      if (
        line === undefined ||
        line.item.key !== shown.cursor.key ||
        line.line !== shown.cursor.line
      )
        t.fail("the cursor is on its row");
      const move = random(4);
      cursor =
        move === 0
          ? moveCursor(shown.cursor, 1, list)
          : move === 1
            ? moveCursor(shown.cursor, -1, list)
            : turnPage(shown.cursor, move === 2 ? 1 : -1, list);
    }
  }
  t.pass("all of them");
  t.end();
});
