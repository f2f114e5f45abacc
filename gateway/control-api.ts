/**
 * What the gateway process says on its control socket, and what it is asked there: HTTP/1.1 with JSON bodies over a
 * Unix socket that only its user can reach. Streams are JSON lines. `control-socket.ts` serves it, the CLI asks.
 */

import type { ProviderSummary } from "../providers/provider-summary.ts";
import type { McpConfirmed } from "./call-facts.ts";
import type { ConfirmationCounts, OpenConfirmation } from "./confirmation.ts";
import type { BudgetStatus } from "./budget-list.ts";
import type { EngineStatus } from "./engine.ts";
import type { LimitStoreState } from "./limit-store.ts";
import type { EgressRecord } from "./record.ts";
import type { RouteTier, TierCounts } from "./route-tier.ts";
import type { SecretSourceStatus } from "./secret-source-status.ts";
import type { ObjectName } from "./snapshot.ts";

/** Where each question is asked; all answers but streams are one JSON object. */
export const CONTROL_PATH = {
  /** GET: `GatewayProcessStatus` */
  status: "/v1/status",
  /** GET `?kind=`: `ObjectList` */
  objects: "/v1/objects",
  /** GET: `BudgetList` */
  budgets: "/v1/budgets",
  /** GET: `ConfirmationList`; POST `ConfirmationDecision` to `/v1/confirmations/<id>` answers one */
  confirmations: "/v1/confirmations",
  /** GET: `PlaceholderList` */
  placeholders: "/v1/placeholders",
  /** GET: stream of `ControlEvent`; begins with the present state */
  events: "/v1/events",
  /** POST `RunRequest`: `RunRegistration` (201); DELETE `/v1/runs/<id>?exitCode=` ends one, whose command ended so */
  runs: "/v1/runs",
  /** POST: 202, then the process stops */
  stop: "/v1/stop",
} as const;

/** The running process. */
export interface GatewayProcessStatus {
  readonly version: string;
  readonly pid: number;
  /** ISO 8601 */
  readonly startedAt: string;
  /** Directories with manifests; empty when objects come from elsewhere */
  readonly directories: readonly string[];
  /** Providers that it got from plugins */
  readonly plugins: readonly ServedPlugin[];
  /** Revision that was compiled last from objects without problems */
  readonly revision: number;
  /** Why the newest files are not served; empty when they are */
  readonly problems: readonly SourceProblem[];
  readonly envoy: { readonly path: string; readonly version: string; readonly source: string };
  readonly gateways: readonly GatewayStatus[];
  /** Absent while no route needs it */
  readonly engine?: EngineStatus;
  /** Where limits are shared with other replicas; absent: nowhere */
  readonly sharedLimits?: LimitStoreState;
  /** Questions whether calls of tools may go on; absent while no engine runs */
  readonly confirmations?: ConfirmationCounts;
  readonly records: RecordsStatus;
  /** Secrets that come from files, folders and commands */
  readonly secrets: readonly SecretSourceStatus[];
  /** Credentials that are minted; absent while no route needs one */
  readonly mintedCredentials?: readonly MintedCredentialStatus[];
  readonly runs: readonly RunStatus[];
}

/** A credential that the gateway fetches. */
export interface MintedCredentialStatus {
  /** `namespace/name` of the Secret by which it is minted */
  readonly secret: string;
  /** As in `providerAuth.type`, or `AWSAssumeRole` */
  readonly type: string;
  /** Host that is asked */
  readonly endpoint: string;
  /** One is there that is valid now; otherwise requests that need it are refused */
  readonly ready: boolean;
  /** Since the start, or since its Secret or policy changed */
  readonly minted: number;
  /** Absent while there is none */
  readonly ageSeconds?: number;
  /** Until it is used no longer; absent while there is none */
  readonly validSeconds?: number;
  /** Attempts that failed since the last that did not */
  readonly failures: number;
  /** Stays when a later attempt does not fail */
  readonly lastFailure?: {
    /** `unreachable`, `untrusted`, `timeout`, `refused`, `unavailable`, `malformed` or `storage` */
    readonly kind: string;
    readonly message: string;
    readonly agoSeconds: number;
  };
}

/** A provider of a plugin. */
export interface ServedPlugin extends ProviderSummary {
  /** As it was named */
  readonly specifier: string;
  /** Absolute path of its file */
  readonly path: string;
}

/** One problem in a file. */
export interface SourceProblem {
  readonly file: string;
  /** Counted from 1; 0 when unknown */
  readonly line: number;
  /** Such as `spec.rules[0].matches[0].provider`; empty for the document as a whole */
  readonly field: string;
  readonly message: string;
}

/** One EgressGateway as it is served. */
export interface GatewayStatus {
  readonly namespace: string;
  readonly name: string;
  readonly defaultPolicy: string;
  /** Names of what only audits: itself (`EgressGateway default/egress`) or some of its routes; absent: all is enforced */
  readonly audits?: readonly string[];
  readonly ready: boolean;
  /** Sentence; empty when ready */
  readonly reason: string;
  /** Revision that Envoy confirmed; 0 before the first */
  readonly liveRevision: number;
  /** What Envoy rejected, when it did */
  readonly rejection: string;
  readonly explicitProxy?: { readonly address: string; readonly port: number };
  readonly transparent?: { readonly address: string; readonly port: number };
  readonly listeners: readonly { readonly name: string; readonly attachedRoutes: number }[];
  /** Routes that attach to it, by what decides their traffic */
  readonly routes: TierCounts;
  readonly envoy: {
    readonly pid?: number;
    readonly restarts: number;
    readonly adminSocket: string;
  };
  readonly certificates: {
    readonly minted: number;
    readonly live: number;
    readonly refused: number;
    /** Folder of the authority's keys */
    readonly directory: string;
  };
  /** What an agent of this gateway must trust: PEM bundle and OpenSSL hashed directory */
  readonly trust: { readonly bundle: string; readonly directory: string };
}

/** Where records go and what was lost. */
export interface RecordsStatus {
  readonly file: string;
  readonly published: number;
  readonly dropped: number;
  /** Published without what the engine knew of the transaction: model, tokens, captures, query */
  readonly incomplete: number;
  /** Spans and logs that wait on disk for OTLP receivers; absent from processes that keep none there */
  readonly spooled?: number;
  /** Sentence about a failing sink; empty when all work */
  readonly failure: string;
}

/** An object as served, with its status; secret values are never in it. */
export interface ServedObject {
  readonly object: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly metadata: { readonly namespace: string; readonly name: string };
    readonly spec?: unknown;
    readonly status?: unknown;
  };
  readonly conditions: readonly {
    readonly type: string;
    readonly status: string;
    readonly reason: string;
    readonly message: string;
  }[];
  /** Mechanism that decides its traffic and why, for routes */
  readonly tier?: RouteTier;
  /** Where it was read: `file:line` */
  readonly source: string;
}

/** Answer to a request for objects. */
export interface ObjectList {
  readonly revision: number;
  readonly items: readonly ServedObject[];
}

/** Answer to a request for budgets, by name. */
export interface BudgetList {
  readonly items: readonly BudgetStatus[];
}

/** Open questions whether calls of tools may go on, oldest first. */
export interface ConfirmationList {
  readonly items: readonly OpenConfirmation[];
}

/** Answers a question. */
export interface ConfirmationDecision {
  readonly decision: "approve" | "deny";
  /** Told to the agent; at most 256 characters, perhaps empty */
  readonly reason: string;
}

/** A fake that an agent is given in place of a value; it stays the same while the value's shape does. */
export interface PlaceholderStatus {
  readonly namespace: string;
  /** Of the Secret */
  readonly name: string;
  /** Of the value in it */
  readonly key: string;
  /** No secret: it is of use at no other host than those of `policies` */
  readonly placeholder: string;
  /** Names of the policies that swap it, in its namespace */
  readonly policies: readonly string[];
}

/** Answer to a request for placeholders, by namespace, name and key. */
export interface PlaceholderList {
  readonly items: readonly PlaceholderStatus[];
}

/** Asks for an identity and a proxy credential. */
export interface RunRequest {
  /** Agent name, DNS label */
  readonly agent: string;
  /** EgressGateway `name` or `namespace/name`; needed when there are several */
  readonly gateway?: string;
  /** First word of the command, for `clrk status` */
  readonly command: string;
}

/**
 * An identity with its credential. It lives while the connection of `/v1/runs/<id>/records` is open, or the process
 * told by POST `/v1/runs/<id>/process {"pid": …}` lives.
 */
export interface RunRegistration {
  readonly runId: string;
  readonly invocationId: string;
  readonly gateway: string;
  /** `http://<runId>:<token>@address:port`; secret */
  readonly proxyUrl: string;
  readonly trust: { readonly bundle: string; readonly directory: string };
}

/** One registered run. */
export interface RunStatus {
  readonly runId: string;
  readonly agent: string;
  readonly gateway: string;
  readonly command: string;
  readonly since: string;
  readonly requests: number;
  readonly denied: number;
  /** Let by in audit mode, where they would have been denied; absent: none */
  readonly wouldDeny?: number;
}

/** One line of the event stream. */
export type ControlEvent =
  | {
      readonly kind: "revision";
      readonly revision: number;
      /** Time from the change of a file to Envoy's confirmation */
      readonly inMs: number;
      /** What changed, one short line each */
      readonly changes: readonly string[];
    }
  | {
      readonly kind: "problems";
      readonly revision: number;
      readonly problems: readonly SourceProblem[];
    }
  | { readonly kind: "warning"; readonly message: string; readonly object?: ObjectName }
  | { readonly kind: "gateway"; readonly gateway: GatewayStatus }
  /** Without its capture, which is for files and receivers */
  | { readonly kind: "record"; readonly record: EgressRecord }
  | { readonly kind: "confirmation"; readonly question: OpenConfirmation }
  | { readonly kind: "confirmation-ended"; readonly id: string; readonly ended: McpConfirmed }
  | { readonly kind: "stopping"; readonly inFlight: number };

/** Body of every answer with a status of 400 or above. */
export interface ControlError {
  readonly error: { readonly code: string; readonly message: string };
}
