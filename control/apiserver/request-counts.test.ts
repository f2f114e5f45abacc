/** Tests of how requests are counted: by few words, and none is left out. */
import t from "tap";
import { RequestCounts } from "./request-counts.ts";

t.test("requests are counted by method and status, in their order", (t) => {
  const counts = new RequestCounts();
  t.same(counts.list(), []);
  for (const [method, code] of [
    ["POST", 201],
    ["GET", 404],
    ["GET", 200],
    ["GET", 200],
    ["PROPFIND", 405],
    [undefined, 405],
  ] as const) {
    counts.add({ method }, code);
  }
  t.same(counts.list(), [
    { method: "GET", code: 200, count: 2 },
    { method: "GET", code: 404, count: 1 },
    { method: "OTHER", code: 405, count: 2 },
    { method: "POST", code: 201, count: 1 },
  ]);
  t.end();
});
