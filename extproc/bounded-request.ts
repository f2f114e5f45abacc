/**
 * The request that a candidate gets under the budget of its rule: with no more output than one request may ask for, and
 * with the most that it may use. What cannot be bounded or priced the candidate cannot serve.
 */

import type { Candidate, RoutedRule } from "../gateway/routing-plan.ts";
import type { ObjectBody, ReadObjectBody } from "../providers/json-splice-body.ts";
import { readObjectBody } from "../providers/json-splice-body.ts";
import { boundOutput } from "../providers/output-bound.ts";
import { findOperation } from "../providers/operation-layout.ts";
import type { Operation } from "../providers/operation.ts";
import type { ModelPrice, PriceEntry } from "../providers/prices.ts";
import { findPrice } from "../providers/prices.ts";
import { measurePrompt } from "../providers/prompt-weight.ts";
import type { AskedCall } from "./asked-call.ts";
import type { CandidateOutcome, CandidateRequest } from "./candidate-request.ts";
import { requestFor } from "./candidate-request.ts";
import { mostInputTokens, usualOutputTokens } from "./call-demand.ts";

/** A request, or why the candidate cannot serve it; in audit mode both, where only the budget objects. */
export type BoundedOutcome = CandidateOutcome & {
  readonly objection?: Exclude<CandidateOutcome, { readonly kind: "ok" }>;
};

/** What bounds requests: the budget of the rule, in audit mode only what it would bound. */
export type RequestBounds = Pick<RoutedRule, "budget" | "audits"> & {
  readonly prices: readonly PriceEntry[];
};

/**
 * Makes the request of a candidate of the rule. In audit mode the budget changes nothing of it, and it is counted as it
 * would be. May throw what a codec throws.
 */
export function boundedRequestFor(
  call: AskedCall,
  candidate: Candidate,
  bounds: RequestBounds,
): BoundedOutcome {
  const outcome = requestFor(call, candidate);
  const { budget, audits, prices } = bounds;
  if (outcome.kind !== "ok" || budget === undefined) return outcome;
  const bounded = boundRequest(call, outcome, { budget, prices });
  if (audits !== true) return bounded;
  if (bounded.kind !== "ok") return { ...outcome, objection: bounded };
  const { demand } = bounded.request;
  return { kind: "ok", request: { ...outcome.request, ...(demand !== undefined && { demand }) } };
}

function boundRequest(
  call: AskedCall,
  { request, object }: Extract<CandidateOutcome, { readonly kind: "ok" }>,
  { budget, prices }: Required<Pick<RequestBounds, "budget" | "prices">>,
): CandidateOutcome {
  const { model, provider } = request;
  const operation = findOperation(provider, "POST", request.usualPath)?.layout.operation;
  const wantsPrice = budget.counts.some(({ unit }) => unit === "usd");
  const price = model === null ? undefined : findPrice(prices, provider.name, model);
  if (wantsPrice && price === undefined && !isFree(operation)) {
    return { kind: "unable", reason: unpriced(provider.name, model) };
  }
  return limitRequest(call, request, {
    operation,
    most: budget.maxOutputTokens,
    price: price ?? null,
    read: () => readBody(call, request, object),
  });
}

interface Bounds {
  readonly operation: Operation | undefined;
  readonly most: number | undefined;
  readonly price: ModelPrice | null;
  readonly read: () => ReadObjectBody;
}

function limitRequest(
  call: AskedCall,
  request: CandidateRequest,
  { operation, most, price, read }: Bounds,
): CandidateOutcome {
  const body = request.body ?? call.request.body;
  const input = isFree(operation) ? 0 : mostInputTokens(body);
  const habit = `${request.provider.name} ${request.model ?? ""}`;
  const { weight, asksStream } =
    request.body === undefined ? call.prompt : measurePrompt(request.body);
  const isStream = asksStream || operation?.isStream === true;
  const size = { input, promptWeight: weight, isStream, habit, price };
  const place = operation?.output;
  if (place === "none")
    return { kind: "ok", request: { ...request, demand: { ...size, output: 0 } } };
  if (place === undefined || place.serves?.(request.model ?? "") === false) {
    return {
      kind: "unable",
      reason: "nobody knows how its output is bounded, and the rule has a budget",
    };
  }
  const source = read();
  if (source.kind === "malformed") return source;
  const bounded = boundOutput(source.object, place, { most, usual: usualOutputTokens });
  if (bounded.kind === "malformed") return bounded;
  const demand = { ...size, output: bounded.tokens };
  return { kind: "ok", request: { ...request, body: bounded.body ?? request.body, demand } };
}

/** The object that leaves: as it was sent, as it was changed, or as it was written for another dialect. */
function readBody(
  call: AskedCall,
  { body }: CandidateRequest,
  changed: ObjectBody | undefined,
): ReadObjectBody {
  if (body === undefined) return call.object;
  return changed === undefined ? readObjectBody(body) : { kind: "ok", object: changed };
}

/** Providers count tokens for nothing. */
function isFree(operation: Operation | undefined): boolean {
  return operation?.name === "count_tokens";
}

function unpriced(provider: string, model: string | null): string {
  const what =
    model === null ? "a call that names no model" : `model ${JSON.stringify(model.slice(0, 200))}`;
  return `the rule has a budget in money, and no price of ${what} at ${provider} is known: add it to prices.json in CLRK_HOME`;
}
