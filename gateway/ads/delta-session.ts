/**
 * One Envoy's Delta ADS stream, without I/O: requests and publications in, responses out through `send`. Keeps what
 * Envoy holds of each type, sends only differences, and matches every ACK and NACK to what it answers.
 *
 * @see https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol#incremental-xds
 */

import type { envoy, google } from "../proto/gen/discovery.js";

type Request = envoy.service.discovery.v3.DeltaDiscoveryRequest;
type Response = envoy.service.discovery.v3.IDeltaDiscoveryResponse;

/** A resource ready to be sent; equal versions mean equal bytes. */
export interface VersionedResource {
  readonly name: string;
  readonly version: string;
  readonly any: google.protobuf.IAny;
}

/** Resources of one type by name. */
export type ResourceSet = ReadonlyMap<string, VersionedResource>;

/** What became of a response. */
export type DeltaOutcome =
  | { readonly kind: "accepted"; readonly typeUrl: string; readonly revision: number }
  | {
      readonly kind: "rejected";
      readonly typeUrl: string;
      readonly revision: number;
      readonly names: readonly string[];
      readonly message: string;
      /** False when everything in it was sent anew meanwhile: then the newer response has the last word */
      readonly isCurrent: boolean;
    };

/** What the session needs from its owner. */
export interface DeltaSessionOptions {
  readonly send: (response: Response) => void;
  readonly onOutcome: (outcome: DeltaOutcome) => void;
  /** Called for every subscribed name of a type that is answered by name only; answer with `answer()` */
  readonly onNamesWanted: (typeUrl: string, names: readonly string[]) => void;
  /** Called when Envoy drops names of such a type */
  readonly onNamesDropped: (typeUrl: string, names: readonly string[]) => void;
}

interface TypeState {
  /** Everything of the type is wanted: an initial request without names */
  wildcard: boolean;
  readonly subscribed: Set<string>;
  /** Version that was last sent, by name */
  readonly held: Map<string, string>;
}

interface Pending {
  readonly typeUrl: string;
  readonly revision: number;
  readonly resources: readonly VersionedResource[];
  readonly removed: readonly string[];
}

/** Held in place of a version that Envoy rejected: what Envoy has is unknown, so that the next publication sends it again. */
const rejectedVersion = "";

/** Responses that Envoy may leave unanswered before the stream counts as broken. */
const maxPending = 10_000;

/** State of one stream. */
export class DeltaSession {
  readonly #options: DeltaSessionOptions;
  readonly #types = new Map<string, TypeState>();
  readonly #pending = new Map<string, Pending>();
  #published: ReadonlyMap<string, ResourceSet> = new Map();
  #revision = 0;
  #nonce = 0;

  constructor(options: DeltaSessionOptions) {
    this.#options = options;
  }

  /** Whether all responses sent so far were answered. */
  get isSettled(): boolean {
    return this.#pending.size === 0;
  }

  /** Whether Envoy has asked for every published type, so that a settled session holds all of them. */
  get hasStarted(): boolean {
    for (const [typeUrl, set] of this.#published) {
      if (set.size > 0 && !this.#types.has(typeUrl)) return false;
    }
    return true;
  }

  /**
   * Takes one request of Envoy: an answer to a response, a change of subscriptions, or both. Throws a RangeError when
   * Envoy leaves too many responses unanswered; the stream is of no use then.
   */
  handle(request: Request): void {
    const { typeUrl } = request;
    if (request.responseNonce !== "") this.#settle(request);
    const known = this.#types.get(typeUrl);
    const state = known ?? { wildcard: false, subscribed: new Set(), held: new Map() };
    if (known === undefined) {
      this.#types.set(typeUrl, state);
      state.wildcard = request.resourceNamesSubscribe.length === 0;
      for (const [name, version] of Object.entries(request.initialResourceVersions)) {
        state.held.set(name, version);
      }
    }
    this.#unsubscribe(typeUrl, state, request.resourceNamesUnsubscribe);
    const wanted = this.#subscribe(state, request.resourceNamesSubscribe);
    if (this.#published.has(typeUrl)) {
      const asks = known === undefined || request.resourceNamesSubscribe.length > 0;
      if (asks) this.#sendType(typeUrl, { again: wanted });
    } else if (wanted.length > 0) {
      this.#options.onNamesWanted(typeUrl, wanted);
    }
  }

  /**
   * Replaces the resources of the types given and sends what differs: additions and changes in the order of the
   * types, then removals in reverse, so that nothing refers to what is gone.
   */
  publish(revision: number, resources: ReadonlyMap<string, ResourceSet>): void {
    this.#revision = revision;
    this.#published = resources;
    const types = [...resources.keys()];
    for (const typeUrl of types) this.#sendType(typeUrl, { removals: "later" });
    for (const typeUrl of types.reverse()) this.#sendType(typeUrl, {});
  }

  /**
   * Answers a name of a type that is not published as a set; `undefined` refuses it and forgets the subscription, so
   * that names an agent makes up are not kept. Throws a RangeError when Envoy leaves too many responses unanswered.
   */
  answer(typeUrl: string, name: string, resource: VersionedResource | undefined): void {
    const state = this.#types.get(typeUrl);
    if (!state?.subscribed.has(name)) return;
    if (resource === undefined) {
      state.held.delete(name);
      state.subscribed.delete(name);
      this.#send(typeUrl, [], [name]);
      return;
    }
    state.held.set(name, resource.version);
    this.#send(typeUrl, [resource], []);
  }

  /** Says that the name has no resource now and keeps its subscription: a later `answer()` reaches Envoy. */
  withdraw(typeUrl: string, name: string): void {
    const state = this.#types.get(typeUrl);
    if (!state?.subscribed.has(name)) return;
    state.held.delete(name);
    this.#send(typeUrl, [], [name]);
  }

  /** Whether Envoy has the name subscribed. */
  isSubscribed(typeUrl: string, name: string): boolean {
    return this.#types.get(typeUrl)?.subscribed.has(name) ?? false;
  }

  #settle(request: Request): void {
    const pending = this.#pending.get(request.responseNonce);
    if (pending === undefined) return;
    this.#pending.delete(request.responseNonce);
    const { typeUrl, revision, resources, removed } = pending;
    if (request.errorDetail === null) {
      this.#options.onOutcome({ kind: "accepted", typeUrl, revision });
      return;
    }
    const held = this.#types.get(typeUrl)?.held;
    const current = resources.filter(({ name, version }) => held?.get(name) === version);
    for (const { name } of current) held?.set(name, rejectedVersion);
    this.#options.onOutcome({
      kind: "rejected",
      typeUrl,
      revision,
      names: [...resources.map(({ name }) => name), ...removed],
      message: request.errorDetail.message,
      isCurrent: resources.length === 0 || current.length > 0,
    });
  }

  #subscribe(state: TypeState, names: readonly string[]): string[] {
    const wanted = names.filter((name) => name !== "*");
    if (wanted.length < names.length) state.wildcard = true;
    for (const name of wanted) state.subscribed.add(name);
    return wanted;
  }

  #unsubscribe(typeUrl: string, state: TypeState, names: readonly string[]): void {
    if (names.length === 0) return;
    for (const name of names) {
      if (name === "*") this.#endWildcard(state);
      state.subscribed.delete(name);
      if (!state.wildcard) state.held.delete(name);
    }
    this.#options.onNamesDropped(typeUrl, names);
  }

  #endWildcard(state: TypeState): void {
    state.wildcard = false;
    for (const name of [...state.held.keys()]) {
      if (!state.subscribed.has(name)) state.held.delete(name);
    }
  }

  /** Sends what Envoy wants of the type and does not hold; `again` names are sent whatever it holds. */
  #sendType(
    typeUrl: string,
    { again = [], removals = "now" }: { again?: readonly string[]; removals?: "now" | "later" },
  ): void {
    const state = this.#types.get(typeUrl);
    const set = this.#published.get(typeUrl);
    if (state === undefined || set === undefined) return;
    const repeated = new Set(again);
    const changed: VersionedResource[] = [];
    for (const resource of set.values()) {
      const { name, version } = resource;
      if (!state.wildcard && !state.subscribed.has(name)) continue;
      if (state.held.get(name) === version && !repeated.has(name)) continue;
      state.held.set(name, version);
      changed.push(resource);
    }
    const absent = again.filter((name) => !set.has(name));
    const removed = removals === "now" ? this.#removed(state, set) : [];
    if (changed.length === 0 && removed.length === 0 && absent.length === 0) return;
    this.#send(typeUrl, changed, [...new Set([...removed, ...absent])]);
  }

  #removed(state: TypeState, set: ResourceSet): string[] {
    const removed = [...state.held.keys()].filter((name) => !set.has(name));
    for (const name of removed) state.held.delete(name);
    return removed;
  }

  #send(typeUrl: string, resources: readonly VersionedResource[], removed: string[]): void {
    if (this.#pending.size >= maxPending) {
      throw new RangeError(`Cannot send to Envoy: ${maxPending} responses wait for an answer`);
    }
    this.#nonce++;
    const nonce = String(this.#nonce);
    this.#pending.set(nonce, { typeUrl, revision: this.#revision, resources, removed });
    this.#options.send({
      nonce,
      typeUrl,
      systemVersionInfo: String(this.#revision),
      resources: resources.map(({ name, version, any }) => ({ name, version, resource: any })),
      removedResources: removed,
    });
  }
}
