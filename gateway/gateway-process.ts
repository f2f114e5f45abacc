/**
 * The gateway process without its command line: sources of objects on one side, Envoys on the other, records and the
 * control socket beside them. What belongs to other directories (certificates) is injected by `main.ts`.
 */

import { mkdir } from "node:fs/promises";
import path from "node:path";
import { AccessLogs } from "./access-logs.ts";
import type { AdsEvent } from "./ads-server.ts";
import { AuditTeller } from "./audit.ts";
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
import { engineSettings, recordSettings, sourceSettings } from "./gateway-process-parts.ts";
import { metricsHandlers } from "./gateway-metrics.ts";
import { GatewayRuntime } from "./gateway-runtime.ts";
import { controlSocketName } from "./home-directory.ts";
import { reportObjects } from "./object-report.ts";
import { ObjectSources } from "./object-sources.ts";
import { ownAddresses } from "./own-addresses.ts";
import { providerProblems } from "./provider-problems.ts";
import { allPrices } from "./record-cost.ts";
import type { LineText } from "./record-lines.ts";
import type { EgressRecord } from "./record.ts";
import { connectionBounds } from "./connection-bounds.ts";
import type { MetricsHandlers, MetricsServer } from "./metrics-server.ts";
import { openMetricsServer } from "./metrics-server.ts";
import { describeRejection } from "./rejection-text.ts";
import { RevisionAnnouncer } from "./revision-announcer.ts";
import { RecordWatchers } from "./record-watchers.ts";
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
  readonly #watchers: RecordWatchers;
  readonly #engine: EngineHost;
  readonly #confirmations: ConfirmationDesk;
  readonly #sources: ObjectSources;
  readonly #revisions: CompiledRevisions;
  readonly #trial: TrialWatch;
  readonly #audits: AuditTeller;
  #control: ControlSocket | undefined;
  readonly #observation: MetricsHandlers;
  #metrics: MetricsServer | undefined;
  #loaded: LoadedObjects | undefined;
  #problems: readonly SourceProblem[] = [];
  #created = 0;
  readonly #announcer: RevisionAnnouncer;

  constructor(parts: GatewayProcessParts) {
    this.#parts = parts;
    const { clock, log } = parts;
    this.#startedAt = new Date(clock.now()).toISOString();
    this.#watchers = new RecordWatchers({ clock, runs: () => this.#runs.countByAgent() });
    this.#records = new RecordOutputs(recordSettings(parts));
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
      prices: allPrices(parts.prices),
      onRecord: (record, json) => this.#onRecord(record, json),
      onUnsent: (transaction) => this.#engine.refund(transaction),
      findContext: (key) => this.#contextOf(this.#fleet.find(key)),
      health: this.#health,
    });
    this.#confirmations = new ConfirmationDesk({
      clock,
      agents: this.#runs,
      findKey: (name) => this.#revisions.compiled?.credentials.get(name),
      onEvent: (event) => this.#watchers.followers.emit(event),
    });
    this.#engine = new EngineHost({
      ...engineSettings(parts),
      runs: () => this.#runs.agents(),
      confirmations: this.#confirmations,
      onFacts: (facts) => this.#accessLogs.addFacts(facts),
    });
    this.#sources = new ObjectSources({
      ...sourceSettings(parts),
      check: providerProblems,
      onChange: (loaded) => this.#onChange(loaded),
      onProblems: (found) => this.#onProblems(found),
    });
    this.#audits = new AuditTeller(log);
    this.#trial = new TrialWatch(clock, (report) => this.#sources.reportTrial(report));
    const createRuntime = (gateway: GatewaySnapshot) => this.#createRuntime(gateway);
    this.#fleet = new GatewayFleet({ log, createRuntime });
    this.#announcer = new RevisionAnnouncer({
      clock,
      fleet: this.#fleet,
      followers: this.#watchers.followers,
      statusOf: (runtime) => this.#gatewayStatus(runtime),
      onLive: () => {
        this.#watchers.start.settle();
        this.#trial.setLive();
        this.#report();
      },
    });
    this.#observation = metricsHandlers({
      status: () => this.#status(),
      traffic: this.#watchers.traffic,
      fleet: this.#fleet,
      engine: this.#engine,
      records: this.#records,
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
    const { metrics } = this.#parts.options;
    if (metrics) {
      this.#metrics = await openMetricsServer(metrics, this.#observation, this.#parts.log);
    }
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
    this.#watchers.followers.emit({ kind: "stopping", inFlight: stop.inFlight ?? 0 });
    await this.#engine.close();
    await this.#parts.limitStore?.close();
    this.#door?.close();
    this.#accessLogs.close();
    // What is said of their end is a record too.
    this.#runs.close();
    await this.#records.close();
    await Promise.all([this.#control?.close(), this.#metrics?.close()]);
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
    this.#announcer.expect({ revision: snapshot.revision, startedNs, changes });
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
      this.#announcer.check();
    } catch (error) {
      const message = `Cannot serve revision ${snapshot.revision}: ${describeError(error)}`;
      this.#parts.log.error(message);
      this.#watchers.followers.emit({ kind: "warning", message });
    }
  }

  #onProblems({ problems }: LoadProblems): void {
    this.#problems = problems;
    this.#watchers.followers.emit({
      kind: "problems",
      revision: this.#revisions.revision,
      problems,
    });
  }

  #onAdsEvent(event: AdsEvent): void {
    this.#fleet.onAdsEvent(event);
    if (event.kind === "rejected") {
      this.#parts.log.error(describeRejection(event));
    }
    if (event.kind === "live") this.#announcer.check();
  }

  #createRuns(): RunRegistry {
    const { clock, gatewayProcess } = this.#parts;
    return new RunRegistry({
      ...{ clock, gatewayProcess },
      traces: this.#traces,
      onChange: (gateway) => this.#runDoor.publish(gateway),
      onEvent: (event, ended) => this.#onInvocation(event, ended),
    });
  }

  #createRunDoor(): RunDoor {
    return new RunDoor({
      runs: this.#runs,
      fleet: this.#fleet,
      followers: this.#watchers.followers,
      identify: (runs) => this.#engine.identify(runs),
      telemetryKey: this.#parts.telemetryKey,
      clock: this.#parts.clock,
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
      onLive: () => this.#announcer.check(),
      log: log.child({ gateway: key }),
      clock,
      ...(accessLogPipe && { accessLogPipe }),
    });
    return runtime;
  }

  #onRecord(record: EgressRecord, json: LineText | undefined): void {
    this.#runs.count(record);
    this.#trial.note(record);
    this.#sources.noteRecord(record, this.#revisions.compiled?.snapshot);
    this.#revisions.noteRecord(record);
    this.#watchers.note(this.#records.add(record, json));
  }

  #onInvocation(event: InvocationEvent, ended?: EndedRun): void {
    this.#records.addInvocation(event, ended && endedInvocation(ended));
    this.#parts.onInvocation?.(event);
  }

  #contextOf(runtime: GatewayRuntime | undefined) {
    if (runtime === undefined) return undefined;
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
      followEvents: (onEvent, withRecords) => this.#followEvents(onEvent, withRecords),
      followActivity: (onReport) => this.#watchers.activity.follow(onReport),
      ...this.#observation,
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
      ...(this.#metrics && { metrics: this.#metrics.endpoint }),
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

  #followEvents(onEvent: (event: ControlEvent) => void, withRecords: boolean): () => void {
    for (const runtime of this.#fleet.runtimes) {
      onEvent({ kind: "gateway", gateway: this.#gatewayStatus(runtime) });
    }
    if (this.#problems.length > 0) {
      const { revision } = this.#revisions;
      onEvent({ kind: "problems", revision, problems: this.#problems });
    }
    for (const event of this.#confirmations.events()) onEvent(event);
    const { followers } = this.#watchers;
    return withRecords ? followers.add(onEvent) : followers.addWithoutRecords(onEvent);
  }
}
