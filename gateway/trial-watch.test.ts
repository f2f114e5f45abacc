/** Tests what is counted of a trial, and when it is told. */
import t from "tap";
import { systemClock } from "./clock.ts";
import type { CompiledTrial, TrialReport } from "./policy-trial.ts";
import { httpRecord } from "./testdata/egress-record.ts";
import { TrialWatch } from "./trial-watch.ts";

function watch() {
  const reports: TrialReport[] = [];
  const due: (() => void)[] = [];
  const clock = {
    ...systemClock,
    now: () => 1_000,
    setTimeout: (act: () => void) => {
      due.push(act);
      return systemClock.setTimeout(() => {}, 0);
    },
  };
  const of = new TrialWatch(clock, (report) => void reports.push(report));
  const fire = () => {
    for (const act of due.splice(0)) act();
  };
  return { of, reports, fire };
}

function trial(side: string, parts = 10): CompiledTrial {
  const snapshot = { revision: 1, gateways: [] };
  return { kind: "served", side, share: { parts, seed: 1 }, snapshot };
}

const early = httpRecord({ startUnixMs: 999 });
const late = httpRecord({ startUnixMs: 1_000 });

t.test("note() counts both sides from when Envoy has them", async (t) => {
  const { of, reports, fire } = watch();
  of.follow(trial("r-1"));
  of.note(late);
  of.setLive();
  t.match(reports, [{ side: "r-1", parts: 10, isLive: true, old: { requests: 0 } }]);
  of.note(early);
  of.note(late);
  of.note({ ...late, side: "canary" });
  fire();
  t.match(reports.at(-1), { old: { requests: 1 }, new: { requests: 1 } });
  t.equal(reports.length, 2);
});

t.test(
  "follow() goes on counting when the share grows, and begins anew with another trial",
  async (t) => {
    const { of, reports, fire } = watch();
    of.follow(trial("r-1"));
    of.setLive();
    of.note(late);
    of.follow(trial("r-1", 20));
    fire();
    t.match(reports.at(-1), { parts: 20, isLive: false, old: { requests: 1 } });
    of.setLive();
    t.match(reports.at(-1), { isLive: true, old: { requests: 1 } });
    of.follow(trial("r-2"));
    of.setLive();
    t.match(reports.at(-1), { side: "r-2", old: { requests: 0 } });
  },
);

t.test("follow() tells at once why a trial is not served, and nothing after its end", async (t) => {
  const { of, reports, fire } = watch();
  of.follow({ kind: "refused", side: "r-1", message: "why" });
  t.match(reports, [{ side: "r-1", parts: 0, isLive: false, refusal: "why" }]);
  of.setLive();
  of.follow(undefined);
  of.note(late);
  of.setLive();
  fire();
  t.equal(reports.length, 1);
  of.close();
});
