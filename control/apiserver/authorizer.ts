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

/** What a rule may name: a resource, or what is below its objects. */
export interface NamedResource {
  readonly group: string;
  readonly plural: string;
  /** Absent: the resource itself */
  readonly subresource?: string;
  readonly verbs?: readonly string[];
}

/**
 * Admins may do everything; viewers read what is neither a credential nor a prompt. `served` is what rules name: access
 * does not depend on it.
 */
export function createRoleAuthorizer(served: readonly NamedResource[]): Authorizer {
  return {
    allows(user, { verb, plural, subresource }) {
      if (user.role === "admin") return true;
      if (!readVerbs.has(verb) || plural === "*" || subresource === "*") return false;
      return !isConfidential({ plural, subresource });
    },
    rulesOf(user) {
      if (user.role === "admin") return [{ verbs: ["*"], apiGroups: ["*"], resources: ["*"] }];
      const open = served.filter((one) => !isConfidential(one));
      const byRule = Map.groupBy(open, ({ group, verbs = [...readVerbs] }) =>
        [group, ...verbs.filter((verb) => readVerbs.has(verb))].join(" "),
      );
      return [...byRule].flatMap(([rule, members]) => {
        const [group = "", ...verbs] = rule.split(" ");
        if (verbs.length === 0) return [];
        return [{ verbs, apiGroups: [group], resources: members.map(pathOf) }];
      });
    },
  };
}

function isConfidential({ plural, subresource = "" }: Omit<NamedResource, "group">): boolean {
  return confidentialResources.has(plural) || confidentialSubresources.has(subresource);
}

function pathOf({ plural, subresource = "" }: Omit<NamedResource, "group">): string {
  return subresource === "" ? plural : `${plural}/${subresource}`;
}

/** The refusal in Kubernetes' words. */
export function refuseAccess(user: ApiUser, access: Access): StatusError {
  const { verb, group, plural, namespace, name } = access;
  const what = pathOf(access);
  const place = namespace === "" ? "at the cluster scope" : `in the namespace "${namespace}"`;
  return forbidden(
    { group, plural },
    name,
    `User "${user.name}" cannot ${verb} resource "${what}" in API group "${group}" ${place}`,
  );
}
