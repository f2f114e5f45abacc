/** Tests of columns: of every kind that is served, and of the ways in which values become cells. */
import t from "tap";
import { allResources } from "./all-resources.ts";
import { ageColumn, columnsOf } from "./table-columns.ts";

const now = Date.parse("2026-01-01T01:00:00Z");

t.test("every resource has columns that an empty object passes", async (t) => {
  for (const { kind, apiVersion, columns } of allResources()) {
    const object = { apiVersion, kind, metadata: { name: "a" } };
    const cells = columns.map(({ cell }) => cell(object, now));
    t.equal(columns.filter(({ format }) => format === "name").length, 1, kind);
    t.ok(cells.includes("a"), `${kind} shows its name`);
  }
});

t.test("columnsOf() makes cells as Kubernetes does", async (t) => {
  const columns = columnsOf([
    { name: "Count", type: "integer", jsonPath: ".spec.count" },
    { name: "On", type: "boolean", jsonPath: ".spec.on" },
    { name: "Names", type: "string", jsonPath: ".spec.list[*].name" },
    { name: "Object", type: "string", jsonPath: ".spec.list[0]", priority: 1 },
    { name: "Since", type: "date", jsonPath: ".status.since" },
    { name: "None", type: "string", jsonPath: ".spec.none" },
  ]);
  const object = {
    apiVersion: "v1",
    kind: "Thing",
    metadata: { name: "a", creationTimestamp: "2026-01-01T00:00:00Z" },
    spec: { count: 3, on: false, list: [{ name: "x" }, { name: "y" }] },
    status: { since: "2026-01-01T00:58:30Z" },
  };
  t.same(
    columns.map(({ cell }) => cell(object, now)),
    ["a", 3, false, "x,y", '{"name":"x"}', "90s", null],
  );
  t.same(
    columns.map(({ priority }) => priority),
    [0, 0, 0, 0, 1, 0, 0],
  );
  t.equal(ageColumn.cell(object, now), "60m");
});
