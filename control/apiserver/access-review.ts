/** The reviews that a caller asks about itself: who it is, whether it may, what it may. Answered, never stored. */
import type { ApiPage } from "./api-context.ts";
import type { Access, Authorizer } from "./authorizer.ts";
import type { ReviewResource } from "./discovery.ts";
import { isRecord } from "./kube-object.ts";
import { badRequest } from "./status-error.ts";
import type { ApiUser } from "./token-file.ts";

/** The reviews that are served. */
export const reviewResources: readonly ReviewResource[] = [
  {
    group: "authentication.k8s.io",
    version: "v1",
    kind: "SelfSubjectReview",
    plural: "selfsubjectreviews",
  },
  {
    group: "authorization.k8s.io",
    version: "v1",
    kind: "SelfSubjectAccessReview",
    plural: "selfsubjectaccessreviews",
  },
  {
    group: "authorization.k8s.io",
    version: "v1",
    kind: "SelfSubjectRulesReview",
    plural: "selfsubjectrulesreviews",
  },
];

/** Who asks, and what there is to be asked about. */
export interface ReviewFacts {
  readonly user: ApiUser;
  readonly authorizer: Authorizer;
  readonly pages: readonly Pick<ApiPage, "path">[];
}

/** The answer to a review. Throws a 400 when the question cannot be read. */
export function answerReview(review: ReviewResource, body: unknown, facts: ReviewFacts): object {
  const spec = isRecord(body) && isRecord(body["spec"]) ? body["spec"] : {};
  const head = {
    kind: review.kind,
    apiVersion: `${review.group}/${review.version}`,
    metadata: { creationTimestamp: null },
  };
  switch (review.kind) {
    case "SelfSubjectReview":
      return { ...head, status: { userInfo: describeUser(facts.user) } };
    case "SelfSubjectAccessReview":
      return { ...head, spec, status: { allowed: isAllowed(spec, facts) } };
    default:
      return { ...head, spec, status: rulesStatus(facts) };
  }
}

/** What `kubectl auth whoami` prints. */
export function describeUser({ name, role }: ApiUser): object {
  return { username: name, groups: [`clrk:${role}`, "system:authenticated"] };
}

function isAllowed(
  spec: Readonly<Record<string, unknown>>,
  { user, authorizer }: ReviewFacts,
): boolean {
  const { resourceAttributes, nonResourceAttributes } = spec;
  if (isRecord(resourceAttributes)) {
    const text = (name: string) => {
      const value = resourceAttributes[name];
      return typeof value === "string" ? value : "";
    };
    const access: Omit<Access, "verb"> & { readonly verb: string } = {
      verb: text("verb"),
      group: text("group"),
      plural: text("resource"),
      namespace: text("namespace"),
      name: text("name"),
      subresource: text("subresource"),
    };
    return authorizer.allows(user, access);
  }
  if (isRecord(nonResourceAttributes)) return nonResourceAttributes["verb"] === "get";
  throw badRequest("the review asks about neither resourceAttributes nor nonResourceAttributes");
}

function rulesStatus({ user, authorizer, pages }: ReviewFacts): object {
  const reviews = reviewResources.map(({ group, plural }) => ({
    verbs: ["create"],
    apiGroups: [group],
    resources: [plural],
  }));
  return {
    resourceRules: [...authorizer.rulesOf(user), ...reviews],
    nonResourceRules: [
      {
        verbs: ["get"],
        nonResourceURLs: [
          "/api",
          "/api/*",
          "/apis",
          "/apis/*",
          "/healthz",
          "/livez",
          "/openapi",
          "/openapi/*",
          "/readyz",
          "/version",
          ...pages.map(({ path }) => path),
        ],
      },
    ],
    incomplete: false,
  };
}
