/**
 * Spend while agents break off what they began and threads and the process are killed: equal to the provider's own
 * count where it told it, near to it in sum elsewhere, flagged, and never nothing. `npm run bench -- spend` does more.
 */
import t from "tap";
import { reportSpend } from "../spend/spend-report.ts";
import { runSpend } from "../spend/spend-run.ts";

const requests = Number(process.env["CLRK_SPEND_REQUESTS"] ?? 5_000);

t.test("what is charged is what the provider bills", { timeout: 280_000 }, async (test) => {
  const run = await runSpend(test, {
    ...{ requests, connections: 128, brokenShare: 0.3, crashedShare: 0.05 },
    ...{ processKills: 1, seed: 1 },
  });
  const report = reportSpend(run);
  test.comment(JSON.stringify(report));
  test.ok(report.broken > 0.25 * requests, `${report.broken} were broken off`);
  // A thread is ended every two seconds at most: a short run has few.
  test.ok(
    report.lost > (requests >= 100_000 ? 0.048 : 0.03) * requests,
    `${report.lost} were lost with their thread`,
  );
  test.equal(report.processKills, 1);
  test.ok(report.told.calls > requests / 3, `${report.told.calls} were told`);
  test.strictSame(report.mismatched, [], "what was told is charged to the token");
  test.equal(report.told.charged, report.told.billed);
  test.strictSame(report.free, [], "nothing that was accepted costs nothing");
  test.strictSame(report.needless, [], "what was told is not estimated");
  // 5 % over 100,000 calls; fewer calls scatter more.
  const most = requests >= 100_000 ? 0.05 : 0.1;
  test.ok(Math.abs(report.error) < most, `${(report.error * 100).toFixed(1)} % off`);
});
