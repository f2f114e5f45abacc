/**
 * What the rules of an MCPRoute say about one message: the first that matches decides, and what none matches is refused,
 * except what a session cannot do without on a server that some rule is about.
 */

import { matchGlob } from "../../crds/glob.ts";
import type { McpConfirmation, McpPlan } from "../mcp-plan.ts";
import type { LimitPlan } from "../snapshot-terms.ts";
import type { CompiledCondition } from "./argument-condition.ts";
import { evaluateCondition } from "./argument-condition.ts";
import { CallArguments } from "./call-arguments.ts";
import type { CompiledMatch, CompiledPolicy, CompiledRule, NamedMessage } from "./compiled-rule.ts";
import { compileRule, concernsKind, matchesMessage, matchesMethod } from "./compiled-rule.ts";
import { MatchIndex } from "./match-index.ts";
import type { McpServer } from "./server-match.ts";
import { isAmbiguousPath, matchesServer, namesPath } from "./server-match.ts";
import type { McpSubjectKind } from "./subject.ts";

/** What becomes of a message. `ruleIndex` is null where no rule decided. */
export type MessageVerdict =
  | {
      readonly kind: "allow";
      readonly ruleIndex: number | null;
      /** Of which the message takes one each */
      readonly limits: readonly LimitPlan[];
      /** Who must confirm it; null: nobody */
      readonly confirmation: McpConfirmation | null;
    }
  | {
      readonly kind: "deny";
      readonly ruleIndex: number | null;
      /** What is refused, after `MCPRoute default/tools ` */
      readonly clause: string;
    };

/** As much of a message as rules are about. */
export interface JudgedMessage extends NamedMessage {
  /** Absent: of no call, or it has none */
  readonly arguments?: CallArguments | null;
}

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

/** With fewer matches that are compared with every message, comparing costs less than remembering. */
const fewCompared = 64;

/** Messages whose rules are remembered, and the longest texts that they are found by. */
const maxKnown = 1_024;
const maxKeyLength = 512;

/** A rule that means a message, if its arguments are as wanted. */
interface Step {
  /** Any of which must hold as a whole; none: whatever the arguments are */
  readonly alternatives: readonly (readonly CompiledCondition[])[];
  /** Arguments with which the call is denied all the same */
  readonly denials: readonly (readonly CompiledCondition[])[];
  readonly verdict: MessageVerdict;
}

/** All that is known of a message without its arguments. */
interface Resolution {
  /** In the order of the rules; the last may be one that asks for nothing */
  readonly steps: readonly Step[];
  readonly otherwise: MessageVerdict;
}

/** Judges messages by one plan. */
export class RuleJudge {
  readonly #rules: readonly CompiledRule[];
  readonly #matches: readonly { readonly match: CompiledMatch; readonly rule: CompiledRule }[];
  readonly #index: MatchIndex;
  /** Agents say the same again and again */
  readonly #known = new Map<string, Resolution>();

  constructor({ rules }: McpPlan) {
    this.#rules = rules.map(compileRule);
    this.#matches = this.#rules.flatMap((rule) => rule.matches.map((match) => ({ match, rule })));
    this.#index = new MatchIndex(this.#matches.map(({ match }) => match));
  }

  /** Whether any rule is about the server. */
  names(server: McpServer): boolean {
    return this.#matches.some(({ match }) => matchesServer(match.globs.servers, server));
  }

  /** Whether rules tell paths apart, and this one could be read as another. */
  doubts(server: McpServer): boolean {
    if (!isAmbiguousPath(server)) return false;
    return this.#matches.some(({ match }) => namesPath(match.globs.servers));
  }

  /** Whether lists of the server's things may hold some that are refused. */
  hides(server: McpServer): boolean {
    const [first] = this.#rules;
    if (first === undefined) return true;
    const takesAll = first.matches.some(
      ({ globs, isNamed }) =>
        !isNamed && globs.methods.length === 0 && matchesServer(globs.servers, server),
    );
    return !takesAll || first.policies.length > 0;
  }

  /** Whether a thing may be had, with some arguments at least. */
  shows(kind: McpSubjectKind, name: string, server: McpServer): boolean {
    const message = {
      kind: "request",
      method: gettingMethods[kind],
      subjects: [{ kind, name }],
    } as const;
    const { steps, otherwise } = this.#resolve(message, server);
    for (const { verdict, alternatives } of steps) {
      if (verdict.kind === "allow") return true;
      if (alternatives.length === 0) return false;
    }
    return otherwise.kind === "allow";
  }

  /** Judges a message to the server. The verdict may be shared. */
  judge(message: JudgedMessage, server: McpServer): MessageVerdict {
    const { steps, otherwise } = this.#resolve(message, server);
    const called = message.arguments ?? withoutArguments;
    let lacking: string | undefined;
    for (const { alternatives, denials, verdict } of steps) {
      const asked = anyHolds(alternatives, called);
      const name = message.subjects[0]?.name ?? "";
      if (asked.kind === "ambiguous") return refuseAmbiguous(asked.path, name, verdict);
      if (asked.kind === "no") {
        lacking ??= asked.path;
        continue;
      }
      return verdict.kind === "deny" ? verdict : judgeDenials(denials, called, { name, verdict });
    }
    if (lacking === undefined || otherwise.kind === "allow") return otherwise;
    const clause = `does not allow ${describe(message)} with argument ${quote(lacking)} as it is`;
    return { ...otherwise, clause };
  }

  /** Every verdict that a message may get, of whose arguments nothing is known; one where they do not matter. */
  possibleVerdicts(message: NamedMessage, server: McpServer): readonly MessageVerdict[] {
    const { steps, otherwise } = this.#resolve(message, server);
    const found: MessageVerdict[] = [];
    for (const { alternatives, denials, verdict } of steps) {
      found.push(verdict);
      if (denials.length > 0 && verdict.kind === "allow") {
        found.push({ kind: "deny", ruleIndex: verdict.ruleIndex, clause: "denies arguments" });
      }
      if (alternatives.length === 0) return found;
    }
    return [...found, otherwise];
  }

  #resolve(message: NamedMessage, server: McpServer): Resolution {
    if (this.#index.unindexed <= fewCompared) return this.#compare(message, server);
    const key = keyOf(message, server);
    const known = key === undefined ? undefined : this.#known.get(key);
    if (known !== undefined) return known;
    const resolution = this.#compare(message, server);
    if (key === undefined) return resolution;
    if (this.#known.size >= maxKnown) this.#known.clear();
    this.#known.set(key, resolution);
    return resolution;
  }

  #compare(message: NamedMessage, server: McpServer): Resolution {
    const steps = this.#stepsOf(message, server);
    const isDecided = steps.at(-1)?.alternatives.length === 0;
    return { steps, otherwise: isDecided ? undecided : this.#judgeUnmatched(message, server) };
  }

  #stepsOf(message: NamedMessage, server: McpServer): Step[] {
    const found: number[] = [];
    // The first match that asks for no arguments decides whatever comes after it.
    let first = this.#matches.length;
    this.#index.find(message, server, (positions) => {
      for (const position of positions ?? []) {
        if (position > first) return;
        const match = this.#matches[position]?.match;
        if (match === undefined || !matchesMessage(match, message, server)) continue;
        found.push(position);
        if (match.conditions.length === 0) first = position;
      }
    });
    if (found.length === 0) return noSteps;
    const rule = this.#matches[first]?.rule;
    if (found.length === 1 && rule !== undefined) return [stepOf(rule, noAlternatives, message)];
    const byRule = new Map<CompiledRule, CompiledCondition[][]>();
    // A match may be found by several of its globs.
    for (const position of new Set(found.sort((one, other) => one - other))) {
      const entry = this.#matches[position];
      if (entry === undefined || position > first) break;
      const { match, rule } = entry;
      if (position === first) byRule.set(rule, []);
      else byRule.set(rule, [...(byRule.get(rule) ?? []), [...match.conditions]]);
    }
    return [...byRule].map(([rule, alternatives]) => stepOf(rule, alternatives, message));
  }

  #judgeUnmatched(message: NamedMessage, server: McpServer): MessageVerdict {
    if (this.#isImplied(message, server)) return implied;
    return { kind: "deny", ruleIndex: null, clause: `does not allow ${describe(message)}` };
  }

  #isImplied({ kind, method }: NamedMessage, server: McpServer): boolean {
    const listed = lists.get(method);
    if (listed !== undefined) return this.#mayAllow(listed, server);
    const isBase = kind === "response" || baseMethods.some((glob) => matchGlob(glob, method));
    return isBase && this.names(server);
  }

  #mayAllow(kind: McpSubjectKind, server: McpServer): boolean {
    return this.#matches.some(
      ({ match }) =>
        concernsKind(match, kind) &&
        matchesMethod(match, gettingMethods[kind]) &&
        matchesServer(match.globs.servers, server),
    );
  }
}

const implied: MessageVerdict = { kind: "allow", ruleIndex: null, limits: [], confirmation: null };

const noSteps: Step[] = [];
const noAlternatives: Step["alternatives"] = [];

const withoutArguments = new CallArguments(Buffer.alloc(0), undefined);

/** Never comes to it: the last step asks for nothing. */
const undecided: MessageVerdict = { kind: "deny", ruleIndex: null, clause: "does not allow it" };

/** All that rules depend on, but arguments; undefined where it is too much to remember. */
function keyOf(message: NamedMessage, { origin, path }: McpServer): string | undefined {
  const { kind, method, subjects } = message;
  const [subject, ...more] = subjects;
  if (more.length > 0) return undefined;
  // No part but the last can hold a line feed.
  const named = subject === undefined ? "" : `${subject.kind}\n${subject.name}`;
  const key = `${kind}\n${method}\n${origin}\n${path}\n${named}`;
  return key.length > maxKeyLength ? undefined : key;
}

function stepOf(
  rule: CompiledRule,
  alternatives: Step["alternatives"],
  message: NamedMessage,
): Step {
  const { ruleIndex, limits } = rule;
  if (rule.policies.length === 0) {
    const verdict = { kind: "allow", ruleIndex, limits, confirmation: null } as const;
    return { alternatives, denials: [], verdict };
  }
  const names = message.subjects.flatMap(({ kind, name }) => (kind === "tool" ? [name] : []));
  const denials = rule.policies.flatMap(({ deniedArguments }) =>
    deniedArguments.filter(({ tools }) => names.some((name) => tools.matches(name))),
  );
  return {
    alternatives,
    denials: denials.map(({ conditions }) => conditions),
    verdict: judgeNames(rule, names),
  };
}

function judgeNames({ ruleIndex, policies, limits }: CompiledRule, names: readonly string[]) {
  const taken = [...limits];
  let confirmation: McpConfirmation | null = null;
  for (const name of names) {
    for (const policy of policies) {
      const clause = refusedBy(policy, name);
      if (clause !== undefined) return { kind: "deny", ruleIndex, clause } as const;
      const own = policy.limits.filter(({ tools }) => tools.matches(name));
      taken.push(...own.map(({ limit }) => limit));
      const isAsked = policy.confirmed.some((glob) => matchGlob(glob, name));
      if (isAsked) confirmation = policy.confirmation;
    }
  }
  return { kind: "allow", ruleIndex, limits: taken, confirmation } as const;
}

/** Denied lists come before allowed ones. */
function refusedBy(policy: CompiledPolicy, name: string): string | undefined {
  const told = quote(name);
  if (policy.denied.matches(name)) return `denies tool ${told}`;
  if (!policy.allowed.isEmpty && !policy.allowed.matches(name))
    return `does not allow tool ${told}`;
  return undefined;
}

type Asked =
  | { readonly kind: "yes" }
  /** `path`: of an argument that is not as wanted */
  | { readonly kind: "no" | "ambiguous"; readonly path: string };

function anyHolds(alternatives: Step["alternatives"], called: CallArguments): Asked {
  let lacking: string | undefined;
  for (const conditions of alternatives) {
    const asked = allHold(conditions, called);
    if (asked.kind !== "no") return asked;
    lacking ??= asked.path;
  }
  return lacking === undefined ? { kind: "yes" } : { kind: "no", path: lacking };
}

/** What is unclear allows nothing. */
function allHold(conditions: readonly CompiledCondition[], called: CallArguments): Asked {
  for (const condition of conditions) {
    const { path } = condition;
    const truth = evaluateCondition(condition, called);
    if (truth === "ambiguous") return { kind: "ambiguous", path };
    if (truth !== "yes") return { kind: "no", path };
  }
  return { kind: "yes" };
}

/** What is unclear is denied. */
function judgeDenials(
  denials: Step["denials"],
  called: CallArguments,
  { name, verdict }: { readonly name: string; readonly verdict: MessageVerdict },
): MessageVerdict {
  for (const conditions of denials) {
    const truths = conditions.map((condition) => evaluateCondition(condition, called));
    const [{ path = "" } = {}] = conditions;
    const odd = conditions[truths.indexOf("ambiguous")];
    if (odd !== undefined) return refuseAmbiguous(odd.path, name, verdict);
    if (truths.includes("no")) continue;
    const clause = `denies tool ${quote(name)} with argument ${quote(path)} as it is`;
    return { kind: "deny", ruleIndex: verdict.ruleIndex, clause };
  }
  return verdict;
}

function refuseAmbiguous(
  path: string,
  name: string,
  { ruleIndex }: MessageVerdict,
): MessageVerdict {
  const which = `argument ${quote(path)} of tool ${quote(name)}`;
  const clause = `cannot tell ${which}: a key on its way comes twice or in another case`;
  return { kind: "deny", ruleIndex, clause };
}

function describe({ kind, method, subjects }: NamedMessage): string {
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
