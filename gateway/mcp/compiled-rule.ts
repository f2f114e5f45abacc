/** Rules of an MCPRoute as they are compared with messages. */

import { matchGlob } from "../../crds/glob.ts";
import type { McpConfirmation, McpMatch, McpRule, McpToolPolicy } from "../mcp-plan.ts";
import type { LimitPlan } from "../snapshot-terms.ts";
import type { CompiledCondition } from "./argument-condition.ts";
import { compileCondition } from "./argument-condition.ts";
import type { McpMessage } from "./message.ts";
import type { NameMatcher } from "./name-pattern.ts";
import { createNameMatcher } from "./name-pattern.ts";
import type { McpServer } from "./server-match.ts";
import { matchesServer } from "./server-match.ts";
import type { McpSubject, McpSubjectKind } from "./subject.ts";

/** As much of a message as rules are about, but for arguments. */
export type NamedMessage = Pick<McpMessage, "kind" | "method" | "subjects">;

/** A match, ready to be compared. */
export interface CompiledMatch {
  /** As it was written */
  readonly globs: McpMatch;
  readonly tools: NameMatcher;
  /** It is about named things only */
  readonly isNamed: boolean;
  readonly conditions: readonly CompiledCondition[];
}

/** Arguments with which some tools may not be called. */
export interface CompiledDenial {
  readonly tools: NameMatcher;
  readonly conditions: readonly CompiledCondition[];
}

/** A tool policy, ready to be asked. */
export interface CompiledPolicy {
  readonly allowed: NameMatcher;
  readonly denied: NameMatcher;
  readonly deniedArguments: readonly CompiledDenial[];
  readonly confirmed: readonly string[];
  readonly confirmation: McpConfirmation;
  readonly limits: readonly { readonly tools: NameMatcher; readonly limit: LimitPlan }[];
}

/** A rule, ready to judge. */
export interface CompiledRule {
  readonly ruleIndex: number;
  readonly matches: readonly CompiledMatch[];
  readonly policies: readonly CompiledPolicy[];
  readonly limits: readonly LimitPlan[];
}

/** Compiles a rule; expressions that `canCompile` does not take throw. */
export function compileRule({ ruleIndex, matches, toolPolicies, limits }: McpRule): CompiledRule {
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
  return { globs: match, tools, isNamed, conditions: match.conditions.map(compileCondition) };
}

function compilePolicy(policy: McpToolPolicy): CompiledPolicy {
  const { allowed, denied, deniedArguments, confirmed, confirmation, limits } = policy;
  return {
    allowed: createNameMatcher(allowed),
    denied: createNameMatcher(denied),
    deniedArguments: deniedArguments.map(({ tools, conditions }) => ({
      tools: createNameMatcher(tools),
      conditions: conditions.map(compileCondition),
    })),
    confirmed,
    confirmation,
    limits: limits.map(({ tools, limit }) => ({ tools: createNameMatcher(tools), limit })),
  };
}

/** Whether a match means a message, its arguments left aside. What differs most from match to match is compared first. */
export function matchesMessage(
  match: CompiledMatch,
  message: NamedMessage,
  server: McpServer,
): boolean {
  const { servers, methods } = match.globs;
  const isMeant =
    message.kind === "response"
      ? !match.isNamed && methods.length === 0
      : matchesNames(match, message) && matchesMethod(match, message.method);
  return isMeant && matchesServer(servers, server);
}

/** Whether a match is about the method, or about any. */
export function matchesMethod({ globs: { methods } }: CompiledMatch, method: string): boolean {
  return methods.length === 0 || methods.some((glob) => matchGlob(glob, method));
}

/** Whether a match is about things of the kind, or about no named things. */
export function concernsKind({ isNamed, tools, globs }: CompiledMatch, kind: McpSubjectKind) {
  if (!isNamed) return true;
  switch (kind) {
    case "tool":
      return !tools.isEmpty;
    case "resource":
      return globs.resources.length > 0;
    case "prompt":
      return globs.prompts.length > 0;
  }
}

function matchesNames(match: CompiledMatch, { subjects }: NamedMessage): boolean {
  if (!match.isNamed) return true;
  return subjects.length > 0 && subjects.every((subject) => matchesSubject(match, subject));
}

function matchesSubject({ tools, globs }: CompiledMatch, { kind, name }: McpSubject): boolean {
  switch (kind) {
    case "tool":
      return tools.matches(name);
    case "resource":
      return globs.resources.some((glob) => matchGlob(glob, name));
    case "prompt":
      return globs.prompts.some((glob) => matchGlob(glob, name));
  }
}
