/** Tests that filters of one chain have names of their own: per-route configuration finds them by it. */
import t from "tap";
import { HTTP_FILTER } from "./http-filter-names.ts";

t.test("HTTP_FILTER names are unique", async (t) => {
  const names = Object.values(HTTP_FILTER);
  t.equal(new Set(names).size, names.length);
});
