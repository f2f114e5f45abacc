/**
 * Placeholders where backends are tried one after another. Attempts share one request, so that nothing is swapped in it
 * before it is known whose attempt it is: each begins with what the agent sent, and no value reaches the next one.
 */

import type { HeaderPair } from "../gateway/decision.ts";
import { credentialHeaderNames } from "../providers/registry.ts";
import type { Way } from "./call-choice.ts";
import type { SentRequest } from "./outgoing-request.ts";
import type { Refusal } from "./refusal.ts";
import type { SwapEntry, SwapRequests } from "./swap-entry.ts";
import { misdirected, valueMissing } from "./swap-refusals.ts";
import { swapHeader } from "./swap-request.ts";

/** Finds what is written over by the plan of an id. */
export type FindSwap = (id: string) => SwapEntry | undefined;

/** Ways that may take the placeholders of a request, and the headers that hold some. */
export type SwappableWays =
  | { readonly kind: "ok"; readonly ways: readonly Way[]; readonly held: readonly string[] }
  | { readonly kind: "refuse"; readonly refusal: Refusal };

/**
 * Leaves out the ways that must not be asked with what the request holds. In a header by which agents are known a
 * placeholder only some way has to take: to the others it does not go, because they bring credentials of their own.
 */
export function swappableWays(
  ways: readonly Way[],
  sent: SentRequest,
  find: FindSwap,
): SwappableWays {
  if (ways.every(({ candidate }) => candidate.swap === undefined)) {
    return { kind: "ok", ways, held: [] };
  }
  const known = credentialHeaderNames();
  const held = new Set<string>();
  const taken = new Set<string>();
  const able: Way[] = [];
  let lacking = 0;
  for (const way of ways) {
    const entry = find(way.candidate.swap ?? "");
    if (entry?.requests === undefined || entry.lacksValue) {
      lacking++;
      continue;
    }
    const outcome = tryHeaders(entry.requests, sent, known);
    for (const name of outcome.held) held.add(name);
    if (!outcome.isAble || swapBody(entry, sent.body) === undefined) continue;
    for (const name of outcome.taken) taken.add(name);
    able.push(way);
  }
  const isTaken = [...held].every((name) => taken.has(name));
  if (able.length > 0 && isTaken) {
    // Attempts have the target anyway.
    return { kind: "ok", ways: able, held: [...held].filter((name) => !name.startsWith(":")) };
  }
  const refusal = lacking === ways.length ? valueMissing : misdirected;
  return { kind: "refuse", refusal };
}

/** What an attempt sends; undefined where a placeholder is in it that it must not have. */
export function swapAttempt(
  entry: SwapEntry,
  { set, body }: { readonly set: readonly HeaderPair[]; readonly body: Buffer },
): { readonly set: readonly HeaderPair[]; readonly body: Buffer } | undefined {
  const { requests } = entry;
  if (requests === undefined || entry.lacksValue) return undefined;
  const known = credentialHeaderNames();
  const swapped: HeaderPair[] = [];
  for (const [name, value] of set) {
    const written = swapHeader(name, value, requests);
    if (written !== undefined) swapped.push([name, written]);
    else if (!known.has(name)) return undefined;
  }
  const written = swapBody(entry, body);
  return written && { set: swapped, body: written };
}

interface TriedHeaders {
  readonly held: readonly string[];
  readonly taken: readonly string[];
  readonly isAble: boolean;
}

function tryHeaders(
  requests: SwapRequests,
  sent: SentRequest,
  known: ReadonlySet<string>,
): TriedHeaders {
  const held: string[] = [];
  const taken: string[] = [];
  let isAble = true;
  for (const [name, value] of sent.entries()) {
    const written = swapHeader(name, value, requests);
    // Nobody takes a credential in the authority, and as little in a name.
    if (swapHeader(":authority", name, requests) !== name) isAble = false;
    if (written === value) continue;
    held.push(name);
    if (written !== undefined) taken.push(name);
    else if (!known.has(name)) isAble = false;
  }
  return { held, taken, isAble };
}

/** The body with its placeholders swapped, or as it is where nobody looks; undefined for one that is not taken there. */
function swapBody({ requests, swapsBody }: SwapEntry, body: Buffer): Buffer | undefined {
  if (!swapsBody || requests === undefined) return body;
  const stream = requests.Body.open();
  const written = stream.write(body, "last");
  return stream.isMarked ? undefined : written;
}
