/** Tests of refusals that no rule gave. */
import t from "tap";
import type { EgressRecord, RecordRoute } from "../record.ts";
import { httpRecord } from "../testdata/egress-record.ts";
import { denied, known, nothing } from "./outcome.ts";
import { fateBeforeRules, withFate } from "./recorded-fate.ts";

const route = { kind: "EgressHTTPRoute", namespace: "default", name: "web", rule: 0 };
const host = { backend: "", address: "", provider: "", model: null, weight: 1 };
const allowed = known({ ...nothing, verdict: "allow", route, view: "http", destinations: [host] });

function refused(reason: string, by: RecordRoute | null = null): EgressRecord {
  return httpRecord({ decision: { verdict: "deny", reason, message: "", route: by } });
}

t.test("fateBeforeRules() keeps what no policy changes, and nothing else", async (t) => {
  t.match(fateBeforeRules(refused("authority-mismatch")), {
    verdict: "deny",
    reason: "authority-mismatch",
  });
  for (const record of [refused("no-rule"), refused("guarded-address"), httpRecord()]) {
    t.equal(fateBeforeRules(record), undefined);
  }
});

const rows = [
  {
    name: "an address, by any rule",
    record: refused("guarded-address"),
    reason: "guarded-address",
  },
  {
    name: "a body, by the same rule",
    record: refused("body-malformed", route),
    reason: "body-malformed",
  },
  { name: "a refusal of the rules", record: refused("no-rule"), reason: null },
];

for (const { name, record, reason } of rows) {
  t.test(`withFate() of what is allowed now and was refused for ${name}`, async (t) => {
    t.match(withFate(allowed, record), { kind: "known", reason });
  });
}

t.test("withFate() does not know what another rule makes of a body", async (t) => {
  const other = { ...route, name: "other" };
  t.match(withFate(allowed, refused("body-malformed", other)), {
    kind: "unknown",
    missing: "what becomes of a request that was refused with body-malformed",
  });
});

t.test("withFate() lets rules refuse before", async (t) => {
  const no = denied("no-rule", null);
  t.equal(withFate(no, refused("engine-failed", route)), no);
});

t.test("withFate() does not know how large a body was that was too large", async (t) => {
  t.match(withFate(allowed, refused("body-too-large")), { kind: "unknown", verdict: null });
  t.match(withFate(denied("no-rule", null), refused("body-too-large")), {
    kind: "unknown",
    verdict: "deny",
  });
});
