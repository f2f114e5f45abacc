/**
 * What a caller is told when its request is refused, in the shape that its own SDK raises as a sensible exception.
 * Bodies may hold Envoy format commands such as `%REQ(:AUTHORITY)%`; Envoy escapes what it puts in their place.
 */

import type { JsonObject } from "../providers/json-text.ts";
import type { Provider, ProviderError } from "../providers/provider.ts";
import { CLRK_HEADERS } from "./headers.ts";
import type { DenyReason } from "./snapshot.ts";

/** A refusal, ready for a direct or local reply. */
export interface Denial {
  readonly status: number;
  readonly body: JsonObject;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
}

/** What is refused and why; `message` is one sentence for the agent. */
export interface DenialFacts {
  readonly status: number;
  readonly reason: DenyReason | "authority-mismatch" | "guarded-address" | "unreachable";
  readonly message: string;
}

/**
 * Writes a denial for callers of `provider`, or for callers of unknown hosts: then in a shape that carries the
 * message where both OpenAI-like (`error.message`) and plain JSON clients (`message`) look for it.
 */
export function createDenial(provider: Provider | undefined, facts: DenialFacts): Denial {
  const { status, reason, message } = facts;
  const error = { status, message, code: `clrk_${reason.replaceAll("-", "_")}` };
  const body = shapedBody(provider, error) ?? neutralBody(error);
  const own = { name: CLRK_HEADERS.denyReason, value: reason };
  return { status, body, headers: [own, ...(provider?.errorHeaders ?? [])] };
}

/** A plugin's mistake must cost its own shape only: this is called while everyone's configuration is made. */
function shapedBody(provider: Provider | undefined, error: ProviderError): JsonObject | undefined {
  try {
    const body = provider?.errorBody(error);
    // What cannot be written, or is no object when it is, is no body.
    return JSON.stringify(body)?.startsWith("{") ? body : undefined;
  } catch {
    return undefined;
  }
}

function neutralBody({ status, message, code }: ProviderError): JsonObject {
  return {
    error: { message, type: status >= 500 ? "gateway_error" : "permission_error", code },
    message,
  };
}
