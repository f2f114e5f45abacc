/** Which refusals audit mode lets by, and how it is said. */
import t from "tap";
import {
  auditNews,
  auditors,
  auditSentence,
  auditTreatments,
  isAudited,
  tryLetBy,
} from "./audit.ts";
import { gatewaySnapshot } from "./testdata/gateway-snapshot.ts";

const route = { kind: "EgressHTTPRoute", namespace: "default", name: "web" };
const limited = { reason: "rate-limited", message: "Too many" } as const;

t.test("what protects credentials, the gateway or others is never audited", async (t) => {
  for (const reason of [
    "credential-missing",
    "credential-needs-tls",
    "trace-method",
    "placeholder-misdirected",
    "answer-unreadable",
    "backend-missing",
    "body-too-large",
    "engine-unavailable",
    "engine-failed",
    "not-ready",
  ] as const) {
    t.notOk(isAudited(reason), reason);
    t.equal(auditTreatments[reason].kind, "enforced", reason);
  }
  for (const reason of ["guarded-address", "authority-mismatch", "unidentified"] as const) {
    t.equal(auditTreatments[reason].kind, "enforced", reason);
  }
});

t.test("every refusal that stands says why", async (t) => {
  for (const [reason, treatment] of Object.entries(auditTreatments)) {
    if (treatment.kind === "enforced") t.match(treatment.why, /^[a-z].{10,}[^.]$/, reason);
  }
});

t.test("tryLetBy() notes an audited refusal with the rule, and nothing else", async (t) => {
  const plan = { route, ruleIndex: 2 };
  t.strictSame(tryLetBy(limited, plan, true), { ...limited, route: { ...route, rule: 2 } });
  t.equal(tryLetBy(limited, plan, undefined), undefined);
  t.equal(tryLetBy({ ...limited, reason: "credential-missing" }, plan, true), undefined);
  t.equal(tryLetBy({ ...limited, reason: "not-enforced" }, plan, true), undefined);
});

t.test("auditors() names the gateway, or routes that audit alone", async (t) => {
  t.strictSame(auditors(gatewaySnapshot()), []);
  t.strictSame(auditors(gatewaySnapshot({ auditedRoutes: [route] })), [
    "EgressHTTPRoute default/web",
  ]);
  t.strictSame(auditors(gatewaySnapshot({ audits: true, auditedRoutes: [route] })), [
    "EgressGateway default/egress",
  ]);
});

t.test("auditSentence() stays a line, however many names there are", async (t) => {
  t.equal(
    auditSentence(["EgressGateway default/egress"]),
    "AUDIT: nothing is refused by EgressGateway default/egress, what would be is only recorded",
  );
  const names = Array.from({ length: 7 }, (_, index) => `R d/${index}`);
  t.match(auditSentence(names), "by R d/0, R d/1, R d/2, R d/3, R d/4 and 2 more, what");
});

t.test("auditNews() warns with every revision, and says what ended", async (t) => {
  const audited = [gatewaySnapshot({ audits: true })];
  const warnings = [auditSentence(["EgressGateway default/egress"])];
  t.strictSame(auditNews(audited, []), { warnings, ended: [] });
  t.strictSame(auditNews(audited, audited), { warnings, ended: [] });
  const ended = ["EgressGateway default/egress no longer audits"];
  t.strictSame(auditNews([gatewaySnapshot()], audited), { warnings: [], ended });
});
