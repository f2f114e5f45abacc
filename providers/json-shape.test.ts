import t from "tap";
import type { JsonShape } from "./json-shape.ts";
import { compileShape } from "./json-shape.ts";

function show({ key, members, element, slot, slots }: JsonShape): unknown {
  return {
    key,
    slot,
    slots,
    ...(members.length > 0 && { members: members.map(show) }),
    ...(element !== null && { element: show(element) }),
  };
}

t.test("compileShape() makes a tree of the paths", async (t) => {
  const shape = compileShape([
    { path: "model", slot: 0, as: "value" },
    { path: "choices[].reason", slot: 1, as: "value" },
    { path: "choices[].delta.text", slot: 2, as: "presence" },
    { path: "rows[][].n", slot: 3, as: "value" },
  ]);
  t.same(show(shape), {
    key: "",
    slot: -1,
    slots: [0, 1, 3],
    members: [
      { key: "model", slot: 0, slots: [0] },
      {
        key: "choices",
        slot: -1,
        slots: [1],
        element: {
          key: "",
          slot: -1,
          slots: [1],
          members: [
            { key: "reason", slot: 1, slots: [1] },
            { key: "delta", slot: -1, slots: [], members: [{ key: "text", slot: 2, slots: [] }] },
          ],
        },
      },
      {
        key: "rows",
        slot: -1,
        slots: [3],
        element: {
          key: "",
          slot: -1,
          slots: [3],
          element: { key: "", slot: -1, slots: [3], members: [{ key: "n", slot: 3, slots: [3] }] },
        },
      },
    ],
  });
});

t.test("compileShape() of nothing wants nothing", async (t) => {
  t.same(show(compileShape([])), { key: "", slot: -1, slots: [] });
});

t.test("compileShape() raises for a path that is given twice", async (t) => {
  const one = { path: "a.b", slot: 0, as: "value" } as const;
  t.throws(
    () => compileShape([one, { ...one, slot: 1 }]),
    new RangeError('Cannot want "a.b" twice'),
  );
});
