/**
 * The part of a session that is about who serves its model call: chooses when the request is there, and gives the answer
 * on as the agent can read it. Does no I/O. What a codec throws may hold what was sent: it costs its own call, and
 * nothing of it is told.
 */

import type { CallRouting } from "../gateway/call-facts.ts";
import type { HeaderPair } from "../gateway/decision.ts";
import { CLRK_HEADERS } from "../gateway/headers.ts";
import type { RoutedRule, RoutingPlan } from "../gateway/routing-plan.ts";
import { candidateCluster, letByPick, noPick } from "../gateway/routing-plan.ts";
import type { Provider } from "../providers/provider.ts";
import type { AnswerShape, WholeAnswer } from "./answer-changer.ts";
import { AnswerChanger } from "./answer-changer.ts";
import { AskedCall } from "./asked-call.ts";
import { encodeAskedHead } from "./asked-head.ts";
import type { FindSwap } from "./attempt-swap.ts";
import { swappableWays } from "./attempt-swap.ts";
import type { AuditedRefusal, ChoiceTools, Way } from "./call-choice.ts";
import { chooseCall, mayHaveBudget } from "./call-choice.ts";
import type { CallDemand } from "./call-demand.ts";
import { decodeBody } from "./decode-body.ts";
import { maxRequestBytes } from "./engine-limits.ts";
import type { BodyReply } from "./mutation.ts";
import type { OutgoingTools, SentRequest } from "./outgoing-request.ts";
import { finishRequest } from "./outgoing-request.ts";
import type { Refusal } from "./refusal.ts";
import type { PickedWay } from "./reply-parts.ts";
import type { HeaderView } from "./transaction-message.ts";

/** What a routed call asks of its thread. */
export interface RoutingTools extends ChoiceTools, OutgoingTools {
  /** What attempts at a candidate are written over by */
  readonly swap: FindSwap;
}

/** What is answered when the request is there. */
export type RoutedReply =
  | { readonly kind: "refuse"; readonly refusal: Refusal }
  | { readonly kind: "reply"; readonly reply: BodyReply };

/** Who is known to answer, before and after it did. */
export interface ServedBy {
  readonly provider: Provider;
  /** Path that it declares for such calls */
  readonly path: string;
}

/** One call on its way. */
export class RoutedCall {
  readonly #plan: RoutingPlan;
  readonly #id: string;
  readonly #provider: Provider;
  readonly #headers: HeaderView;
  readonly #tools: RoutingTools;
  #ways: readonly Way[] = [];
  #rule: RoutedRule | undefined;
  #served: Way | undefined;
  #changesPath = false;
  #changer: AnswerChanger | undefined;
  #isLocal = false;
  #wouldDeny: AuditedRefusal | undefined;

  /** `headers` are kept. */
  constructor(
    plan: RoutingPlan,
    request: { readonly id: string; readonly provider: Provider; readonly headers: HeaderView },
    tools: RoutingTools,
  ) {
    const { id, provider, headers } = request;
    this.#id = id;
    this.#plan = plan;
    this.#provider = provider;
    this.#headers = headers;
    this.#tools = tools;
  }

  /** The rule that decided; undefined before, and where none did. */
  get rule(): RoutedRule | undefined {
    return this.#rule;
  }

  /** Why the call would be refused, where audit mode lets it by all the same. */
  get wouldDeny(): AuditedRefusal | undefined {
    return this.#wouldDeny;
  }

  /** Who answers, once that is certain; of several it is known with the answer. */
  get servedBy(): ServedBy | undefined {
    const way = this.#served;
    if (way === undefined) return undefined;
    const { provider, usualPath } = way.request;
    return { provider, path: usualPath };
  }

  /** The most that the call may use, for each candidate that may serve it. */
  get demands(): readonly CallDemand[] {
    const served = this.#served;
    if (served === undefined) return this.#ways.flatMap(({ request }) => request.demand ?? none);
    const { demand } = served.request;
    return demand === undefined ? none : [demand];
  }

  /** The answer is Envoy's own, because no candidate gave one. */
  get isLocal(): boolean {
    return this.#isLocal;
  }

  /** Whether the request leaves by another path than it came, as far as is known. */
  get changesPath(): boolean {
    return this.#changesPath;
  }

  /** For the record; null where the request went its way as it was. */
  get routing(): CallRouting | null {
    const way = this.#served ?? this.#ways[0];
    if (way === undefined) return null;
    const { candidate, request } = way;
    const { answer, dropped } = request;
    if (candidate.backend === null && dropped.length === 0) return null;
    return {
      backend: candidate.backend,
      provider: request.provider.name,
      model: request.model,
      translation:
        answer.kind === "translate"
          ? { from: answer.call.codec.name, to: answer.served.name }
          : null,
      dropped: [...new Set(dropped.map(({ feature }) => feature))],
    };
  }

  /** Chooses by the whole request, whose body is borrowed. */
  onRequest(body: Buffer): RoutedReply {
    try {
      return this.#choose(body);
    } catch {
      return { kind: "refuse", refusal: codecFault };
    }
  }

  #choose(body: Buffer): RoutedReply {
    const headers = this.#headers;
    const coding = headers.find("content-encoding");
    const decoded = decodeBody(body, coding, maxRequestBytes);
    if (decoded.kind !== "ok") return this.#refuse(undecodable(decoded.kind));
    const sent: SentRequest = {
      method: headers.find(":method") ?? "",
      path: headers.find(":path") ?? "/",
      authority: headers.find(":authority") ?? "",
      header: (name) => headers.find(name),
      headerNames: () => headers.entries().map(([name]) => name),
      entries: () => headers.entries(),
      body: decoded.body,
    };
    const call = new AskedCall(this.#provider, sent, { measures: mayHaveBudget(this.#plan) });
    const choice = chooseCall(this.#plan, call, this.#tools);
    this.#wouldDeny = choice.wouldDeny;
    if (choice.kind === "single" || choice.kind === "walk") {
      const bound = choice.rule.maxRequestBytes ?? Number.POSITIVE_INFINITY;
      this.#rule = choice.rule;
      if (body.length > bound) return this.#refuse(tooLargeForRule(bound));
    }
    switch (choice.kind) {
      case "refuse":
        this.#rule = choice.rule;
        return this.#refuse(choice.refusal);
      case "next":
        return { kind: "reply", reply: { way: { pick: noPick } } };
      case "single":
        return this.#send(sent, choice, decoded.body === body ? undefined : decoded.body);
      case "walk":
        return this.#walk(choice.rule, choice.ways, sent);
    }
  }

  /** In audit mode a call goes on of which nobody can say which rule it means. */
  #refuse(refusal: Refusal): RoutedReply {
    const { letBy } = this.#plan;
    const { reason, message } = refusal;
    const isOpen = reason === "no-rule" || reason === "body-malformed";
    if (letBy === undefined || !isOpen) return { kind: "refuse", refusal };
    this.#wouldDeny = { reason, message };
    const way = letBy === "elsewhere" && { way: { pick: letByPick(reason) } };
    return { kind: "reply", reply: { ...way } };
  }

  /** Takes the answer's headers, which are borrowed; `isLast`: it has no body. */
  onAnswer(headers: HeaderView, isLast: boolean): AnswerShape | { readonly kind: "fault" } {
    const cluster = headers.find(CLRK_HEADERS.served);
    const fallback = this.#rule?.fallback;
    if (fallback !== undefined) {
      this.#served = this.#ways.find(
        ({ candidate }) => candidateCluster(fallback, candidate.pick) === cluster,
      );
    }
    // Envoy's own replies, which say why nobody answered, are in the agent's words already.
    const isTold = this.#served?.candidate.pick !== "" || this.#rule?.budget !== undefined;
    const isEnvoy = (cluster === undefined && isTold) || isFailure(headers);
    this.#isLocal = isEnvoy;
    if (isEnvoy || this.#served === undefined) return pass;
    this.#changer = new AnswerChanger(this.#served.request.answer);
    try {
      return this.#changer.onHeaders(headers, isLast);
    } catch {
      return { kind: "fault" };
    }
  }

  /** What is sent for a piece of a stream, which is borrowed. */
  onPiece(chunk: Buffer, isLast: boolean): Buffer {
    return this.#changer?.onPiece(chunk, isLast) ?? chunk;
  }

  /** What is sent for a whole answer; undefined: as it is. */
  onWhole(body: Buffer): WholeAnswer | undefined {
    return this.#changer?.onWhole(body);
  }

  #send(sent: SentRequest, way: Way, decoded: Buffer | undefined): RoutedReply {
    const finished = finishRequest(sent, way, this.#tools);
    if (finished.kind === "refuse") return finished;
    this.#changesPath = finished.set.some(([name]) => name === ":path");
    this.#served = withoutBody(way);
    const { pick } = way.candidate;
    const body = finished.body ?? decoded;
    const remove =
      decoded === undefined ? finished.remove : [...finished.remove, "content-encoding"];
    return {
      kind: "reply",
      reply: {
        set: body === undefined ? finished.set : [...finished.set, lengthOf(body)],
        // Never empty, or Envoy would not look for another route.
        remove: [...remove, CLRK_HEADERS.served],
        ...(body !== undefined && { body }),
        ...(pick !== "" && { way: { pick } }),
      },
    };
  }

  /** Every attempt makes its own request of what the agent sent. */
  #walk(rule: RoutedRule, able: readonly Way[], sent: SentRequest): RoutedReply {
    this.#ways = able.map(withoutBody);
    const swappable = swappableWays(able, sent, this.#tools.swap);
    if (swappable.kind === "refuse") return swappable;
    const { ways, held } = swappable;
    this.#ways = ways.map(withoutBody);
    this.#changesPath = true;
    const pick = rule.fallback?.pick ?? noPick;
    const order = ways.map(({ candidate }) => candidate.pick);
    const call = encodeAskedHead(this.#id, sent, { ways, held });
    if (call === undefined) return { kind: "refuse", refusal: headTooLong };
    return { kind: "reply", reply: { set: retryBound(rule, ways), way: { pick, order, call } } };
  }
}

/** Where a call goes in audit mode that has nothing to read; undefined: the way that its path says. */
export function unreadWay({ letBy }: Pick<RoutingPlan, "letBy">): PickedWay | undefined {
  return letBy === "elsewhere" ? { pick: letByPick("body-malformed") } : undefined;
}

/** Envoy would ask the last of the order again in the place of each candidate that is not in it. */
function retryBound({ fallback, candidates }: RoutedRule, ways: readonly Way[]): HeaderPair[] {
  const usable = candidates.filter(({ weight, refusal }) => weight > 0 && refusal === undefined);
  const unable = usable.length - ways.length;
  if (unable === 0) return [];
  return [["x-envoy-max-retries", String(Math.max(0, (fallback?.retries ?? 0) - unable))]];
}

/** Envoy takes a body of another length only with the header that says so. */
function lengthOf(body: Buffer): HeaderPair {
  return ["content-length", String(body.length)];
}

const none: readonly never[] = [];
const pass: AnswerShape = { kind: "pass" };

const codecFault: Refusal = {
  status: 500,
  reason: "engine-failed",
  message: "Refused because the gateway failed to translate the request",
};

const headTooLong: Refusal = {
  status: 431,
  reason: "body-too-large",
  message:
    "Refused because its path and headers are longer than what is held while backends are tried one after another",
};

/** What was sent is not held while the answer is waited for: prompts are large, and streams long. */
function withoutBody({ candidate, request }: Way): Way {
  return { candidate, request: { ...request, body: undefined } };
}

function tooLargeForRule(bound: number): Refusal {
  const message = `Refused because the body is larger than the ${bound} bytes that its rule takes: send it in parts`;
  return { status: 413, reason: "body-too-large", message };
}

function undecodable(kind: "unsupported" | "malformed" | "too-large"): Refusal {
  if (kind === "too-large") {
    const message = `Refused because the body is larger than the ${maxRequestBytes / 1024 / 1024} MiB that are held while it is decided who serves it: send it in parts`;
    return { status: 413, reason: "body-too-large", message };
  }
  const clause =
    kind === "unsupported"
      ? "has a content coding that is not known"
      : "cannot be decoded from its content coding";
  return {
    status: kind === "unsupported" ? 415 : 400,
    reason: "body-malformed",
    message: `Refused because the body ${clause}, and a rule decides by it: send it without`,
  };
}

/**
 * Whether Envoy answers because nobody did, after the way was chosen. An upstream that writes the same has its answer given
 * on as it is, and pays for an estimate.
 */
function isFailure(headers: HeaderView): boolean {
  const status = headers.find(":status") ?? "";
  return status.startsWith("5") && headers.find(CLRK_HEADERS.denyReason) !== undefined;
}
