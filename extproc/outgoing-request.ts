/** The last changes of a request before it leaves: credentials in its query, and a signature over what is then final. */

import type { HeaderPair } from "../gateway/decision.ts";
import { injectQuery } from "../gateway/query-credential.ts";
import type { Candidate } from "../gateway/routing-plan.ts";
import type { SecretValue } from "../gateway/secret-value.ts";
import type { CreateSignerOutcome } from "../gateway/sigv4.ts";
import { hashPayload } from "../gateway/sigv4.ts";
import type { AskedRequest } from "./asked-call.ts";
import type { CandidateRequest } from "./candidate-request.ts";
import type { Refusal } from "./refusal.ts";

/** What a thread knows. */
export interface OutgoingTools {
  readonly credential: (resource: string) => SecretValue | undefined;
  readonly signer: (signing: NonNullable<Candidate["signing"]>) => CreateSignerOutcome;
  /** Wall clock in Unix `ms`: signatures hold the time */
  readonly nowUnixMs: () => number;
}

/** What Envoy is told of the request, or why it must not go out. */
export type OutgoingRequest =
  | {
      readonly kind: "ok";
      readonly set: readonly HeaderPair[];
      readonly remove: readonly string[];
      readonly body: Buffer | undefined;
    }
  | { readonly kind: "refuse"; readonly refusal: Refusal };

/** A request with all of its headers, as the agent sent it. */
export interface SentRequest extends AskedRequest {
  readonly authority: string;
  readonly entries: () => readonly (readonly [name: string, value: string])[];
}

/** Finishes the request of a candidate. */
export function finishRequest(
  sent: SentRequest,
  way: { readonly candidate: Candidate; readonly request: CandidateRequest },
  tools: OutgoingTools,
): OutgoingRequest {
  const { candidate, request } = way;
  const path = pathWithCredentials(request.path, candidate, tools);
  if (typeof path !== "string") return { kind: "refuse", refusal: path };
  const set: HeaderPair[] = [...request.set];
  const remove = [...request.remove];
  if (path !== sent.path) set.push([":path", path]);
  const outgoing = { kind: "ok", set, remove, body: request.body } as const;
  const { signing } = candidate;
  if (signing === undefined) return outgoing;
  const outcome = tools.signer(signing);
  if (outcome.kind === "unusable") return unsigned(outcome.reason);
  const signed = outcome.signer.sign({
    method: sent.method,
    path,
    host: candidate.authority === "" ? sent.authority : candidate.authority,
    headers: changedHeaders(sent, request),
    payloadHash: hashPayload(request.body ?? sent.body),
    nowMs: tools.nowUnixMs(),
  });
  if (signed.kind === "unsignable") return unsigned(signed.reason);
  return {
    ...outgoing,
    set: [...set, ...signed.set],
    remove: [...remove, ...signed.remove],
  };
}

/** What is on the wire in the end: a signature covers it. */
function changedHeaders(sent: SentRequest, { set, remove }: CandidateRequest): HeaderPair[] {
  const changed = new Set([...remove, ...set.map(([name]) => name)]);
  return [...sent.entries().filter(([name]) => !changed.has(name)), ...set];
}

/** The target with the credentials that go into its query, or why one is missing. */
export function pathWithCredentials(
  path: string,
  { queryCredentials }: Pick<Candidate, "queryCredentials">,
  { credential }: Pick<OutgoingTools, "credential">,
): string | Refusal {
  if (queryCredentials.length === 0) return path;
  const values: { parameter: string; value: string }[] = [];
  for (const { parameter, valuePrefix, secret, policy } of queryCredentials) {
    const value = credential(secret.resource);
    if (value === undefined) {
      const label = `${policy.kind} ${policy.namespace}/${policy.name}`;
      return missing(`${label} gives no credential: its value has not arrived`);
    }
    values.push({ parameter, value: `${valuePrefix}${value.reveal()}` });
  }
  return injectQuery(path, values);
}

function unsigned(reason: string): OutgoingRequest {
  return { kind: "refuse", refusal: missing(`the request cannot be signed: ${reason}`) };
}

function missing(clause: string): Refusal {
  return { status: 403, reason: "credential-missing", message: `Refused because ${clause}` };
}
