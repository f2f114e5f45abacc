/** Who may do what. Roles are few and fixed; a refusal says so (403) and never poses as an absence (404). */
import type { ResourceTarget } from "./request-target.ts";
import { forbidden } from "./status-error.ts";
import type { StatusError } from "./status-error.ts";
import type { ApiUser } from "./token-file.ts";

/** What somebody wants to do, as far as it matters here. */
export type Access = Pick<
  ResourceTarget,
  "verb" | "group" | "plural" | "namespace" | "name" | "subresource"
>;

/** Decides about requests for objects. */
export interface Authorizer {
  /** Whether the user may; verb and plural may be `*` for any. */
  allows(user: ApiUser, access: Omit<Access, "verb"> & { readonly verb: string }): boolean;
  /** Rules in the shape of a SelfSubjectRulesReview. */
  rulesOf(user: ApiUser): readonly ResourceRule[];
}

/** One rule of `kubectl auth can-i --list`. */
export interface ResourceRule {
  readonly verbs: readonly string[];
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
}

const readVerbs: ReadonlySet<string> = new Set(["get", "list", "watch"]);

/** Whatever holds credentials, or what agents and models said to each other. */
const confidentialResources: ReadonlySet<string> = new Set(["secrets", "traces"]);
const confidentialSubresources: ReadonlySet<string> = new Set(["invoke", "logs", "traces"]);

/** Admins may do everything; viewers read what is neither a credential nor a prompt. */
export function createRoleAuthorizer(
  viewable: readonly { group: string; plural: string }[],
): Authorizer {
  return {
    allows(user, { verb, plural, subresource }) {
      if (user.role === "admin") return true;
      if (!readVerbs.has(verb) || plural === "*") return false;
      return !confidentialResources.has(plural) && !confidentialSubresources.has(subresource);
    },
    rulesOf(user) {
      if (user.role === "admin") return [{ verbs: ["*"], apiGroups: ["*"], resources: ["*"] }];
      const open = viewable.filter(({ plural }) => !confidentialResources.has(plural));
      const groups = [...new Set(open.map(({ group }) => group))];
      return groups.map((group) => ({
        verbs: [...readVerbs],
        apiGroups: [group],
        resources: open.filter((one) => one.group === group).map(({ plural }) => plural),
      }));
    },
  };
}

/** The refusal in Kubernetes' words. */
export function refuseAccess(user: ApiUser, access: Access): StatusError {
  const { verb, group, plural, namespace, name, subresource } = access;
  const what = subresource === "" ? plural : `${plural}/${subresource}`;
  const place = namespace === "" ? "at the cluster scope" : `in the namespace "${namespace}"`;
  return forbidden(
    { group, plural },
    name,
    `User "${user.name}" cannot ${verb} resource "${what}" in API group "${group}" ${place}`,
  );
}
