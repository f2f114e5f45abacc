/** What the handlers of requests share, and what they know of one request. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "../../gateway/clock.ts";
import type { Authorizer } from "./authorizer.ts";
import type { FairTurns } from "./fair-turns.ts";
import type { ObjectDeleter } from "./object-deleter.ts";
import type { ObjectStore } from "./object-store.ts";
import type { ObjectWriter } from "./object-writer.ts";
import type { RequestCounts } from "./request-counts.ts";
import type { RequestVerb, ResourceTarget } from "./request-target.ts";
import type { ResourceRegistry } from "./resource-registry.ts";
import type { ServedResource } from "./served-resource.ts";
import type { ApiUser } from "./token-file.ts";
import type { WatchHub } from "./watch-hub.ts";

/** The documents of a server. */
export interface OpenApiDocuments {
  /** The list at `/openapi/v3` */
  readonly index: string;
  /** The document of a path below `/openapi/v3/`, such as `apis/clrk.apoxy.dev/v1alpha1` */
  readonly find: (path: string) => string | undefined;
}

/** What a server counts of its work since it began. */
export interface ApiFigures {
  readonly watches: Pick<WatchHub, "running" | "ended">;
  readonly requests: Pick<RequestCounts, "list">;
  /** Objects of each resource that is stored, by its store name such as `backends.clrk.apoxy.dev` */
  objects(): readonly { readonly resource: string; readonly count: number }[];
}

/** A page that is no object and no discovery, such as `/metrics`: every caller that is known may GET it. */
export interface ApiPage {
  readonly path: string;
  /** Throws a StatusError to refuse */
  answer(request: IncomingMessage, figures: ApiFigures): Promise<ApiAnswer>;
}

/** The parts of a server. */
export interface ApiContext {
  readonly store: ObjectStore;
  readonly writer: ObjectWriter;
  readonly deleter: ObjectDeleter;
  readonly resources: ResourceRegistry;
  readonly documents: OpenApiDocuments;
  readonly authorizer: Authorizer;
  readonly watches: WatchHub;
  /** Paths that other parts answer */
  readonly connected: readonly ConnectedResource[];
  readonly pages: readonly ApiPage[];
  readonly figures: ApiFigures;
  /** Of lists of objects that sources have, which read and check many for few */
  readonly sourceLists: FairTurns;
  /** Ends each of the connected requests that is under way */
  readonly open: Set<() => void>;
  readonly clock: Clock;
  /** Version of the program, for `/version` */
  readonly version: string;
}

/** One request of a caller that is known. */
export interface ApiRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly user: ApiUser;
  /** Counts it among the requests in flight no more; for whoever bounds its own. Safe to call again */
  readonly leaveFlight: () => void;
}

/** One request for objects of a resource that is served. */
export interface ObjectRequest extends ApiRequest {
  readonly target: ResourceTarget;
  readonly resource: ServedResource;
}

/** What is sent back; a body is JSON text already. */
export interface ApiAnswer {
  readonly status: number;
  readonly body: string;
  /** JSON when absent */
  readonly contentType?: string;
  /** More headers, by name */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sentences for `Warning` headers */
  readonly warnings?: readonly string[];
  readonly encoding?: "json" | "yaml";
}

/** One request for a path that another part answers. */
export interface ConnectedCall extends ApiRequest {
  readonly target: ResourceTarget;
  /** Aborted when the caller has gone, or the server closes */
  readonly signal: AbortSignal;
}

/** What is answered at `…/namespaces/NAMESPACE/PLURAL/NAME[/SUBRESOURCE]`. */
export interface ConnectedResource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  /** Empty for the path of the name itself */
  readonly subresource: string;
  /** Named by discovery */
  readonly kind: string;
  /** Whether it is within namespaces */
  readonly namespaced: boolean;
  /** What may be asked of it; a GET without a name is `list` */
  readonly verbs: readonly RequestVerb[];
  /** Below an object that is stored: it must be there, or the answer is 404 */
  readonly needsObject: boolean;
  /** Names of its query parameters, for OpenAPI; absent: it takes none that are told */
  readonly parameters?: readonly string[];
  /**
   * Its requests may take long, and their number is bounded where they are answered: they do not count among the
   * server's requests in flight. Absent: they do
   */
  readonly boundsItself?: boolean;
  /** Answers; undefined when it has taken the response over. Throws a StatusError to refuse. */
  answer(call: ConnectedCall): Promise<ApiAnswer | undefined>;
}
