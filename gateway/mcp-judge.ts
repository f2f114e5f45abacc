/**
 * Decides about requests to MCP servers: by their head, then by the whole body, which goes on only when every message of
 * it is allowed. What cannot be read in exactly one way is refused.
 *
 * @see https://modelcontextprotocol.io/specification/2025-11-25/basic/transports
 */

import { formatReference } from "../crds/meta.ts";
import type { McpFacts, McpMessageFacts } from "./call-facts.ts";
import type { McpConfirmation, McpPlan } from "./mcp-plan.ts";
import { maxMcpBytes } from "./mcp-plan.ts";
import type { McpError, McpRefusal } from "./mcp/error-answer.ts";
import { MCP_ERROR, refuseMessages, refuseWhole } from "./mcp/error-answer.ts";
import type { HeaderValues } from "./mcp/header-agreement.ts";
import { findDisagreement, hasBatches, isRevisionKnown } from "./mcp/header-agreement.ts";
import type { McpMessage, ReadMessage } from "./mcp/message.ts";
import { idKey, readBody } from "./mcp/message.ts";
import { isAgentCard, protocolOf, sendingMethods } from "./mcp/protocol.ts";
import { RuleCaptures } from "./mcp/rule-captures.ts";
import type { MessageVerdict } from "./mcp/rule-judge.ts";
import { RuleJudge } from "./mcp/rule-judge.ts";
import { RuleSizes } from "./mcp/rule-sizes.ts";
import type { McpServer } from "./mcp/server-match.ts";
import { mcpServer } from "./mcp/server-match.ts";
import type { McpSubjectKind } from "./mcp/subject.ts";
import type { CapturePlan, LimitPlan, ObjectName } from "./snapshot-terms.ts";

export { maxShownBytes } from "./mcp/call-arguments.ts";
export type { McpRefusal } from "./mcp/error-answer.ts";

/** The head of a request. */
export interface McpHead {
  readonly method: string;
  /** `http` or `https` */
  readonly scheme: string;
  readonly authority: string;
  /** Path and query */
  readonly target: string;
  /** All values of a header by its lower-case name */
  readonly values: HeaderValues;
  readonly hasBody: boolean;
}

/** How a limit refuses. */
export type LimitedRefusal = Pick<McpRefusal, "message" | "headers" | "reason">;

/** What becomes of a body. */
export type McpOutcome = {
  /** Which decided about each message, null where none did; empty where there is no message that can be read */
  readonly rules: readonly (number | null)[];
} & McpJudgement;

type McpJudgement =
  | {
      readonly kind: "allow";
      readonly facts: McpFacts;
      /** Of which the request takes one each; one that is named twice is taken twice */
      readonly limits: readonly LimitPlan[];
      /** Who must confirm calls of it before it goes on; null: nobody */
      readonly confirmation: AskedConfirmation | null;
      /** Questions that the agent waits for no more, by what their requests' ids are compared by */
      readonly cancelled: readonly string[];
      /** What ids of its requests are compared by, in the order of the messages; null where one has none */
      readonly requestKeys: readonly (string | null)[];
      /** The answer may hold lists that name what is refused */
      readonly hasLists: boolean;
      /** The refusal when a limit has nothing left, or nobody knows */
      readonly limited: (refusal: LimitedRefusal) => McpRefusal;
      /** The refusal when it is not confirmed; `clause` says why */
      readonly unconfirmed: (clause: string) => McpRefusal;
    }
  | {
      readonly kind: "refuse";
      readonly facts: McpFacts | null;
      readonly refusal: McpRefusal;
      /** A rule is about every message, and only what it asks beyond that refuses some */
      readonly isRuled?: true;
    };

/** Calls of one request that somebody is asked about, all together. */
export interface AskedConfirmation {
  readonly plan: McpConfirmation;
  /** Scheme, host and path */
  readonly server: string;
  readonly calls: readonly AskedCall[];
}

/** One call that somebody is asked about. */
export interface AskedCall {
  /** Position of the message in the request */
  readonly index: number;
  /** What its id is compared by; null for a notification */
  readonly requestKey: string | null;
  readonly tool: string;
  /** JSON text as the agent sent it; empty where there are none */
  readonly arguments: string;
}

/** Most calls of one request that somebody can be asked about. */
const maxAsked = 16;

/** Most messages of a request that a record tells of. */
const maxTold = 16;
/** Longest name that a record tells. */
const maxToldName = 256;

/** A body that was read. */
interface ReadRequest {
  readonly head: McpHead;
  readonly bodyBytes: number;
  readonly isBatch: boolean;
}

const listMethods = ["tools/list", "resources/list", "resources/templates/list", "prompts/list"];

/** Judges by the plan of one route. */
export class McpJudge {
  readonly #rules: RuleJudge;
  readonly #label: string;
  readonly #captures: RuleCaptures;
  readonly #sizes: RuleSizes;

  constructor(plan: McpPlan, route: ObjectName) {
    this.#rules = new RuleJudge(plan);
    this.#captures = new RuleCaptures(plan);
    this.#sizes = new RuleSizes(plan);
    this.#label = formatReference(route);
  }

  /** The refusal of a request for its head alone; undefined: it may go on, a POST as far as its body is allowed. */
  judgeHead(head: McpHead): McpRefusal | undefined {
    const { method, hasBody, values } = head;
    if (values("upgrade").length > 0) return this.#deny(400, "does not allow upgrades");
    if (this.#rules.doubts(serverOf(head))) return ambiguousPath;
    if (method === "POST") return hasBody ? findBodyMistake(values) : noBody;
    if (method !== "GET" && method !== "DELETE") {
      return this.#deny(405, "allows POST, GET and DELETE only");
    }
    if (hasBody) return refuseMalformed(400, `a ${method} request has a body`);
    const server = serverOf(head);
    if (!this.#rules.names(server)) return this.#deny(403, "has no rule for this server");
    if (method === "GET" && isAgentCard(server.path)) {
      const isAllowed = this.#cardVerdict(server).kind === "allow";
      return isAllowed ? undefined : this.#deny(403, "does not allow messages to this agent");
    }
    const isStream = values("accept").some((value) => value.includes("text/event-stream"));
    if (method === "GET" && !isStream) {
      return this.#deny(403, "allows GET for event streams only");
    }
    return undefined;
  }

  /** What a record tells of a request by its head alone; null where its body says it, or nothing does. */
  headFacts(head: McpHead): McpFacts | null {
    const server = serverOf(head);
    if (head.method !== "GET" || !isAgentCard(server.path)) return null;
    const { kind, ruleIndex: rule } = this.#cardVerdict(server);
    const outcome = kind === "allow" ? "allowed" : "denied";
    const message = { method: "agent-card", subject: null, name: null, outcome, rule } as const;
    return { protocol: "a2a", revision: null, messages: [message] };
  }

  /** Whoever may send messages to an agent may read its card. */
  #cardVerdict(server: McpServer): MessageVerdict {
    const judge = (method: string) =>
      this.#rules.judge({ kind: "request", method, subjects: [] }, server);
    const [first, ...others] = sendingMethods;
    const verdict = judge(first);
    return verdict.kind === "allow"
      ? verdict
      : (others.map(judge).find(({ kind }) => kind === "allow") ?? verdict);
  }

  /** Judges a whole body, which is borrowed. */
  judgeBody(head: McpHead, body: Buffer): McpOutcome {
    if (body.length > maxMcpBytes) return unread(tooLarge);
    const { values } = head;
    if (!isRevisionKnown(values)) {
      return unread(refuseMalformed(400, "header mcp-protocol-version names no revision"));
    }
    const request = { head, bodyBytes: body.length };
    const read = readBody(body);
    switch (read.kind) {
      case "malformed":
        return unread(refuseMalformed(400, read.reason));
      case "single":
        return this.#judgeReads([read.read], { ...request, isBatch: false });
      case "batch":
        return hasBatches(values)
          ? this.#judgeReads(read.reads, { ...request, isBatch: true })
          : unread(refuseMalformed(400, "its revision of MCP has no batches"));
    }
  }

  /** Scheme, host and path of the server, as questions name it. */
  serverName(head: McpHead): string {
    return nameOf(serverOf(head));
  }

  /** Whether lists of the server's things may name some that are refused. */
  hides(head: McpHead): boolean {
    return this.#rules.hides(serverOf(head));
  }

  /** Whether the agent could have a thing of the server, so that a list may name it. */
  shows(head: McpHead): (kind: McpSubjectKind, name: string) => boolean {
    const server = serverOf(head);
    return (kind, name) => this.#rules.shows(kind, name, server);
  }

  /** What is kept of a request that these rules decide about, null where none did for a message; none: of any other. */
  captureFor(rules: readonly (number | null)[]): CapturePlan | undefined {
    return this.#captures.find(rules);
  }

  #judgeReads(reads: readonly ReadMessage[], request: ReadRequest): McpOutcome {
    const { head, isBatch } = request;
    const messages: McpMessage[] = [];
    for (const read of reads) {
      if (read.kind === "malformed") {
        const { reason, id } = read;
        return unread(refuseMalformed(400, reason, isBatch ? null : id));
      }
      const { message } = read;
      const clause = findDisagreement(message, head.values);
      if (clause !== undefined) return disagree(message, clause, isBatch);
      messages.push(message);
    }
    return this.#judgeMessages(messages, request);
  }

  #judgeMessages(
    messages: readonly McpMessage[],
    { head, isBatch, bodyBytes }: ReadRequest,
  ): McpOutcome {
    const server = serverOf(head);
    const verdicts = messages.map((message) => this.#rules.judge(message, server));
    const rules = verdicts.map(({ ruleIndex }) => ruleIndex);
    const facts = factsOf(messages, verdicts, head);
    const readsAnswers = head.values("accept").some((value) => value.includes("application/json"));
    const refuse = (
      errors: readonly McpError[],
      first: Omit<McpError, "id">,
      headers = noHeaders,
    ) => refuseMessages(errors, { isBatch, readsAnswers, first, headers });
    const denied = verdicts.find((verdict) => verdict.kind === "deny");
    if (denied !== undefined) {
      const first = this.#denial(denied.clause);
      const errors = messages.map(({ id }, index) => ({
        id,
        ...this.#errorOf(verdicts[index] ?? denied, first),
      }));
      const refusal = refuse(onlyRequests(errors, messages), first);
      const isRuled = verdicts.every((it) => it.kind === "allow" || it.ruleIndex !== null);
      return { kind: "refuse", facts, rules, refusal, ...(isRuled && { isRuled }) };
    }
    const bound = this.#sizes.find(rules);
    if (bodyBytes > bound) {
      const refusal = tooLargeForRule(messages, bound, isBatch);
      return { kind: "refuse", facts: deniedFacts(facts), rules, refusal };
    }
    const asked = askedOf(messages, verdicts, server);
    if (asked.kind === "refuse") {
      const first = this.#denial(asked.clause);
      const errors = messages.map(({ id }) => ({ id, ...first }));
      const refusal = refuse(onlyRequests(errors, messages), first);
      return { kind: "refuse", facts: deniedFacts(facts), rules, refusal };
    }
    const limits = verdicts.flatMap((verdict) => (verdict.kind === "allow" ? verdict.limits : []));
    return {
      kind: "allow",
      facts,
      rules,
      limits,
      confirmation: asked.confirmation,
      requestKeys: messages.map(({ kind, id }) =>
        kind === "request" && id !== null ? idKey(id) : null,
      ),
      cancelled: messages.flatMap(({ cancels }) => cancels ?? []),
      hasLists: messages.some(({ method }) => listMethods.includes(method)),
      limited: ({ message, headers, reason }) => {
        const first = { code: MCP_ERROR.limited, message, reason };
        const errors = messages.map(({ id }) => ({ id, ...first }));
        return refuse(onlyRequests(errors, messages), first, headers);
      },
      unconfirmed: (clause) => {
        const first = { ...this.#denial(clause), reason: "not-confirmed" } as const;
        const errors = messages.map(({ id }) => ({ id, ...first }));
        return refuse(onlyRequests(errors, messages), first);
      },
    };
  }

  #errorOf(verdict: MessageVerdict, first: Omit<McpError, "id">): Omit<McpError, "id"> {
    if (verdict.kind === "deny") return this.#denial(verdict.clause);
    const message = `Not sent because another message of the batch is refused: ${first.message}`;
    return { ...first, message };
  }

  #denial(clause: string): Omit<McpError, "id"> {
    const message = `Refused because ${this.#label} ${clause}`;
    return { code: MCP_ERROR.denied, message, reason: "mcp-denied" };
  }

  #deny(status: number, clause: string): McpRefusal {
    return refuseWhole(status, this.#denial(clause));
  }
}

const noHeaders: McpRefusal["headers"] = [];

function serverOf({ scheme, authority, target }: McpHead): McpServer {
  return mcpServer(scheme, authority, target);
}

/** An error goes to whoever waits for an answer; ids of responses are those of the server. */
function onlyRequests(errors: readonly McpError[], messages: readonly McpMessage[]): McpError[] {
  return errors.filter((_, index) => messages[index]?.kind === "request");
}

/** Other encodings of the same bytes would let the server read something else than we do. */
function findBodyMistake(values: HeaderValues): McpRefusal | undefined {
  const types = values("content-type");
  const [type = ""] = types;
  const [media = "", ...parameters] = type.split(";").map((part) => part.trim().toLowerCase());
  const isPlain = parameters.every((it) => /^charset="?utf-8"?$/.test(it));
  if (types.length !== 1 || media !== "application/json" || !isPlain) {
    return refuseMalformed(415, "its content-type is not application/json in UTF-8");
  }
  const coding = values("content-encoding").join(",").trim().toLowerCase();
  if (coding === "" || coding === "identity") return undefined;
  return refuseMalformed(415, "it is compressed: send it without content-encoding");
}

function refuseMalformed(status: number, clause: string, id: string | null = null): McpRefusal {
  const isSyntax = clause === "it is not JSON" || clause === "it is not UTF-8";
  return refuseWhole(status, {
    id,
    code: isSyntax ? MCP_ERROR.parseError : MCP_ERROR.invalidRequest,
    message: `Refused because the request is no message of MCP: ${clause}`,
    reason: "body-malformed",
  });
}

const noBody = refuseMalformed(400, "it has no body");

const ambiguousPath = refuseWhole(403, {
  code: MCP_ERROR.denied,
  message:
    "Refused because servers may read the path as another one, and rules tell paths apart: send it without //, ; and encoded slashes",
  reason: "ambiguous-path",
});

const tooLarge = refuseWhole(413, {
  code: MCP_ERROR.invalidRequest,
  message: `Refused because the body is larger than the ${maxMcpBytes / 1024 / 1024} MiB that are held while it is decided about`,
  reason: "body-too-large",
});

/** The refusal of what is no message, or none that can be told. */
function unread(refusal: McpRefusal): McpOutcome {
  return { kind: "refuse", facts: null, rules: [], refusal };
}

function tooLargeForRule(
  messages: readonly McpMessage[],
  bound: number,
  isBatch: boolean,
): McpRefusal {
  const [first] = messages;
  return refuseWhole(413, {
    id: isBatch || first?.kind !== "request" ? null : first.id,
    code: MCP_ERROR.invalidRequest,
    message: `Refused because the body is larger than the ${bound} bytes that its rule takes`,
    reason: "body-too-large",
  });
}

function disagree({ kind, id }: McpMessage, clause: string, isBatch: boolean): McpOutcome {
  const refusal = refuseWhole(400, {
    id: isBatch || kind !== "request" ? null : id,
    code: MCP_ERROR.headerMismatch,
    message: `Refused because ${clause}`,
    reason: "body-malformed",
  });
  return unread(refusal);
}

function factsOf(
  messages: readonly McpMessage[],
  verdicts: readonly MessageVerdict[],
  { values }: McpHead,
): McpFacts {
  const told = messages.slice(0, maxTold).map((message, index): McpMessageFacts => {
    const [subject] = message.subjects;
    const verdict = verdicts[index];
    return {
      method: cut(message.method),
      subject: subject?.kind ?? null,
      name: subject === undefined ? null : cut(subject.name),
      outcome: verdict?.kind === "allow" ? "allowed" : "denied",
      rule: verdict?.ruleIndex ?? null,
    };
  });
  const [first] = messages;
  const revision = first?.revision ?? values("mcp-protocol-version")[0] ?? null;
  return { protocol: protocolOf(messages), revision, messages: told };
}

function nameOf({ origin, path }: McpServer): string {
  return `${origin}${path}`;
}

/** What somebody is asked about, all of it at once: of a batch all calls go on or none. */
function askedOf(
  messages: readonly McpMessage[],
  verdicts: readonly MessageVerdict[],
  server: McpServer,
):
  | { readonly kind: "ok"; readonly confirmation: AskedConfirmation | null }
  | { readonly kind: "refuse"; readonly clause: string } {
  const asked = messages.flatMap((message, index) => {
    const verdict = verdicts[index];
    if (verdict?.kind !== "allow" || verdict.confirmation === null) return [];
    return [{ plan: verdict.confirmation, call: askedCall(message, index) }];
  });
  const [first] = asked;
  if (first === undefined) return { kind: "ok", confirmation: null };
  const { plan } = first;
  const odd = asked.find(({ call }) => messages[call.index]?.arguments?.isAmbiguous === true);
  if (odd !== undefined) {
    const tool = JSON.stringify(odd.call.tool.slice(0, 128).toWellFormed());
    const clause = `cannot have tool ${tool} confirmed: a key of its arguments comes twice or in another case`;
    return { kind: "refuse", clause };
  }
  if (asked.length > maxAsked || asked.some((one) => !isSamePlan(one.plan, plan))) {
    const clause = `asks for confirmation of so many calls, or in several ways: send calls one by one`;
    return { kind: "refuse", clause };
  }
  const confirmation = {
    plan,
    server: nameOf(server),
    calls: asked.map(({ call }) => call),
  };
  return { kind: "ok", confirmation };
}

function isSamePlan(one: McpConfirmation, other: McpConfirmation): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}

function askedCall({ id, subjects, ...message }: McpMessage, index: number): AskedCall {
  return {
    index,
    requestKey: id === null ? null : idKey(id),
    tool: subjects[0]?.name ?? "",
    arguments: message.arguments?.json ?? "",
  };
}

function deniedFacts(facts: McpFacts): McpFacts {
  const messages = facts.messages.map((message) => ({ ...message, outcome: "denied" }) as const);
  return { ...facts, messages };
}

function cut(name: string): string {
  return name.slice(0, maxToldName).toWellFormed();
}
