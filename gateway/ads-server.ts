/**
 * Delivers configuration, credentials and certificates to Envoys over one Delta ADS stream each. The last published
 * state of every gateway is kept, so that an Envoy that starts or reconnects gets it at once; what an Envoy rejects
 * it does not use, and goes on with what it had.
 */

import type { ServerDuplexStream, UntypedServiceImplementation } from "@grpc/grpc-js";
import type { DeltaOutcome, ResourceSet, VersionedResource } from "./ads/delta-session.ts";
import { DeltaSession } from "./ads/delta-session.ts";
import { packAny } from "./any.ts";
import type { CertificateProvider, LeafAnswer } from "./certificate-provider.ts";
import { describeError } from "./errors.ts";
import type { Logger } from "./log.ts";
import type { envoy as discovery } from "./proto/gen/discovery.js";
import { envoy } from "./proto/gen/xds.js";
import type { SecretValue } from "./secret-value.ts";
import type { XdsResource } from "./xds.ts";
import { credentialSecret, leafSecret, RESOURCE, TYPE_URL, upstreamTrustSecret } from "./xds.ts";

type Request = discovery.service.discovery.v3.DeltaDiscoveryRequest;
type Response = discovery.service.discovery.v3.IDeltaDiscoveryResponse;
type Stream = ServerDuplexStream<Request, Response>;

/** Everything one gateway's Envoy is to have. */
export interface Publication {
  readonly revision: number;
  readonly resources: readonly XdsResource[];
  /** Credential values by SDS resource name */
  readonly credentials: ReadonlyMap<string, SecretValue>;
  /** PEM roots for upstream verification */
  readonly upstreamTrustPem: string;
}

/** What happened to a gateway's configuration. */
export type AdsEvent =
  | { readonly kind: "connected" | "disconnected"; readonly gateway: string }
  | { readonly kind: "live"; readonly gateway: string; readonly revision: number }
  | {
      readonly kind: "rejected";
      readonly gateway: string;
      readonly revision: number;
      readonly typeUrl: string;
      readonly names: readonly string[];
      readonly message: string;
    };

/** What the server needs from the process it runs in. */
export interface AdsServerOptions {
  readonly log: Logger;
  /** The certificate provider of a gateway; undefined for unknown gateways */
  readonly certificates: (gateway: string) => CertificateProvider | undefined;
  readonly onEvent: (event: AdsEvent) => void;
}

interface GatewayState {
  publication: Publication | undefined;
  /** Encoded sets, reused for every stream until the next publication */
  sets: Map<string, ResourceSet>;
  readonly secrets: Map<string, VersionedResource>;
  readonly streams: Set<EnvoyStream>;
  unsubscribe: (() => void) | undefined;
}

interface EnvoyStream {
  readonly session: DeltaSession;
  /** Revision that is on its way and not yet accepted in full */
  awaiting: number | undefined;
  rejected: boolean;
  /** Ends the stream, once */
  readonly end: () => void;
}

/** Serves any number of gateways; each Envoy says by its node id which one it is. */
export class AdsServer {
  readonly #options: AdsServerOptions;
  readonly #gateways = new Map<string, GatewayState>();
  #version = 0;

  constructor(options: AdsServerOptions) {
    this.#options = options;
  }

  /** Handlers for `Server.addService(aggregatedDiscoveryService, …)`. */
  get handlers(): UntypedServiceImplementation {
    return { deltaAggregatedResources: (stream: Stream) => this.#serve(stream) };
  }

  /** Makes the publication the wanted state of the gateway and sends every connected Envoy what differs. */
  publish(gateway: string, publication: Publication): void {
    const state = this.#state(gateway);
    const before = state.sets;
    state.publication = publication;
    state.sets = this.#encodeSets(publication.resources, before);
    const changedSecrets = this.#encodeSecrets(state, publication);
    for (const stream of [...state.streams]) {
      stream.awaiting = publication.revision;
      stream.rejected = false;
      this.#attempt(gateway, stream, () => {
        // Credentials first: a route must not arrive before the value that it injects.
        for (const name of changedSecrets) this.#answerOwn(state, stream, name);
        stream.session.publish(publication.revision, state.sets);
        this.#settled(gateway, stream);
      });
    }
  }

  /** Forgets a gateway; its Envoy is expected to be stopped. */
  remove(gateway: string): void {
    const state = this.#gateways.get(gateway);
    if (state === undefined) return;
    state.unsubscribe?.();
    for (const stream of [...state.streams]) stream.end();
    this.#gateways.delete(gateway);
  }

  #state(gateway: string): GatewayState {
    const known = this.#gateways.get(gateway);
    if (known !== undefined) return known;
    const state: GatewayState = {
      publication: undefined,
      sets: new Map(),
      secrets: new Map(),
      streams: new Set(),
      unsubscribe: undefined,
    };
    state.unsubscribe = this.#options.certificates(gateway)?.subscribe((change) => {
      const resource =
        change.kind === "renewed" ? leafResource(change.serverName, change.leaf) : undefined;
      for (const stream of [...state.streams]) {
        this.#attempt(gateway, stream, () =>
          stream.session.answer(TYPE_URL.secret, change.serverName, resource),
        );
      }
    });
    this.#gateways.set(gateway, state);
    return state;
  }

  #serve(stream: Stream): void {
    let gateway = "";
    let entry: EnvoyStream | undefined;
    let isOpen = true;
    const end = () => {
      if (!isOpen) return;
      isOpen = false;
      stream.end();
      if (entry === undefined) return;
      this.#gateways.get(gateway)?.streams.delete(entry);
      this.#options.onEvent({ kind: "disconnected", gateway });
    };
    const send = (response: Response) => {
      if (isOpen) stream.write(response);
    };
    stream.on("data", (request: Request) => {
      if (!isOpen) return;
      gateway ||= request.node?.id ?? "";
      entry ??= this.#open(gateway, { send, end });
      if (entry === undefined) {
        this.#options.log.warn("Cannot serve an unknown Envoy", { node: gateway });
        end();
        return;
      }
      const opened = entry;
      this.#attempt(gateway, opened, () => {
        opened.session.handle(request);
        this.#settled(gateway, opened);
      });
    });
    stream.on("end", end);
    stream.on("cancelled", end);
    stream.on("error", (error) => {
      // Envoy's end closes the stream this way, too: worth a line only for whoever looks for it.
      this.#options.log.debug("ADS stream closed", { gateway, error: error.message });
      end();
    });
  }

  #open(
    gateway: string,
    { send, end }: { readonly send: (response: Response) => void; readonly end: () => void },
  ): EnvoyStream | undefined {
    const state = this.#gateways.get(gateway);
    if (state === undefined) return undefined;
    const session = new DeltaSession({
      send,
      onOutcome: (outcome) => this.#outcome(gateway, entry, outcome),
      onNamesWanted: (typeUrl, names) => this.#wanted(gateway, entry, { typeUrl, names }),
      onNamesDropped: (typeUrl, names) => this.#dropped(gateway, { typeUrl, names }),
    });
    const entry: EnvoyStream = {
      session,
      awaiting: state.publication?.revision,
      rejected: false,
      end,
    };
    state.streams.add(entry);
    this.#options.onEvent({ kind: "connected", gateway });
    if (state.publication) session.publish(state.publication.revision, state.sets);
    return entry;
  }

  /** Ends a stream whose Envoy does not answer any more; it comes back and gets everything anew. */
  #attempt(gateway: string, stream: EnvoyStream, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#options.log.error("ADS stream ended", { gateway, error: describeError(error) });
      stream.end();
    }
  }

  #outcome(gateway: string, stream: EnvoyStream, outcome: DeltaOutcome): void {
    if (outcome.kind === "accepted") return;
    stream.rejected ||= outcome.isCurrent;
    const { typeUrl, revision, names, message } = outcome;
    this.#options.onEvent({ kind: "rejected", gateway, revision, typeUrl, names, message });
  }

  /** A revision is live once nothing is on its way any more and nothing of it was rejected. */
  #settled(gateway: string, stream: EnvoyStream): void {
    const { awaiting, rejected, session } = stream;
    if (awaiting === undefined || rejected || !session.isSettled || !session.hasStarted) return;
    stream.awaiting = undefined;
    this.#options.onEvent({ kind: "live", gateway, revision: awaiting });
  }

  #wanted(
    gateway: string,
    stream: EnvoyStream,
    { typeUrl, names }: { readonly typeUrl: string; readonly names: readonly string[] },
  ): void {
    for (const name of names) {
      if (typeUrl !== TYPE_URL.secret) {
        stream.session.answer(typeUrl, name, undefined);
        continue;
      }
      const state = this.#gateways.get(gateway);
      if (state !== undefined && isOwnSecret(name)) this.#answerOwn(state, stream, name);
      else void this.#answerLeaf(gateway, stream, name);
    }
  }

  #answerOwn(state: GatewayState, { session }: EnvoyStream, name: string): void {
    const secret = state.secrets.get(name);
    if (secret === undefined) session.withdraw(TYPE_URL.secret, name);
    else session.answer(TYPE_URL.secret, name, secret);
  }

  async #answerLeaf(gateway: string, stream: EnvoyStream, serverName: string): Promise<void> {
    const answer: LeafAnswer = (await this.#options.certificates(gateway)?.find(serverName)) ?? {
      kind: "refused",
      reason: "not-intercepted",
      message: "No certificate provider",
    };
    if (answer.kind === "refused") {
      this.#options.log.debug("Leaf refused", { gateway, serverName, reason: answer.reason });
    }
    const resource = answer.kind === "leaf" ? leafResource(serverName, answer.leaf) : undefined;
    this.#attempt(gateway, stream, () =>
      stream.session.answer(TYPE_URL.secret, serverName, resource),
    );
  }

  #dropped(
    gateway: string,
    { typeUrl, names }: { readonly typeUrl: string; readonly names: readonly string[] },
  ): void {
    if (typeUrl !== TYPE_URL.secret) return;
    const provider = this.#options.certificates(gateway);
    for (const name of names) if (!isOwnSecret(name)) provider?.forget(name);
  }

  /** Resources whose bytes did not change keep their version, and are not sent again. */
  #encodeSets(
    resources: readonly XdsResource[],
    before: ReadonlyMap<string, ResourceSet>,
  ): Map<string, ResourceSet> {
    const sets = new Map<string, Map<string, VersionedResource>>([
      [TYPE_URL.cluster, new Map()],
      [TYPE_URL.listener, new Map()],
      [TYPE_URL.route, new Map()],
    ]);
    for (const { name, typeUrl, value } of resources) {
      const old = before.get(typeUrl)?.get(name);
      sets.get(typeUrl)?.set(name, this.#versioned(name, { typeUrl, value }, old));
    }
    return sets;
  }

  #encodeSecrets(state: GatewayState, publication: Publication): string[] {
    const { Secret } = envoy.extensions.transport_sockets.tls.v3;
    const wanted = new Map([
      [RESOURCE.upstreamTrust as string, upstreamTrustSecret(publication.upstreamTrustPem)],
      ...[...publication.credentials].map(
        ([name, value]) => [name, credentialSecret(name, value)] as const,
      ),
    ]);
    const changed: string[] = [];
    for (const name of state.secrets.keys()) {
      if (wanted.has(name)) continue;
      state.secrets.delete(name);
      changed.push(name);
    }
    for (const [name, secret] of wanted) {
      const old = state.secrets.get(name);
      const resource = this.#versioned(name, packAny(Secret, secret), old);
      if (resource === old) continue;
      state.secrets.set(name, resource);
      changed.push(name);
    }
    return changed;
  }

  #versioned(
    name: string,
    any: { typeUrl: string; value: Uint8Array },
    old: VersionedResource | undefined,
  ): VersionedResource {
    if (old?.any.value && Buffer.compare(old.any.value, any.value) === 0) return old;
    this.#version++;
    return { name, version: String(this.#version), any };
  }
}

/** Names that are never server names: they are answered from what is published, or refused. */
function isOwnSecret(name: string): boolean {
  return name === RESOURCE.upstreamTrust || name.startsWith("secret/");
}

function leafResource(
  serverName: string,
  leaf: Parameters<typeof leafSecret>[1],
): VersionedResource {
  const { Secret } = envoy.extensions.transport_sockets.tls.v3;
  return {
    name: serverName,
    version: leaf.version,
    any: packAny(Secret, leafSecret(serverName, leaf)),
  };
}
