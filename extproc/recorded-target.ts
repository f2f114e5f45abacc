/** The target of a request as its record shows it, where Envoy would log one that holds a credential. */

import type { RedactedTarget } from "../gateway/redact.ts";
import { redactTarget } from "../gateway/redact.ts";
import type { EnginePlan } from "../gateway/snapshot.ts";

/** Whether a value is put into the target of requests of the plan, here or later. */
export function hidesTarget({ queryCredentials, hidesTarget: isHidden }: EnginePlan): boolean {
  return queryCredentials.length > 0 || isHidden === true;
}

/** The target as the agent sent it, `/` for none, without credentials and placeholders. */
export function recordedTarget(
  target: string | undefined,
  { redactText }: { readonly redactText: (text: string) => string },
): RedactedTarget {
  return redactTarget(redactText(target ?? "/"));
}
