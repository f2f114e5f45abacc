/**
 * One EgressGateway while it is served: its Envoy, its certificates, its addresses, and what Envoy said about its
 * configuration. Addresses stay the same for its whole life, because agents were told them.
 */

import { rm } from "node:fs/promises";
import { createServer } from "node:net";
import path from "node:path";
import type { AccessLogPipe } from "./access-log-pipe.ts";
import type { AdsEvent, AdsServer } from "./ads-server.ts";
import { auditors } from "./audit.ts";
import type { CertificateProvider } from "./certificate-provider.ts";
import type { Clock } from "./clock.ts";
import { monotonicMs } from "./clock.ts";
import type { ListenerAttachments } from "./compile.ts";
import type { GatewayStatus } from "./control-api.ts";
import type { EnvoyStop } from "./envoy-process.ts";
import { EnvoyProcess } from "./envoy-process.ts";
import { credentialsOf } from "./gateway-credentials.ts";
import type { Logger } from "./log.ts";
import { explainRejection } from "./rejection-text.ts";
import { tierCounts } from "./route-tier.ts";
import type { RuleFactsIndex } from "./rule-facts.ts";
import { indexRuleFacts } from "./rule-facts.ts";
import { isSameMap } from "./same-map.ts";
import type { SecretValue } from "./secret-value.ts";
import type { GatewaySnapshot, SocketEndpoint } from "./snapshot.ts";
import { gatewayKey } from "./snapshot.ts";
import type { GatewayCanary, ProxyCredential, XdsResource } from "./xds.ts";
import type { ConnectionBounds } from "./connection-bounds.ts";
import { TYPE_URL, xdsResources } from "./xds.ts";

/** Counts of leaf certificates. */
export interface CertificateCounts {
  readonly minted: number;
  readonly live: number;
  readonly refused: number;
  /** Asked for and there already; absent where nobody counts */
  readonly hits?: number;
}

/** What only collectors of metrics want to know of a gateway. */
export interface RuntimeFigures {
  /** Since Envoy confirmed its revision; 0 before the first */
  readonly liveSeconds: number;
  /** Configurations that Envoy rejected */
  readonly rejections: number;
}

/** Certificates of one gateway, made by the process that may use `certs`. */
export interface GatewayCertificates {
  readonly provider: CertificateProvider;
  readonly trust: { readonly bundle: string; readonly directory: string };
  /** Folder of the authority's keys */
  readonly directory: string;
  counts(): CertificateCounts;
  /** The snapshot changed: names may be passed through now, or further roots trusted */
  update(gateway: GatewaySnapshot): Promise<void>;
  close(): Promise<void>;
}

/** What a runtime shares with the process. */
export interface GatewayRuntimeOptions {
  readonly ads: AdsServer;
  readonly envoyBinary: string;
  readonly concurrency: number;
  /** Private folder of this gateway: sockets and bootstrap */
  readonly directory: string;
  readonly controlSocket: string;
  readonly certificates: GatewayCertificates;
  /** Where the explicit proxy listens when the object does not say; absent: there is none then */
  readonly explicitProxy: SocketEndpoint | undefined;
  /** Listen for captured connections here; absent: no transparent listener */
  readonly transparent: SocketEndpoint | undefined;
  /** Takes Envoy's lines of HTTP transactions, and is closed with the runtime; absent: they are streamed */
  readonly accessLogPipe?: AccessLogPipe;
  /** Where the engine's threads listen */
  readonly engineSockets: readonly string[];
  readonly connections: ConnectionBounds;
  /** PEM of the roots that upstreams are verified against */
  readonly publicRootsPem: string;
  /** `liveRevision` has changed by itself, without an ADS event */
  readonly onLive?: () => void;
  readonly log: Logger;
  readonly clock: Clock;
}

/** What a publication belongs to. */
export interface GatewayRevision {
  readonly revision: number;
  /** The gateway as a share of its agents has it; undefined: all have the same */
  readonly tried?: GatewayCanary | undefined;
}

/**
 * Connections of agents on which a policy was tried are open for so long at most without a request. While there may be
 * some, they are decided by what all have; to close them would cut what an agent waits for.
 */
const openAfterTrialMs = 60 * 60_000;

/** Trials that are over and whose connections may be open; those of the oldest of more are closed. */
const maxEndedTrials = 4;

/** Time between two questions whether older filter chains are gone, which takes a second where there were any. */
const settlingPollMs = 20;

/** Revisions whose rule facts are kept for entries that are still on their way. */
const keptRevisions = 4;

/** A gateway being served. */
export class GatewayRuntime {
  readonly #options: GatewayRuntimeOptions;
  readonly #envoy: EnvoyProcess;
  readonly #key: string;
  #gateway: GatewaySnapshot;
  #credentials: ReadonlyMap<string, SecretValue> = new Map();
  #runs: readonly ProxyCredential[] = [];
  #revision = 0;
  #confirmedRevision = 0;
  #liveRevision = 0;
  #publication = 0;
  #livePublication = 0;
  #rejection = "";
  #rejections = 0;
  #liveSinceMs: number | undefined;
  #connected = false;
  #explicit: SocketEndpoint | undefined;
  /** What `#explicit` was chosen for: only another wish gives another address */
  #explicitWish = "";
  /** Newest first */
  #indexes: RuleFactsIndex[] = [];
  #ruleFacts: RuleFactsIndex = new Map();
  #tried: GatewayCanary | undefined;
  /** Ends of trials in `Clock.now()`, by side */
  readonly #ended = new Map<string, number>();
  readonly #waiting = new Set<() => void>();
  #listeners: readonly XdsResource[] = [];
  /** Listeners were sent since it was last known that only the newest decide */
  #isUnsettled = false;
  /** Envoy was started, or has come again, and is not known to listen */
  #isBeginning = true;
  #isSettling = false;
  #isClosed = false;

  constructor(gateway: GatewaySnapshot, options: GatewayRuntimeOptions) {
    this.#gateway = gateway;
    this.#options = options;
    this.#key = gatewayKey(gateway);
    this.#envoy = new EnvoyProcess({
      binary: options.envoyBinary,
      concurrency: options.concurrency,
      directory: options.directory,
      log: options.log,
      clock: options.clock,
      gateway: this.#key,
      controlSocket: options.controlSocket,
      adminSocket: this.#adminSocket(),
      maxConnections: options.connections.downstream,
    });
  }

  /** The snapshot that is wanted now. */
  get gateway(): GatewaySnapshot {
    return this.#gateway;
  }

  /** Newest revision that Envoy confirmed and before which nothing decides any more, on no connection. */
  get liveRevision(): number {
    return this.#liveRevision;
  }

  /** Facts for records of now, and of entries that revisions shortly before decided. */
  get ruleFacts(): {
    readonly revision: number;
    readonly ruleFacts: RuleFactsIndex;
    readonly side?: string;
  } {
    const tried = this.#tried;
    return {
      revision: this.#confirmedRevision,
      ruleFacts: this.#ruleFacts,
      ...(tried && { side: tried.side }),
    };
  }

  /** Where agents reach the explicit proxy. */
  get explicitProxy(): SocketEndpoint | undefined {
    return this.#explicit;
  }

  /** Paths of what agents are to trust. */
  get trust(): GatewayCertificates["trust"] {
    return this.#options.certificates.trust;
  }

  /** Chooses addresses and starts Envoy; publish the first revision before. */
  async start(): Promise<void> {
    await this.#envoy.start();
  }

  /** Makes the snapshot the wanted state, with those of the credentials that it names. */
  async publish(
    gateway: GatewaySnapshot,
    credentials: ReadonlyMap<string, SecretValue>,
    { revision, tried }: GatewayRevision,
  ): Promise<void> {
    const hosts = [...gateway.hosts, ...(tried?.gateway.hosts ?? [])];
    const { headers } = credentialsOf({ hosts }, credentials);
    const isAgain =
      this.#publication > 0 &&
      revision === this.#revision &&
      gateway === this.#gateway &&
      isSameTrial(tried, this.#tried);
    // Credentials of another gateway have changed: this Envoy has all that it is to have.
    if (isAgain && isSameMap(headers, this.#credentials)) return;
    await this.#bindExplicit(gateway.explicitProxy ?? this.#options.explicitProxy);
    await this.#options.certificates.update(gateway);
    // Only now, at once with the sending: a late confirmation of the revision before must not count for this one.
    this.#indexRules(gateway, tried);
    this.#noteTrial(tried);
    this.#gateway = gateway;
    this.#credentials = headers;
    this.#revision = revision;
    this.#send();
  }

  /** Replaces the proxy credentials; resolves when Envoy has them, or after `deadlineMs`. */
  setRuns(runs: readonly ProxyCredential[], deadlineMs: number): Promise<void> {
    this.#runs = runs;
    this.#send();
    return this.whenLive(deadlineMs);
  }

  /** Resolves when Envoy has confirmed what was sent last, or after `deadlineMs`. */
  whenLive(deadlineMs: number): Promise<void> {
    return this.#when(() => this.#isConfirmed(), deadlineMs);
  }

  /**
   * Resolves when Envoy takes connections by what was sent first, or after `deadlineMs`: one that has just begun confirms
   * its listeners before it listens. It says nothing of what was sent later.
   */
  whenListening(deadlineMs: number): Promise<void> {
    return this.#when(() => !this.#isBeginning, deadlineMs);
  }

  #isConfirmed(): boolean {
    return this.#livePublication >= this.#publication;
  }

  #when(isSo: () => boolean, deadlineMs: number): Promise<void> {
    if (isSo()) return Promise.resolve();
    const { clock } = this.#options;
    return new Promise((resolve) => {
      const finish = () => {
        clock.clearTimeout(timer);
        this.#waiting.delete(look);
        resolve();
      };
      const timer = clock.setTimeout(finish, deadlineMs);
      const look = () => {
        if (isSo()) finish();
      };
      this.#waiting.add(look);
    });
  }

  /** Takes what the ADS server says of this gateway. */
  onAdsEvent(event: AdsEvent): void {
    switch (event.kind) {
      case "connected":
        this.#connected = true;
        // Also one that was started anew waits for routes after it has confirmed its listeners.
        this.#isUnsettled = true;
        this.#isBeginning = true;
        return;
      case "disconnected":
        this.#connected = false;
        return;
      case "rejected":
        this.#rejection = explainRejection(event.message);
        this.#rejections++;
        return;
      case "live":
        this.#livePublication = event.revision;
        if (event.revision < this.#publication) return;
        this.#confirmedRevision = this.#revision;
        this.#rejection = "";
        this.#tellWaiting();
        if (this.#isUnsettled && this.#envoy.pid !== undefined) void this.#settle();
        else this.#noteLive();
    }
  }

  /** The same for collectors of metrics. */
  get figures(): RuntimeFigures {
    const since = this.#liveSinceMs;
    const liveSeconds =
      since === undefined ? 0 : (monotonicMs(this.#options.clock) - since) / 1_000;
    return { liveSeconds, rejections: this.#rejections };
  }

  /** State for people and programs; `attachments` are what compiling counted. */
  status(attachments: readonly ListenerAttachments[] = []): GatewayStatus {
    const { certificates, transparent } = this.#options;
    const { namespace, name, defaultPolicy, listeners } = this.#gateway;
    const audits = auditors(this.#gateway);
    const pid = this.#envoy.pid;
    return {
      namespace,
      name,
      defaultPolicy,
      ...(audits.length > 0 && { audits }),
      ready: this.#reason() === "",
      reason: this.#reason(),
      liveRevision: this.#liveRevision,
      rejection: this.#rejection,
      ...(this.#explicit && { explicitProxy: this.#explicit }),
      ...(transparent && { transparent }),
      listeners: listeners.map((listener) => ({
        name: listener.name,
        attachedRoutes: attachments.find((it) => it.listener === listener.name)?.count ?? 0,
      })),
      routes: tierCounts(this.#gateway),
      envoy: {
        ...(pid !== undefined && { pid }),
        restarts: this.#envoy.restarts,
        adminSocket: this.#adminSocket(),
      },
      certificates: { ...certificates.counts(), directory: certificates.directory },
      trust: certificates.trust,
    };
  }

  /** Drains and ends Envoy. */
  async close(drainMs?: number): Promise<EnvoyStop> {
    this.#isClosed = true;
    const stop = await this.#envoy.close(drainMs);
    this.#options.accessLogPipe?.close();
    this.#options.ads.remove(this.#key);
    await this.#options.certificates.close();
    await rm(this.#options.directory, { recursive: true, force: true });
    return stop;
  }

  /** A revision is as old as its first confirmation: new runs and values of credentials are confirmed again. */
  #noteLive(): void {
    if (this.#liveRevision !== this.#revision) {
      this.#liveSinceMs = monotonicMs(this.#options.clock);
    }
    this.#liveRevision = this.#revision;
    this.#isBeginning = false;
    this.#tellWaiting();
  }

  #tellWaiting(): void {
    for (const look of [...this.#waiting]) look();
  }

  /** A gateway that comes again only for other values of credentials must not push out what was before it. */
  #indexRules(gateway: GatewaySnapshot, tried: GatewayCanary | undefined): void {
    const isSame = gateway === this.#gateway && isSameTrial(tried, this.#tried);
    if (isSame && this.#indexes.length > 0) return;
    const index = new Map([
      ...indexRuleFacts(gateway),
      ...(tried === undefined ? [] : indexRuleFacts(tried.gateway, tried.side)),
    ]);
    this.#indexes = [index, ...this.#indexes].slice(0, keptRevisions);
    this.#ruleFacts = new Map(this.#indexes.toReversed().flatMap((index) => [...index]));
  }

  #noteTrial(tried: GatewayCanary | undefined): void {
    const before = this.#tried;
    const nowMs = this.#options.clock.now();
    if (before !== undefined && before.side !== tried?.side) this.#ended.set(before.side, nowMs);
    for (const [side, endedMs] of this.#ended) {
      const isTooMany = this.#ended.size > maxEndedTrials;
      if (isTooMany || side === tried?.side || nowMs - endedMs > openAfterTrialMs) {
        this.#ended.delete(side);
      }
    }
    this.#tried = tried;
  }

  /**
   * Waits until no connection is decided by listeners or filter chains before those that were confirmed: Envoy leaves
   * connections to these for a while. Gives up when something newer was sent, whose confirmation begins it again.
   */
  async #settle(): Promise<void> {
    if (this.#isSettling) return;
    this.#isSettling = true;
    try {
      for (;;) {
        const asked = this.#publication;
        const isSettled = await this.#envoy.hasSettledListeners();
        if (this.#isClosed) return;
        if (isSettled && this.#livePublication < this.#publication) return;
        // An answer is worth nothing when something was sent since Envoy was asked.
        if (isSettled && asked === this.#publication) break;
        await this.#pause(settlingPollMs);
      }
      this.#isUnsettled = false;
      this.#noteLive();
    } finally {
      this.#isSettling = false;
    }
    this.#options.onLive?.();
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#options.clock.setTimeout(resolve, ms));
  }

  async #bindExplicit(wanted: SocketEndpoint | undefined): Promise<void> {
    const wish = wanted === undefined ? "none" : `${wanted.address} ${wanted.port}`;
    if (wish === this.#explicitWish) return;
    this.#explicitWish = wish;
    this.#explicit = await boundEndpoint(wanted);
  }

  #send(): void {
    this.#publication++;
    const { ads, transparent, publicRootsPem, accessLogPipe, engineSockets, connections } =
      this.#options;
    const deployment = {
      ...(this.#explicit && { explicit: this.#explicit }),
      ...(transparent && { transparent }),
      ...(accessLogPipe && { accessLogPipe: accessLogPipe.path }),
      maxUpstreamConnections: connections.upstream,
      runs: this.#runs,
      canaries: [
        ...(this.#tried ? [this.#tried] : []),
        ...[...this.#ended.keys()].map((side) => ({ side, gateway: this.#gateway })),
      ],
      engineSockets,
    };
    const resources = xdsResources(this.#gateway, deployment);
    this.#noteListeners(resources);
    ads.publish(this.#key, {
      revision: this.#publication,
      resources,
      credentials: this.#credentials,
      upstreamTrustPem: `${publicRootsPem}${this.#gateway.upstream.additionalTrustPem}`,
    });
  }

  #noteListeners(resources: readonly XdsResource[]): void {
    const listeners = resources.filter(({ typeUrl }) => typeUrl === TYPE_URL.listener);
    const isSame =
      listeners.length === this.#listeners.length &&
      listeners.every(({ value }, index) => {
        const before = this.#listeners[index]?.value;
        return before !== undefined && Buffer.compare(before, value) === 0;
      });
    this.#listeners = listeners;
    this.#isUnsettled ||= !isSame;
  }

  #reason(): string {
    if (this.#gateway.refusal) return this.#gateway.refusal.message;
    if (this.#envoy.pid === undefined) return "Envoy is not running and will be started again";
    if (!this.#connected) return "Envoy has not connected yet";
    if (this.#rejection !== "") {
      const served = this.#liveRevision === 0 ? "nothing yet" : `revision ${this.#liveRevision}`;
      return `Envoy rejected the configuration and serves ${served}`;
    }
    return this.#liveRevision === 0 ? "Envoy has not confirmed a configuration yet" : "";
  }

  #adminSocket(): string {
    return path.join(this.#options.directory, "admin.sock");
  }
}

function isSameTrial(left: GatewayCanary | undefined, right: GatewayCanary | undefined): boolean {
  return (
    left?.gateway === right?.gateway &&
    left?.side === right?.side &&
    left?.share?.parts === right?.share?.parts
  );
}

/** The address with a free port where any will do. */
async function boundEndpoint(
  wanted: SocketEndpoint | undefined,
): Promise<SocketEndpoint | undefined> {
  if (wanted === undefined || wanted.port !== 0) return wanted;
  return { ...wanted, port: await freePort(wanted.address) };
}

/** A port that was free a moment ago; Envoy rejects its listener in the rare case that it is taken meanwhile. */
async function freePort(address: string): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, address, resolve);
  });
  const bound = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (bound === null || typeof bound === "string") {
    throw new TypeError(`Cannot choose a port on "${address}": no address was bound`);
  }
  return bound.port;
}
