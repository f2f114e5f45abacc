/** Tests what records add to the counts of their side. */
import t from "tap";
import { addCounts, countsOf, noCounts, readCounts } from "./side-counts.ts";
import { httpRecord } from "./testdata/egress-record.ts";

const answered = httpRecord();
const refused = httpRecord({
  decision: { verdict: "deny", reason: "no-rule", message: "no", route: null },
  response: { ...answered.response, status: 403 },
});

t.test("countsOf() counts a refusal as denied and never as an error or as late", async (t) => {
  t.same(countsOf(refused), { ...noCounts, requests: 1, denied: 1 });
});

t.test("countsOf() counts answers of 5xx and none at all as errors", async (t) => {
  for (const status of [500, 503, 0]) {
    const record = httpRecord({ response: { ...answered.response, status } });
    t.equal(countsOf(record).errors, 1, String(status));
  }
  for (const status of [200, 404, 429]) {
    const record = httpRecord({ response: { ...answered.response, status } });
    t.equal(countsOf(record).errors, 0, String(status));
  }
});

t.test("countsOf() counts costs and times only where they are known", async (t) => {
  const timings = { requestMs: 1, upstreamConnectMs: null, timeToFirstByteMs: 12 };
  const charge = { tokens: 5, cost: "0.000042", estimated: false };
  t.match(countsOf(httpRecord({ timings, charge })), {
    ...{ priced: 1, microDollars: 42, timed: 1, latencyMs: 12 },
  });
  const unknown = { requestMs: 1, upstreamConnectMs: null, timeToFirstByteMs: null };
  t.match(countsOf(httpRecord({ timings: unknown, charge: { ...charge, cost: null } })), {
    ...{ priced: 0, microDollars: 0, timed: 0, latencyMs: 0 },
  });
});

t.test("addCounts() adds up, and readCounts() reads what was added", async (t) => {
  const sum = addCounts(countsOf(answered), countsOf(refused));
  t.match(sum, { requests: 2, denied: 1 });
  t.same(readCounts(JSON.parse(JSON.stringify(sum))), sum);
  t.equal(readCounts({ ...sum, errors: -1 }), undefined);
  t.equal(readCounts({ ...sum, errors: undefined }), undefined);
});
