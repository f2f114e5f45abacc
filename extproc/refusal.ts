/** A refusal of the engine as Envoy sends it to the agent: in the shape that its SDK raises, and with its reason in the log. */

import type { Decision, HeaderPair } from "../gateway/decision.ts";
import type { DenyReason } from "../gateway/snapshot.ts";
import { createDenial } from "../gateway/denial.ts";
import type { Provider } from "../providers/provider.ts";
import { encodeImmediateResponse } from "./immediate-response.ts";

/** What is refused and why. */
export type Refusal = Omit<Extract<Decision, { kind: "deny" }>, "kind">;

/** How Envoy's access log tells the reason. */
export function refusalDetails(reason: DenyReason): string {
  return `clrk_denied{${reason}}`;
}

/**
 * The message that ends the transaction. Envoy's response code details become `clrk_denied{reason}`, so that the record
 * knows the reason even where the engine's facts are lost.
 */
export function encodeRefusal(
  refusal: Refusal,
  to: { readonly provider: Provider | undefined; readonly transactionId?: string },
): Buffer {
  const { provider, transactionId } = to;
  const { status, body, headers } = createDenial(provider, refusal);
  return encodeImmediateResponse({
    status,
    headers: [
      ["content-type", "application/json"],
      ...headers.map(({ name, value }): HeaderPair => [name, value]),
      ...(refusal.headers ?? []),
    ],
    body: `${JSON.stringify(body)}\n`,
    details: refusalDetails(refusal.reason),
    ...(transactionId !== undefined && { transactionId }),
  });
}
