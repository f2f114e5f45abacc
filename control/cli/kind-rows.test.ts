import t from "tap";
import { formatKindRows } from "./kind-rows.ts";

const row = { kind: "Event", plural: "events", shortNames: ["ev"], apiVersion: "v1" };

t.test("a count says when it is not all, and when it may not be known", async (t) => {
  const rows = [
    { ...row, objects: 3 },
    { ...row, objects: 1_000, isAtLeast: true },
    { ...row, objects: undefined },
  ];
  const lines = (await formatKindRows(rows, undefined)).split("\n").slice(1, 4);
  t.same(
    lines.map((line) => line.split(/ {2,}/)[2]),
    ["3", "1000+", "not allowed"],
  );
  t.match(JSON.parse(await formatKindRows(rows, "json")), { kinds: [{ objects: 3 }, {}, {}] });
});
