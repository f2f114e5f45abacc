/**
 * The gateway process without its command line: sources of objects on one side, Envoys on the other, records and the
 * control socket beside them. What belongs to other directories (certificates) is injected by `main.ts`.
 */

import { mkdir } from "node:fs/promises";
import path from "node:path";
import { AccessLogs } from "./access-logs.ts";
import type { AdsEvent } from "./ads-server.ts";
import { AuditTeller } from "./audit-teller.ts";
import { AdsServer } from "./ads-server.ts";
import { BackendHealth } from "./backend-health.ts";
import { listBudgets } from "./budget-list.ts";
import type { CertificateProvider } from "./certificate-provider.ts";
import type { CompiledPolicy, RevisionNews } from "./compiled-revisions.ts";
import { CompiledRevisions, servedGateways, trialOf } from "./compiled-revisions.ts";
import { ConfirmationDesk } from "./confirmation-desk.ts";
import type {
  ControlEvent,
  GatewayProcessStatus,
  GatewayStatus,
  ObjectList,
  SourceProblem,
} from "./control-api.ts";
import type { ControlHandlers, ControlSocket } from "./control-socket.ts";
import { openControlSocket } from "./control-socket.ts";
import { EngineHost } from "./engine-host.ts";
import type { EnvoyDoor } from "./envoy-door.ts";
import { openEnvoyDoor } from "./envoy-door.ts";
import type { EnvoyStop } from "./envoy-process.ts";
import { describeError } from "./errors.ts";
import { GatewayFleet } from "./gateway-fleet.ts";
import type { InvocationEvent } from "./invocation-event.ts";
import { endedInvocation } from "./invocation-span.ts";
import { InvocationTraces } from "./invocation-trace.ts";
import { RunDoor } from "./run-door.ts";
import type { EndedRun } from "./run-event.ts";
import type { GatewayProcessParts } from "./gateway-process-parts.ts";
import { GatewayRuntime } from "./gateway-runtime.ts";
import { controlSocketName } from "./home-directory.ts";
import { reportObjects } from "./object-report.ts";
import { ObjectSources } from "./object-sources.ts";
import { ownAddresses } from "./own-addresses.ts";
import { providerProblems } from "./provider-problems.ts";
import type { EgressRecord } from "./record.ts";
import { ControlFollowers } from "./control-followers.ts";
import { connectionBounds } from "./connection-bounds.ts";
import { RecordOutputs } from "./record-outputs.ts";
import { RunRegistry } from "./run-registry.ts";
import type { SecretValue } from "./secret-value.ts";
import { servedObjects } from "./served-objects.ts";
import { servedPlugin } from "./served-plugin.ts";
import type { GatewaySnapshot } from "./snapshot.ts";
import { gatewayKey } from "./snapshot.ts";
import type { LoadedObjects, LoadProblems } from "./snapshot-source.ts";
import { TrialWatch } from "./trial-watch.ts";
import { version } from "./version.ts";

interface PendingRevision extends RevisionNews {
  readonly revision: number;
}

/** The running process; `open()` once, `close()` at the end. */
export class GatewayProcess {
  readonly #parts: GatewayProcessParts;
  readonly #startedAt: string;
  readonly #fleet: GatewayFleet;
  readonly #traces: InvocationTraces;
  readonly #runs: RunRegistry;
  readonly #runDoor: RunDoor;
  readonly #records: RecordOutputs;
  readonly #certificates = new Map<string, CertificateProvider>();
  readonly #ads: AdsServer;
  readonly #accessLogs: AccessLogs;
  readonly #health: BackendHealth;
  #door: EnvoyDoor | undefined;
  readonly #followers = new ControlFollowers();
  readonly #engine: EngineHost;
  readonly #confirmations: ConfirmationDesk;
  readonly #sources: ObjectSources;
  readonly #revisions: CompiledRevisions;
  readonly #trial: TrialWatch;
  readonly #audits: AuditTeller;
  #control: ControlSocket | undefined;
  #loaded: LoadedObjects | undefined;
  #problems: readonly SourceProblem[] = [];
  #created = 0;
  #pending: PendingRevision | undefined;

  constructor(parts: GatewayProcessParts) {
    this.#parts = parts;
    const { clock, log } = parts;
    this.#startedAt = new Date(clock.now()).toISOString();
    this.#records = new RecordOutputs({
      directory: parts.recordsDirectory,
      name: parts.recordsName,
      spoolDirectory: parts.spoolDirectory,
      clock,
      log,
    });
    this.#health = new BackendHealth({
      clock,
      onChange: (ejections) => this.#engine.eject(ejections),
    });
    this.#traces = new InvocationTraces(parts.traceKey);
    this.#runs = this.#createRuns();
    this.#ads = new AdsServer({
      log,
      certificates: (gateway) => this.#certificates.get(gateway),
      onEvent: (event) => this.#onAdsEvent(event),
    });
    this.#accessLogs = new AccessLogs({
      clock,
      log,
      onRecord: (record, json) => this.#onRecord(record, json),
      onUnsent: (transaction) => this.#engine.refund(transaction),
      findContext: (gateway) => this.#entryContext(gateway),
      health: this.#health,
    });
    this.#confirmations = new ConfirmationDesk({
      clock,
      agents: this.#runs,
      findKey: (name) => this.#revisions.compiled?.credentials.get(name),
      onEvent: (event) => this.#followers.emit(event),
    });
    this.#engine = new EngineHost({
      openEngine: parts.openEngine,
      directory: parts.runDirectory,
      threads: parts.options.engineThreads,
      plugins: parts.plugins.map((plugin) => plugin.path),
      budgetsDirectory: parts.budgetsDirectory,
      prices: parts.prices,
      ...(parts.limitStore && { limitStore: parts.limitStore }),
      runs: () => this.#runs.agents(),
      traceKey: parts.traceKey,
      confirmations: this.#confirmations,
      onFacts: (facts) => this.#accessLogs.addFacts(facts),
      log,
    });
    this.#sources = new ObjectSources({
      paths: parts.options.paths,
      ...(parts.options.feed !== undefined && { feedSocket: parts.options.feed }),
      secrets: parts.secrets,
      check: providerProblems,
      env: parts.env,
      clock,
      log,
      onChange: (loaded) => this.#onChange(loaded),
      onProblems: (found) => this.#onProblems(found),
    });
    this.#audits = new AuditTeller(log);
    this.#trial = new TrialWatch(clock, (report) => this.#sources.reportTrial(report));
    this.#fleet = new GatewayFleet({
      log,
      createRuntime: (gateway) => this.#createRuntime(gateway),
    });
    this.#runDoor = this.#createRunDoor();
    const { publicRootsPem, grantsDirectory } = parts;
    this.#revisions = new CompiledRevisions({
      clock,
      ownAddresses,
      sharesLimits: parts.limitStore !== undefined,
      placeholderKey: parts.placeholderKey,
      minting: { log, publicRootsPem, grantsDirectory },
      onCompiled: (compiled, news) => this.#onCompiled(compiled, news),
      serve: (compiled, credentials) => this.#serve(compiled, credentials),
    });
  }

  /** Path of the control socket. */
  get controlSocket(): string {
    return path.join(this.#parts.runDirectory, controlSocketName);
  }

  /** Starts everything and resolves when the objects were loaded for the first time. */
  async open(): Promise<void> {
    const services = { ads: this.#ads, accessLogs: this.#accessLogs };
    this.#door = await openEnvoyDoor(this.#adsSocket(), services);
    this.#control = await openControlSocket(this.controlSocket, this.#handlers(), this.#parts.log);
    await this.#sources.open();
  }

  /** Drains and stops everything; resolves with what was cut. */
  async close(drainMs?: number): Promise<EnvoyStop> {
    this.#sources.close();
    this.#trial.close();
    this.#confirmations.close();
    const minting = this.#revisions.close();
    const stop = await this.#fleet.close(drainMs);
    this.#followers.emit({ kind: "stopping", inFlight: stop.inFlight ?? 0 });
    await this.#engine.close();
    await this.#parts.limitStore?.close();
    this.#door?.close();
    this.#accessLogs.close();
    // What is said of their end is a record too.
    this.#runs.close();
    await this.#records.close();
    await this.#control?.close();
    await minting;
    return stop;
  }

  #adsSocket(): string {
    return path.join(this.#parts.runDirectory, "ads.sock");
  }

  #onChange(loaded: LoadedObjects): void {
    this.#loaded = loaded;
    this.#problems = [];
    const objects = loaded.objects.map(({ object }) => object);
    this.#revisions.take(objects, loaded, trialOf(loaded));
  }

  #onCompiled({ snapshot, credentials, trial }: CompiledPolicy, news: RevisionNews): void {
    this.#trial.follow(trial);
    const { startedNs, changes } = news;
    this.#audits.tell(snapshot.gateways);
    this.#pending = { revision: snapshot.revision, startedNs, changes };
    this.#records.setTargets(snapshot.gateways, credentials);
    this.#report();
  }

  #report(): void {
    const { compiled, revision } = this.#revisions;
    const statusOf = (key: string) => this.#findGatewayStatus(key);
    this.#sources.report(() => reportObjects(revision, compiled?.statuses ?? [], statusOf));
  }

  /** The engine comes first: Envoy must never ask it by a plan that it does not have. */
  async #serve(
    compiled: CompiledPolicy,
    credentials: ReadonlyMap<string, SecretValue>,
  ): Promise<void> {
    const { snapshot, trial } = compiled;
    // The engine finds plans by what they say, whichever side they are of.
    const everything = { ...snapshot, gateways: servedGateways(compiled) };
    try {
      this.#health.publish(everything);
      await this.#engine.publish(everything, credentials);
      await this.#fleet.apply(snapshot, credentials, trial);
      this.#announce();
    } catch (error) {
      const message = `Cannot serve revision ${snapshot.revision}: ${describeError(error)}`;
      this.#parts.log.error(message);
      this.#followers.emit({ kind: "warning", message });
    }
  }

  #onProblems({ problems }: LoadProblems): void {
    this.#problems = problems;
    this.#followers.emit({ kind: "problems", revision: this.#revisions.revision, problems });
  }

  #onAdsEvent(event: AdsEvent): void {
    this.#fleet.onAdsEvent(event);
    if (event.kind === "rejected") {
      const message = `Envoy rejected the configuration of ${event.gateway} and keeps the one before: ${event.message}`;
      this.#followers.emit({ kind: "warning", message });
    }
    if (event.kind === "live") this.#announce();
  }

  /** Says once that a revision is live: when the Envoys of all gateways confirmed it. */
  #announce(): void {
    const { runtimes, revision } = this.#fleet;
    const pending = this.#pending;
    if (pending === undefined || revision < pending.revision) return;
    if (runtimes.some((runtime) => runtime.liveRevision < pending.revision)) return;
    this.#pending = undefined;
    this.#trial.setLive();
    const inMs = Number(this.#parts.clock.monotonicNs() - pending.startedNs) / 1e6;
    for (const runtime of runtimes) {
      this.#followers.emit({ kind: "gateway", gateway: this.#gatewayStatus(runtime) });
    }
    this.#report();
    this.#followers.emit({ kind: "revision", revision, inMs, changes: pending.changes });
  }

  #createRuns(): RunRegistry {
    return new RunRegistry({
      clock: this.#parts.clock,
      traces: this.#traces,
      onChange: (gateway) => this.#runDoor.publish(gateway),
      onEvent: (event, ended) => this.#onInvocation(event, ended),
    });
  }

  #createRunDoor(): RunDoor {
    return new RunDoor({
      runs: this.#runs,
      fleet: this.#fleet,
      followers: this.#followers,
      identify: (runs) => this.#engine.identify(runs),
    });
  }

  async #createRuntime(gateway: GatewaySnapshot): Promise<GatewayRuntime> {
    const { options, envoy, runDirectory, openFiles, publicRootsPem, log, clock } = this.#parts;
    const certificates = await this.#parts.openCertificates(gateway);
    const key = gatewayKey(gateway);
    this.#certificates.set(key, certificates.provider);
    const index = this.#created;
    this.#created++;
    const { transparent } = options;
    const directory = path.join(runDirectory, `g${index}`);
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const accessLogPipe = await this.#accessLogs.openPipe(path.join(directory, "http.log"), () =>
      this.#contextOf(runtime),
    );
    const runtime: GatewayRuntime = new GatewayRuntime(gateway, {
      ads: this.#ads,
      envoyBinary: envoy.path,
      concurrency: options.concurrency,
      directory,
      controlSocket: this.#adsSocket(),
      certificates,
      explicitProxy: { address: "127.0.0.1", port: 0 },
      transparent: transparent && { ...transparent, port: transparent.port + index },
      engineSockets: this.#engine.sockets,
      connections: connectionBounds(openFiles),
      publicRootsPem,
      onLive: () => this.#announce(),
      log: log.child({ gateway: key }),
      clock,
      ...(accessLogPipe && { accessLogPipe }),
    });
    return runtime;
  }

  #onRecord(record: EgressRecord, json: string | undefined): void {
    this.#runs.count(record);
    this.#trial.note(record);
    this.#sources.noteRecord(record, this.#revisions.compiled?.snapshot);
    this.#revisions.noteRecord(record);
    const shown = this.#records.add(record, json);
    if (this.#followers.isEmpty) return;
    // Bodies of a megabyte would end the stream of whoever only looks at lines.
    const live = shown.capture === null ? shown : { ...shown, capture: null };
    this.#followers.emit({ kind: "record", record: live });
  }

  #onInvocation(event: InvocationEvent, ended?: EndedRun): void {
    this.#records.addInvocation(event, ended && endedInvocation(ended));
    this.#parts.onInvocation?.(event);
  }

  #entryContext(key: string) {
    const runtime = this.#fleet.find(key);
    return runtime && this.#contextOf(runtime);
  }

  #contextOf(runtime: GatewayRuntime) {
    const { namespace, name } = runtime.gateway;
    return {
      gateway: { namespace, name },
      ...runtime.ruleFacts,
      traces: this.#traces,
      findAgent: (caller: string) => this.#runs.findAgent(caller),
    };
  }

  #handlers(): ControlHandlers {
    const { clock } = this.#parts;
    const revisions = this.#revisions;
    return {
      status: () => this.#status(),
      objects: (kind) => this.#objects(kind),
      budgets: () => ({
        items: listBudgets(revisions.compiled?.snapshot, this.#engine.budgets(), clock.now()),
      }),
      confirmations: this.#confirmations,
      placeholders: () => ({ items: revisions.placeholders() }),
      registerRun: (request) => this.#runDoor.register(request),
      endRun: (runId, exitCode) => this.#runDoor.end(runId, exitCode),
      setRunProcess: (runId, pid) => this.#runs.setProcess(runId, pid),
      followRun: (runId, onRecord) => this.#runDoor.follow(runId, onRecord),
      followEvents: (onEvent) => this.#followEvents(onEvent),
      stop: () => this.#parts.onStopRequest(),
    };
  }

  #status(): GatewayProcessStatus {
    const { envoy, plugins, limitStore } = this.#parts;
    const engine = this.#engine.status();
    const mintedCredentials = this.#revisions.mintedStatus();
    return {
      version,
      pid: process.pid,
      startedAt: this.#startedAt,
      directories: this.#sources.directories,
      plugins: plugins.map(servedPlugin),
      revision: this.#revisions.revision,
      problems: this.#problems,
      envoy: { path: envoy.path, version: envoy.version, source: envoy.source },
      gateways: this.#fleet.runtimes.map((runtime) => this.#gatewayStatus(runtime)),
      records: this.#records.status(this.#accessLogs.losses),
      secrets: this.#sources.secretStatus(),
      ...(engine && { engine, confirmations: this.#confirmations.counts }),
      ...(limitStore && { sharedLimits: limitStore.state }),
      ...(mintedCredentials.length > 0 && { mintedCredentials }),
      runs: this.#runs.status(),
    };
  }

  #gatewayStatus(runtime: GatewayRuntime): GatewayStatus {
    const { namespace, name } = runtime.gateway;
    const compiled = this.#revisions.compiled?.statuses.find(
      ({ ref }) => ref.kind === "EgressGateway" && ref.namespace === namespace && ref.name === name,
    );
    return runtime.status(compiled?.attachedRoutes);
  }

  #findGatewayStatus(key: string): GatewayStatus | undefined {
    const runtime = this.#fleet.find(key);
    return runtime && this.#gatewayStatus(runtime);
  }

  #objects(kind: string | undefined): ObjectList {
    const items = servedObjects(this.#loaded?.objects ?? [], {
      statuses: this.#revisions.compiled?.statuses ?? [],
      gateways: this.#revisions.compiled?.snapshot.gateways ?? [],
      gatewayStatus: (key) => this.#findGatewayStatus(key),
      backendStates: this.#health.states(),
      secretSources: this.#sources.secretStatus(),
    });
    const wanted = kind === undefined ? items : items.filter(({ object }) => object.kind === kind);
    return { revision: this.#revisions.revision, items: wanted };
  }

  #followEvents(onEvent: (event: ControlEvent) => void): () => void {
    for (const runtime of this.#fleet.runtimes) {
      onEvent({ kind: "gateway", gateway: this.#gatewayStatus(runtime) });
    }
    if (this.#problems.length > 0) {
      const { revision } = this.#revisions;
      onEvent({ kind: "problems", revision, problems: this.#problems });
    }
    for (const event of this.#confirmations.events()) onEvent(event);
    return this.#followers.add(onEvent);
  }
}
