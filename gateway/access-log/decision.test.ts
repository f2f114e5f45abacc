/** Tests which decision an entry tells of: keys, Envoy's own refusals, and what is no decision at all. */
import t from "tap";
import type { RuleFacts } from "../rule-facts.ts";
import { engineFailureDetails } from "../engine-failure.ts";
import { readDecision } from "./decision.ts";
import type { DecisionSource } from "./decision.ts";

const rule = "EgressHTTPRoute/default/route/3";
const route = { kind: "EgressHTTPRoute", namespace: "default", name: "route", rule: 3 };

function source(changes: Partial<DecisionSource> = {}): DecisionSource {
  return {
    key: `allow/${rule}`,
    details: "via_upstream",
    host: "a.example.com",
    dialled: "a.example.com:443",
    isForwarded: true,
    ...changes,
  };
}

const rows: readonly {
  readonly name: string;
  readonly from: DecisionSource;
  readonly want: object;
}[] = [
  {
    name: "a rule that allows",
    from: source(),
    want: { verdict: "allow", reason: null, message: null, route },
  },
  {
    name: "the default that allows",
    from: source({ key: "allow/default-policy" }),
    want: { verdict: "allow", reason: null, message: null, route: null },
  },
  {
    name: "a rule that would deny",
    from: source({ key: `audit/deny-policy/${rule}` }),
    want: {
      verdict: "allow",
      reason: null,
      message: null,
      route,
      wouldDeny: { reason: "deny-policy", message: "refused: deny-policy", route },
    },
  },
  {
    name: "the default that would deny",
    from: source({ key: "audit/no-rule" }),
    want: {
      verdict: "allow",
      reason: null,
      message: null,
      route: null,
      wouldDeny: {
        reason: "no-rule",
        message: "no rule for host a.example.com allows this method and path",
        route: null,
      },
    },
  },
  {
    name: "what audit mode let by, and the engine refused after all",
    from: source({ key: `audit/deny-policy/${rule}`, details: "clrk_denied{credential-missing}" }),
    want: {
      verdict: "deny",
      reason: "credential-missing",
      message: "refused: credential-missing",
      route,
    },
  },
  {
    name: "the default that denies",
    from: source({ key: "deny/default-policy", details: "direct_response" }),
    want: {
      verdict: "deny",
      reason: "default-policy",
      message: "no route allows host a.example.com (defaultPolicy deny-all)",
      route: null,
    },
  },
  {
    name: "a rule that denies",
    from: source({ key: `deny/deny-policy/${rule}` }),
    want: { verdict: "deny", reason: "deny-policy", message: "refused: deny-policy", route },
  },
  {
    name: "another authority",
    from: source({ details: "rbac_access_denied_matched_policy[none]" }),
    want: {
      verdict: "deny",
      reason: "authority-mismatch",
      message: "Host a.example.com is not what the connection dialled (a.example.com:443)",
      route: null,
    },
  },
  {
    name: "no rule that matches",
    from: source({ key: "", details: "route_not_found" }),
    want: {
      verdict: "deny",
      reason: "no-rule",
      message: "no rule for host a.example.com allows this method and path",
      route: null,
    },
  },
  {
    name: "no route, where the log prints a dash for its name",
    from: source({ key: "-", details: "route_not_found" }),
    want: {
      verdict: "deny",
      reason: "no-rule",
      message: "no rule for host a.example.com allows this method and path",
      route: null,
    },
  },
  {
    name: "an ambiguous path of a route that would allow",
    from: source({ details: "rbac_access_denied_matched_policy[ambiguous-path]" }),
    want: {
      verdict: "deny",
      reason: "ambiguous-path",
      message:
        "the path holds an encoded slash, backslash or NUL, two slashes in a row, a semicolon or a doubled escape, and a path rule applies",
      route: null,
    },
  },
  {
    name: "an ambiguous path of a route that would deny",
    from: source({
      key: `deny/deny-policy/${rule}`,
      details: "rbac_access_denied_matched_policy[ambiguous-path]",
    }),
    want: {
      verdict: "deny",
      reason: "ambiguous-path",
      message:
        "the path holds an encoded slash, backslash or NUL, two slashes in a row, a semicolon or a doubled escape, and a path rule applies",
      route: null,
    },
  },
  {
    name: "a guarded address",
    from: source({ details: "dns_resolution_failure{address_denied}" }),
    want: {
      verdict: "deny",
      reason: "guarded-address",
      message:
        "Host a.example.com resolves to an address that is never dialled unless a route names it",
      route: null,
    },
  },
  {
    name: "a name that does not resolve",
    from: source({ details: "dns_resolution_failure{cares_norecords:Domain_name_not_found}" }),
    want: { verdict: "allow", reason: null, message: null, route },
  },
  {
    name: "a body that is too large to be signed",
    from: source({ details: "request_payload_too_large" }),
    want: {
      verdict: "deny",
      reason: "body-too-large",
      message: "The body is larger than the rule or gateway takes",
      route: null,
    },
  },
  {
    name: "too many connections",
    from: source({ key: "connect", details: "local_rate_limited" }),
    want: {
      verdict: "deny",
      reason: "connection-limit",
      message: "The run opens connections too fast",
      route: null,
    },
  },
  {
    name: "a wrong proxy credential",
    from: source({ key: "", details: "invalid_credential_for_basic_auth" }),
    want: {
      verdict: "deny",
      reason: "proxy-credential",
      message: "Proxy credential missing or wrong",
      route: null,
    },
  },
];

for (const { name, from, want } of rows) {
  t.test(`readDecision() of ${name}`, async (t) => {
    t.same(readDecision(from, new Map()).decision, want);
  });
}

const undecided = [
  "",
  "connect",
  "absolute-form",
  "route_not_found",
  "allow",
  "allow/",
  "deny",
  "deny/other",
  "allow/a/b/c",
  "allow/a/b/c/x",
  "permit/a/b/c/0",
];

for (const key of undecided) {
  t.test(`readDecision() takes "${key}" for no decision, which is a refusal`, async (t) => {
    t.same(readDecision(source({ key }), new Map()), {
      decision: {
        verdict: "deny",
        reason: "undecided",
        message: "No route was chosen for the request",
        route: null,
      },
      facts: { provider: null, credential: null, message: null, tier: "native" },
    });
  });
}

const reasons: readonly { readonly reason: string; readonly says: RegExp }[] = [
  { reason: "no-rule", says: /^no rule for host a\.example\.com allows this method and path$/ },
  { reason: "ambiguous-path", says: /^the path holds an encoded slash/ },
  { reason: "credential-needs-tls", says: /never travels from plain HTTP$/ },
  { reason: "unidentified", says: /^the connection proved no identity$/ },
  { reason: "unmatched-port", says: /^no listener of the gateway takes this port and protocol$/ },
  { reason: "no-server-name", says: /server/ },
  { reason: "not-ready", says: /^refused: not-ready$/ },
];

for (const { reason, says } of reasons) {
  t.test(`readDecision() says why ${reason} refuses`, async (t) => {
    const { decision } = readDecision(source({ key: `deny/${reason}` }), new Map());
    t.equal(decision.reason, reason);
    t.match(decision.message ?? "", says);
  });
}

const facts: RuleFacts = {
  provider: "openai",
  credential: { name: "Secret default/openai", header: "authorization" },
  message: "Not here",
  tier: "engine",
};

t.test("readDecision() of Envoy's own refusals has no facts of a rule", async (t) => {
  const index = new Map([[`allow/${rule}`, facts]]);
  for (const details of [
    "route_not_found",
    "rbac_access_denied_matched_policy[ambiguous-path]",
    "rbac_access_denied_matched_policy[none]",
  ]) {
    t.same(readDecision(source({ details }), index).facts, {
      provider: null,
      credential: null,
      message: null,
      tier: "native",
    });
  }
});

t.test("readDecision() adds the facts of the rule, and its own sentence", async (t) => {
  const index = new Map([
    [`allow/${rule}`, facts],
    [`deny/deny-policy/${rule}`, facts],
  ]);
  t.equal(readDecision(source(), index).facts, facts);
  t.equal(
    readDecision(source({ key: `deny/deny-policy/${rule}` }), index).decision.message,
    "Not here",
  );
});

// As the access log of Envoy 1.40 had them when an engine was refused, killed, reset, late or wrong in either phase.
const engineFailures = [
  "ext_proc_error_gRPC_error_14{upstream_connect_error_or_disconnect/reset_before_headers._retried_and_the_latest_reset_reason:_remote_connection_failure{upstream_reset_before_response_started{remote_connection_failure|immediate_connect_error:_Connection_refused|remote_address:/run/engine.sock}}}",
  "ext_proc_error_gRPC_error_14{upstream_connect_error_or_disconnect/reset_before_headers._reset_reason:_connection_termination{upstream_reset_before_response_started{connection_termination}}}",
  "ext_proc_error_gRPC_error_14{upstream_connect_error_or_disconnect/reset_before_headers._reset_reason:_remote_reset{upstream_reset_before_response_started{remote_reset}}}",
  "ext_proc_error_gRPC_error_13{upstream_reset_after_response_started{connection_termination}}",
  "ext_proc_error_gRPC_error_13{via_upstream}",
  "ext_proc_error_gRPC_error_2{some_message{via_upstream}}",
  "ext_proc_error_per-message_timeout_exceeded",
  "spurious_message",
  "unhandled_message",
  "header_mutation_set_contains_invalid_character",
  "mismatch_between_content_length_and_the_length_of_the_mutated_body",
];

for (const details of engineFailures) {
  t.test(
    `readDecision() of ${details.slice(0, 50)} says whether an upstream was dialled`,
    async (t) => {
      const index = new Map([[`allow/${rule}`, facts]]);
      t.match(readDecision(source({ details, isForwarded: false }), index), {
        decision: {
          verdict: "deny",
          reason: "engine-unavailable",
          message: "the gateway's engine, which this request has to pass, did not answer",
          route,
        },
        facts: { provider: "openai", credential: null },
      });
      t.match(readDecision(source({ details, isForwarded: true }), index), {
        decision: { verdict: "deny", reason: "engine-failed", message: /may have arrived/, route },
        facts: { provider: "openai", credential: facts.credential },
      });
    },
  );
}

t.test(
  "readDecision() knows every beginning of an engine's failure by one that was seen",
  async (t) => {
    const unseen = engineFailureDetails.filter(
      (beginning) => !engineFailures.some((details) => details.startsWith(beginning)),
    );
    t.same(unseen, ["unhandled_immediate_response", "streaming_local_response_body"]);
  },
);

t.test("readDecision() of a refusal by the engine keeps the rule and its reason", async (t) => {
  const details = "clrk_denied{body-too-large}";
  t.same(readDecision(source({ details, isForwarded: false }), new Map()).decision, {
    verdict: "deny",
    reason: "body-too-large",
    message: "the body is larger than the gateway holds to decide about the request",
    route,
  });
});

t.test("readDecision() takes only details of the engine's own form for its refusal", async (t) => {
  for (const details of ["clrk_denied", "clrk_denied{}", "clrk_denied{A b}", "xclrk_denied{a}"]) {
    t.equal(readDecision(source({ details }), new Map()).decision.verdict, "allow", details);
  }
});
