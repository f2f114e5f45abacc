/**
 * What the rules of an MCPRoute say about one message: the first that matches decides, and what none matches is refused,
 * except what a session cannot do without on a server that some rule is about.
 */

import { matchGlob } from "../../crds/glob.ts";
import type { McpMatch, McpPlan, McpRule, McpToolPolicy } from "../mcp-plan.ts";
import type { LimitPlan } from "../snapshot-terms.ts";
import type { McpMessage } from "./message.ts";
import type { NameMatcher } from "./name-pattern.ts";
import { createNameMatcher } from "./name-pattern.ts";
import type { McpServer } from "./server-match.ts";
import { isAmbiguousPath, matchesServer, namesPath } from "./server-match.ts";
import type { McpSubject, McpSubjectKind } from "./subject.ts";

/** What becomes of a message. `ruleIndex` is null where no rule decided. */
export type MessageVerdict =
  | {
      readonly kind: "allow";
      readonly ruleIndex: number | null;
      /** Of which the message takes one each */
      readonly limits: readonly LimitPlan[];
    }
  | {
      readonly kind: "deny";
      readonly ruleIndex: number | null;
      /** What is refused, after `MCPRoute default/tools ` */
      readonly clause: string;
    };

/** As much of a message as rules are about. */
export type JudgedMessage = Pick<McpMessage, "kind" | "method" | "subjects">;

/** What every session of a server begins, keeps and ends with. */
const baseMethods = ["initialize", "ping", "server/discover", "notifications/*"];

/** Methods that list things, and by which method a thing is had: lists are allowed where any of it could be. */
const lists = new Map<string, McpSubjectKind>([
  ["tools/list", "tool"],
  ["resources/list", "resource"],
  ["resources/templates/list", "resource"],
  ["prompts/list", "prompt"],
]);

const gettingMethods: Readonly<Record<McpSubjectKind, string>> = {
  tool: "tools/call",
  resource: "resources/read",
  prompt: "prompts/get",
};

/** Longest part of a name that is told in a refusal. */
const maxToldName = 128;

/** Verdicts that are remembered, and the longest texts that they are found by. */
const maxKnown = 1_024;
const maxKeyLength = 512;

interface CompiledMatch extends Omit<McpMatch, "tools"> {
  readonly tools: NameMatcher;
  /** It is about named things only */
  readonly isNamed: boolean;
}

interface CompiledPolicy {
  readonly allowed: NameMatcher;
  readonly denied: NameMatcher;
  readonly confirmed: readonly string[];
  readonly limits: readonly { readonly tools: NameMatcher; readonly limit: LimitPlan }[];
}

interface CompiledRule {
  readonly ruleIndex: number;
  readonly matches: readonly CompiledMatch[];
  readonly policies: readonly CompiledPolicy[];
  readonly limits: readonly LimitPlan[];
}

/** Judges messages by one plan. */
export class RuleJudge {
  readonly #rules: readonly CompiledRule[];
  /** Agents say the same again and again, and thousands of matches take a millisecond */
  readonly #known = new Map<string, MessageVerdict>();

  constructor({ rules }: McpPlan) {
    this.#rules = rules.map(compileRule);
  }

  /** Whether any rule is about the server. */
  names(server: McpServer): boolean {
    return this.#rules.some(({ matches }) =>
      matches.some(({ servers }) => matchesServer(servers, server)),
    );
  }

  /** Whether rules tell paths apart, and this one could be read as another. */
  doubts(server: McpServer): boolean {
    if (!isAmbiguousPath(server)) return false;
    return this.#rules.some(({ matches }) => matches.some(({ servers }) => namesPath(servers)));
  }

  /** Whether lists of the server's things may hold some that are refused. */
  hides(server: McpServer): boolean {
    const [first] = this.#rules;
    if (first === undefined) return true;
    const takesAll = first.matches.some(
      ({ servers, methods, isNamed }) =>
        !isNamed && methods.length === 0 && matchesServer(servers, server),
    );
    return !takesAll || first.policies.length > 0;
  }

  /** Judges a message to the server. The verdict is shared. */
  judge(message: JudgedMessage, server: McpServer): MessageVerdict {
    const key = keyOf(message, server);
    const known = key === undefined ? undefined : this.#known.get(key);
    if (known !== undefined) return known;
    const verdict = this.#judge(message, server);
    if (key === undefined) return verdict;
    if (this.#known.size >= maxKnown) this.#known.clear();
    this.#known.set(key, verdict);
    return verdict;
  }

  #judge(message: JudgedMessage, server: McpServer): MessageVerdict {
    const rule = this.#rules.find(({ matches }) =>
      matches.some((match) => matchesMessage(match, message, server)),
    );
    if (rule !== undefined) return judgeByRule(rule, message);
    if (this.#isImplied(message, server)) return { kind: "allow", ruleIndex: null, limits: [] };
    return { kind: "deny", ruleIndex: null, clause: `does not allow ${describe(message)}` };
  }

  #isImplied({ kind, method }: JudgedMessage, server: McpServer): boolean {
    if (!this.names(server)) return false;
    if (kind === "response" || baseMethods.some((glob) => matchGlob(glob, method))) return true;
    const listed = lists.get(method);
    return listed !== undefined && this.#mayAllow(listed, server);
  }

  #mayAllow(kind: McpSubjectKind, server: McpServer): boolean {
    return this.#rules.some(({ matches }) =>
      matches.some(
        (match) =>
          matchesServer(match.servers, server) &&
          matchesMethod(match, gettingMethods[kind]) &&
          (!match.isNamed || namesKind(match, kind)),
      ),
    );
  }
}

function compileRule({ ruleIndex, matches, toolPolicies, limits }: McpRule): CompiledRule {
  return {
    ruleIndex,
    matches: matches.map(compileMatch),
    policies: toolPolicies.map(compilePolicy),
    limits,
  };
}

function compileMatch(match: McpMatch): CompiledMatch {
  const tools = createNameMatcher(match.tools);
  const isNamed = !tools.isEmpty || match.resources.length > 0 || match.prompts.length > 0;
  return { ...match, tools, isNamed };
}

function compilePolicy({ allowed, denied, confirmed, limits }: McpToolPolicy): CompiledPolicy {
  return {
    allowed: createNameMatcher(allowed),
    denied: createNameMatcher(denied),
    confirmed,
    limits: limits.map(({ tools, limit }) => ({ tools: createNameMatcher(tools), limit })),
  };
}

/** All that a verdict depends on; undefined where it is too much to remember. */
function keyOf(message: JudgedMessage, { origin, path }: McpServer): string | undefined {
  const { kind, method, subjects } = message;
  const [subject, ...more] = subjects;
  if (more.length > 0) return undefined;
  // No part but the last can hold a line feed.
  const named = subject === undefined ? "" : `${subject.kind}\n${subject.name}`;
  const key = `${kind}\n${method}\n${origin}\n${path}\n${named}`;
  return key.length > maxKeyLength ? undefined : key;
}

/** What differs most from match to match is compared first. */
function matchesMessage(match: CompiledMatch, message: JudgedMessage, server: McpServer): boolean {
  const isMeant =
    message.kind === "response"
      ? !match.isNamed && match.methods.length === 0
      : matchesNames(match, message) && matchesMethod(match, message.method);
  return isMeant && matchesServer(match.servers, server);
}

function matchesNames(match: CompiledMatch, { subjects }: JudgedMessage): boolean {
  if (!match.isNamed) return true;
  return subjects.length > 0 && subjects.every((subject) => matchesSubject(match, subject));
}

function matchesMethod({ methods }: CompiledMatch, method: string): boolean {
  return methods.length === 0 || methods.some((glob) => matchGlob(glob, method));
}

function matchesSubject(match: CompiledMatch, { kind, name }: McpSubject): boolean {
  switch (kind) {
    case "tool":
      return match.tools.matches(name);
    case "resource":
      return match.resources.some((glob) => matchGlob(glob, name));
    case "prompt":
      return match.prompts.some((glob) => matchGlob(glob, name));
  }
}

function namesKind({ tools, resources, prompts }: CompiledMatch, kind: McpSubjectKind): boolean {
  switch (kind) {
    case "tool":
      return !tools.isEmpty;
    case "resource":
      return resources.length > 0;
    case "prompt":
      return prompts.length > 0;
  }
}

function judgeByRule(rule: CompiledRule, message: JudgedMessage): MessageVerdict {
  const { ruleIndex, policies } = rule;
  const limits = [...rule.limits];
  for (const { kind, name } of message.subjects) {
    if (kind !== "tool") continue;
    for (const policy of policies) {
      const clause = refusedBy(policy, name);
      if (clause !== undefined) return { kind: "deny", ruleIndex, clause };
      const own = policy.limits.filter(({ tools }) => tools.matches(name));
      limits.push(...own.map(({ limit }) => limit));
    }
  }
  return { kind: "allow", ruleIndex, limits };
}

/** Denied lists come before allowed ones. */
function refusedBy(policy: CompiledPolicy, name: string): string | undefined {
  const told = quote(name);
  if (policy.denied.matches(name)) return `denies tool ${told}`;
  if (!policy.allowed.isEmpty && !policy.allowed.matches(name))
    return `does not allow tool ${told}`;
  if (policy.confirmed.some((glob) => matchGlob(glob, name))) {
    return `wants a person to confirm tool ${told}, which nobody can here yet`;
  }
  return undefined;
}

function describe({ kind, method, subjects }: JudgedMessage): string {
  if (kind === "response") return "answers to this server";
  const [first] = subjects;
  return first === undefined
    ? `method ${quote(method)} on this server`
    : `${first.kind} ${quote(first.name)} on this server`;
}

function quote(name: string): string {
  const cut = name.length > maxToldName ? `${name.slice(0, maxToldName)}…` : name;
  return JSON.stringify(cut.toWellFormed());
}
