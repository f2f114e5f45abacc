/** Puts credentials into the query of a request; refuses a request that would go out without one. */

import { formatReference } from "../../crds/meta.ts";
import type { Decision } from "../decision.ts";
import { injectQuery } from "../query-credential.ts";
import type { Transaction } from "../transaction.ts";
import type { Policy } from "./policy.ts";

/** Rewrites `:path`; whatever the agent sent under the same parameter names is removed. */
export const queryCredentialPolicy: Policy = {
  name: "query-credential",
  applies: ({ queryCredentials }) => queryCredentials.length > 0,
  evaluate: inject,
};

function inject({ plan, path, credential }: Transaction): Decision {
  const values: { parameter: string; value: string }[] = [];
  for (const { parameter, valuePrefix, secret, policy } of plan.queryCredentials) {
    const value = credential(secret.resource);
    if (value === undefined) {
      const message = `Refused because ${formatReference(policy)} gives no credential: its value has not arrived`;
      return { kind: "deny", status: 403, reason: "credential-missing", message };
    }
    values.push({ parameter, value: `${valuePrefix}${value.reveal()}` });
  }
  return { kind: "mutate", set: [[":path", injectQuery(path, values)]], remove: [] };
}
