/** A call whose identity is known: where its body says it, the body was read first and is held until its worker has it. */
import type { Readable } from "node:stream";
import type { AgentIdentity } from "../../crds/agent-identity.ts";
import { tooLarge, tooManyRequests } from "../apiserver/status-error.ts";
import type { CallIdentity } from "./call-identity.ts";
import { noIdentity, readIdentity, readsBody } from "./call-identity.ts";
import type { CallHeaders } from "./call-headers.ts";
import type { KeptBytes, KeptContent } from "./kept-bytes.ts";

/** Most bytes of a body in which an identity is looked for. */
export const maxIdentityBodyBytes = 4 * 1024 * 1024;

/** What is read of a call. */
export interface UnidentifiedCall {
  readonly headers: CallHeaders;
  /** Each header with all values that were sent; absent: none was sent twice */
  readonly headerValues?: Readonly<Record<string, readonly string[] | undefined>>;
  readonly body?: Readable;
  readonly trigger: { readonly source: string };
  /** Its agent's own schedule called, on nobody's behalf but for what its input says */
  readonly isScheduled: boolean;
}

/** Whose call it is, or why that cannot be told. */
export type IdentifiedCall =
  | {
      readonly kind: "identified";
      readonly identity: CallIdentity;
      /** In place of the call's own, which was read; absent: that was left alone */
      readonly body?: Readable;
      /** Gives the body back, once; call it when the call is over */
      readonly release: () => void;
    }
  /** `message`: clause for the caller */
  | { readonly kind: "unidentified"; readonly message: string };

/** Reads the identity. Throws a StatusError where the body is too large, or too much is held already. */
export async function identifyCall(
  extracts: AgentIdentity | undefined,
  call: UnidentifiedCall,
  kept: KeptBytes,
): Promise<IdentifiedCall> {
  if (extracts === undefined) return { kind: "identified", identity: noIdentity, release() {} };
  const content = kept.open(maxIdentityBodyBytes, call.trigger.source);
  try {
    const isBodyRead = call.body !== undefined && readsBody(extracts);
    if (isBodyRead && call.body !== undefined) await keepBody(call.body, content);
    const reading = readIdentity(
      extracts,
      {
        headers: call.headerValues ?? listed(call.headers),
        ...(isBodyRead && { body: content.whole() }),
      },
      { mayBeMissing: call.isScheduled },
    );
    if (reading.kind === "refused") {
      content.release();
      return { kind: "unidentified", message: reading.message };
    }
    return {
      kind: "identified",
      identity: reading.identity,
      ...(isBodyRead && { body: content.stream() }),
      release: () => content.release(),
    };
  } catch (error) {
    content.release();
    throw error;
  }
}

/** Reads a body to its end. Throws a StatusError beyond the bounds of what holds it. */
export async function keepBody(body: Readable, content: KeptContent): Promise<void> {
  for await (const chunk of body) {
    const keeping = content.add(chunk);
    if (keeping === "too-large") throw tooLarge(content.most);
    if (keeping === "full") {
      throw tooManyRequests("too many calls wait with their bodies, try again later");
    }
  }
}

function listed(headers: CallHeaders): Record<string, readonly string[] | undefined> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      typeof value === "string" ? [value] : value,
    ]),
  );
}
