/** Sentences of refusals. */
import t from "tap";
import {
  notEnforced,
  refuseUnenforced,
  refuseUnresolved,
  refuseWithoutBackend,
  refuseWithoutCredential,
} from "./refusal.ts";

const route = { kind: "AIProviderRoute", namespace: "default", name: "r" };
const policy = { kind: "CredentialInjectionPolicy", namespace: "default", name: "p" };

t.test("notEnforced() names the field, and what of it", async (t) => {
  t.same(notEnforced(["spec", "rules", 0, "models"]), {
    reason: "NotEnforced",
    message: "spec.rules[0].models is not enforced yet",
  });
  t.equal(
    notEnforced(["spec", "target"], "QueryParam").message,
    "spec.target (QueryParam) is not enforced yet",
  );
});

t.test("refuseUnenforced() names the object and the policy at fault", async (t) => {
  const finding = notEnforced(["spec", "x"]);
  const message =
    "Refused because AIProviderRoute default/r cannot be enforced: spec.x is not enforced yet";
  const action = { kind: "deny", status: 403, reason: "not-enforced", message };
  t.same(refuseUnenforced(route, finding), action);
  t.same(refuseUnenforced(route, finding, policy), { ...action, policy });
});

t.test("refuseUnresolved() says what is missing", async (t) => {
  t.match(refuseUnresolved(route, { reason: "ExtensionNotFound", message: "x does not exist" }), {
    reason: "not-enforced",
    message: "Refused because AIProviderRoute default/r cannot be enforced: x does not exist",
  });
});

t.test("refuseWithoutCredential() names the policy", async (t) => {
  t.same(refuseWithoutCredential(policy, "Secret default/s does not exist"), {
    kind: "deny",
    status: 403,
    reason: "credential-missing",
    message:
      "Refused because CredentialInjectionPolicy default/p gives no credential: Secret default/s does not exist",
    policy,
  });
});

t.test("refuseWithoutBackend() answers as a failing upstream would", async (t) => {
  t.same(refuseWithoutBackend(route, "none is left"), {
    kind: "deny",
    status: 503,
    reason: "backend-missing",
    message: "Refused because AIProviderRoute default/r has no backend for it: none is left",
  });
});
