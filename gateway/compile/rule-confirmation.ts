/** Who confirms the calls of a rule, as its tool policies say it, with the key that signs questions to a webhook. */

import { parseDuration } from "../../crds/duration.ts";
import type { MCPRoute } from "../../crds/mcp-route.ts";
import type { Path } from "../../crds/problem.ts";
import { formatPath } from "../../crds/problem.ts";
import type { McpConfirmation } from "../mcp-plan.ts";
import { SecretValue } from "../secret-value.ts";
import type { ObjectIndex } from "./object-index.ts";
import { notEnforced } from "./refusal.ts";
import { readSecretText } from "./secret-text.ts";
import type { Finding } from "./status-book.ts";

type Rule = MCPRoute["spec"]["rules"][number];
type ToolPolicy = NonNullable<Rule["filters"][number]["toolPolicy"]>;

/** What a rule's tool policies ask for together. */
export interface RuleConfirmation {
  readonly confirmation: McpConfirmation;
  readonly obstacles: readonly Finding<"Accepted">[];
  readonly missing: readonly Finding<"ResolvedRefs">[];
  /** The signing key by its name, where there is one */
  readonly secrets: readonly (readonly [name: string, value: SecretValue])[];
}

/** A person at the command line, for two minutes: what a policy asks for that says nothing. */
export const usualConfirmation: McpConfirmation = { timeoutMs: 2 * 60_000 };

/** Reads the confirmation of the rule at `path`. A call is asked about once, so that its policies must agree. */
export function readConfirmation(
  { filters }: Rule,
  path: Path,
  { index, namespace }: { readonly index: ObjectIndex; readonly namespace: string },
): RuleConfirmation {
  const asking = filters.flatMap(({ toolPolicy }, position) =>
    toolPolicy === undefined || toolPolicy.requireConfirmation.length === 0
      ? []
      : [{ toolPolicy, at: [...path, "filters", position, "toolPolicy", "confirmation"] }],
  );
  const [first] = asking;
  if (first === undefined)
    return { confirmation: usualConfirmation, obstacles: [], missing: [], secrets: [] };
  const confirmation = confirmationOf(first.toolPolicy, namespace);
  const text = JSON.stringify(confirmation);
  const other = asking.find(
    ({ toolPolicy }) => JSON.stringify(confirmationOf(toolPolicy, namespace)) !== text,
  );
  const obstacles =
    other === undefined ? [] : [notEnforced(other.at, "other than that of another filter")];
  return { confirmation, obstacles, ...readKey(first, { index, namespace }) };
}

function confirmationOf({ confirmation }: ToolPolicy, namespace: string): McpConfirmation {
  if (confirmation === undefined) return usualConfirmation;
  const { timeout, webhook } = confirmation;
  const timeoutMs = parseDuration(timeout);
  if (webhook === undefined) return { timeoutMs };
  const { url, signingSecretRef, signingSecretKey } = webhook;
  const key = `secret/${namespace}/${signingSecretRef.name}/${signingSecretKey}`;
  return { timeoutMs, webhook: { url, key } };
}

function readKey(
  { toolPolicy, at }: { readonly toolPolicy: ToolPolicy; readonly at: Path },
  { index, namespace }: { readonly index: ObjectIndex; readonly namespace: string },
): Pick<RuleConfirmation, "missing" | "secrets"> {
  const webhook = toolPolicy.confirmation?.webhook;
  if (webhook === undefined) return { missing: [], secrets: [] };
  const { signingSecretRef, signingSecretKey: key } = webhook;
  const read = readSecretText(index, { namespace, name: signingSecretRef.name, key });
  if (read.kind === "unusable") {
    const place = formatPath([...at, "webhook", "signingSecretRef"]);
    const { reason, message } = read;
    return { missing: [{ reason, message: `${place}: ${message}` }], secrets: [] };
  }
  const name = `secret/${namespace}/${signingSecretRef.name}/${key}`;
  return { missing: [], secrets: [[name, new SecretValue(read.text)]] };
}
