/** The bound of a rule by its filters. */
import t from "tap";
import { requestBound } from "./request-bound.ts";

t.test("requestBound() takes the least of all filters, and none from others", async (t) => {
  const filters = [30, 10, 20].map((maxBytes) => ({ requestSizeLimit: { maxBytes } }));
  t.same(requestBound([{}, ...filters]), { maxRequestBytes: 10 });
  t.same(requestBound([{}]), {});
});
