/** Tests of roles. */
import t from "tap";
import { createRoleAuthorizer, refuseAccess } from "./authorizer.ts";

const authorizer = createRoleAuthorizer([
  { group: "", plural: "secrets" },
  { group: "", plural: "configmaps" },
  { group: "clrk.apoxy.dev", plural: "backends" },
]);
const admin = { name: "a", role: "admin" } as const;
const viewer = { name: "v", role: "viewer" } as const;
const access = (verb: string, plural: string, subresource = "") => ({
  ...{ verb, plural, subresource, group: "", namespace: "default", name: "" },
});

t.test("allows() lets admins do everything, and viewers read what is no secret", async (t) => {
  for (const verb of ["get", "list", "watch", "create", "delete", "deletecollection", "patch"]) {
    t.ok(authorizer.allows(admin, access(verb, "secrets")));
    t.notOk(authorizer.allows(viewer, access(verb, "secrets")), `${verb} secrets`);
    const isRead = ["get", "list", "watch"].includes(verb);
    t.equal(authorizer.allows(viewer, access(verb, "backends")), isRead, verb);
    t.equal(authorizer.allows(viewer, access(verb, "backends", "status")), isRead);
    t.notOk(authorizer.allows(viewer, access(verb, "taskagents", "logs")));
  }
  t.notOk(authorizer.allows(viewer, access("get", "*")));
  t.notOk(authorizer.allows(viewer, access("*", "backends")));
});

t.test("rulesOf() says the same", async (t) => {
  t.same(authorizer.rulesOf(viewer), [
    { verbs: ["get", "list", "watch"], apiGroups: [""], resources: ["configmaps"] },
    { verbs: ["get", "list", "watch"], apiGroups: ["clrk.apoxy.dev"], resources: ["backends"] },
  ]);
  t.same(authorizer.rulesOf(admin), [{ verbs: ["*"], apiGroups: ["*"], resources: ["*"] }]);
});

t.test("refuseAccess() speaks as Kubernetes", async (t) => {
  const target = { ...access("get", "secrets"), verb: "get", name: "s" } as const;
  t.match(refuseAccess(viewer, target), {
    code: 403,
    message:
      'secrets "s" is forbidden: User "v" cannot get resource "secrets" in API group "" in the namespace "default"',
  });
  const everywhere = { ...target, namespace: "", name: "", subresource: "status" };
  t.match(
    refuseAccess(viewer, everywhere).message,
    /resource "secrets\/status" .* at the cluster scope$/,
  );
});
