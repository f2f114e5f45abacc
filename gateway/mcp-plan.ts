/**
 * What the engine decides MCP messages by (https://modelcontextprotocol.io/specification). Part of the snapshot: plain
 * data, without secrets.
 */

import type { ArgumentOperator } from "../crds/argument-condition.ts";
import type {
  CapturePlan,
  CredentialUse,
  LimitPlan,
  ObjectName,
  Refusal,
} from "./snapshot-terms.ts";

/** The rules of one MCPRoute. */
export interface McpPlan {
  /** The first that matches a message decides; what none matches is refused */
  readonly rules: readonly McpRule[];
  /** Present: what is kept of a request depends on the rules that decide about it, each by its `capture` */
  readonly isKeptByRule?: true;
  /** The first that is about the server takes the request; absent: all go to the host that the agent asked for */
  readonly destinations?: readonly McpDestination[];
}

/** Who serves requests to some servers. */
export interface McpDestination {
  /** Globs as those of matches; empty: every server */
  readonly servers: readonly string[];
  /** One of them for all requests of one execution of an agent, by weight; never empty */
  readonly ways: readonly McpWay[];
}

/** One way that requests may go. */
export interface McpWay {
  /** Picks the Envoy route */
  readonly pick: string;
  /** Null: the host that the agent asked for */
  readonly backend: ObjectName | null;
  /** By which executions find it again, whatever else of it changes */
  readonly key: string;
  /** Share of the executions; 0 takes none */
  readonly weight: number;
  /** Put in front of the path; empty: nothing */
  readonly basePath: string;
  /** Put into the query, in this order */
  readonly queryCredentials: readonly Extract<CredentialUse, { readonly kind: "query" }>[];
  /** Serves nothing, and why */
  readonly refusal?: Refusal & { readonly status: number };
}

/** Names of tools: a name is meant that any of them means, whole. */
export interface NamePattern {
  /** `*` stands for any characters, `?` for one */
  readonly globs: readonly string[];
  /** RE2 expressions */
  readonly expressions: readonly string[];
}

/** Messages that are allowed, as far as the tool policies of the rule allow them. */
export interface McpRule {
  /** Position in the route's `rules` */
  readonly ruleIndex: number;
  /** Never empty */
  readonly matches: readonly McpMatch[];
  /** Each of them must allow a tool */
  readonly toolPolicies: readonly McpToolPolicy[];
  /** Of which a message that the rule matches takes one each */
  readonly limits: readonly LimitPlan[];
  /** Most bytes of a body with a message that the rule matches; absent: any */
  readonly maxRequestBytes?: number;
  /** Absent: nothing is kept, or the plan of the whole route says what */
  readonly capture?: CapturePlan;
}

/** Messages that fulfil all of it; an empty list is no condition. */
export interface McpMatch {
  /** Globs of `scheme://host/path`, of `scheme://host` or of hosts */
  readonly servers: readonly string[];
  /** Globs of JSON-RPC methods */
  readonly methods: readonly string[];
  /** A match that names tools, resources or prompts is only about those */
  readonly tools: NamePattern;
  /** Conditions that must all hold of a call's arguments; none where it is not about tools */
  readonly conditions: readonly McpCondition[];
  /** Globs of resource URIs */
  readonly resources: readonly string[];
  /** Globs of prompt names */
  readonly prompts: readonly string[];
}

/** What an argument must be. */
export interface McpCondition {
  /** As an `argumentPathFormat` has it */
  readonly path: string;
  readonly operator: ArgumentOperator;
  /** For `In` and `NotIn` */
  readonly values: readonly string[];
  /** RE2 expression for a whole text, for `Matches` and `NotMatches` */
  readonly pattern?: string;
  /** JSON number, for the others but `Exists` and `Absent` */
  readonly bound?: string;
}

/** Which tools may be called. */
export interface McpToolPolicy {
  /** Empty: all */
  readonly allowed: NamePattern;
  /** Also of those that are allowed */
  readonly denied: NamePattern;
  /** Denied are calls of these tools unless one of the conditions clearly does not hold */
  readonly deniedArguments: readonly {
    readonly tools: NamePattern;
    readonly conditions: readonly McpCondition[];
  }[];
  /** Globs of tools whose calls must be confirmed */
  readonly confirmed: readonly string[];
  readonly confirmation: McpConfirmation;
  readonly limits: readonly McpToolLimit[];
}

/** Who confirms calls; the same within a rule. */
export interface McpConfirmation {
  /** After so long it is denied; at most `maxConfirmationMs` */
  readonly timeoutMs: number;
  /** Absent: a person at the command line */
  readonly webhook?: {
    readonly url: string;
    /** Name of the value that signs questions, beside the snapshot */
    readonly key: string;
  };
}

/** Longest time that a call waits for its confirmation, in `ms`. */
export const maxConfirmationMs = 10 * 60_000;

/** How often some tools may be called. */
export interface McpToolLimit {
  readonly tools: NamePattern;
  readonly limit: LimitPlan;
}

/** Largest body of a request to an MCP server, in bytes; a larger one is refused with 413. */
export const maxMcpBytes = 4 * 1024 * 1024;
