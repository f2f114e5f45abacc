/** Tests what is read of reports. */
import t from "tap";
import { readTrialReport } from "./policy-trial.ts";
import { noCounts } from "./side-counts.ts";

t.test("readTrialReport() reads a report and nothing else", async (t) => {
  const report = {
    side: "r-1",
    parts: 10,
    process: "p",
    isLive: true,
    old: noCounts,
    new: noCounts,
  };
  t.same(readTrialReport(report), report);
  t.same(readTrialReport({ ...report, refusal: "why" }), { ...report, refusal: "why" });
  for (const wrong of [
    undefined,
    null,
    {},
    { ...report, side: 7 },
    { ...report, parts: "10" },
    { ...report, isLive: 1 },
    { ...report, new: { ...noCounts, denied: -1 } },
    { ...report, old: { ...noCounts, requests: "1" } },
    { ...report, refusal: 7 },
  ]) {
    t.equal(readTrialReport(wrong), undefined);
  }
});
