/**
 * A real Envoy under test: our ADS and access log servers on a Unix socket, an `EnvoyProcess`, and a certificate
 * provider that answers every plausible name with the test leaf. Everything ends with the test.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import type { Test } from "tap";
import { AccessLogServer } from "../access-log-server.ts";
import type { AdsEvent, Publication } from "../ads-server.ts";
import { AdsServer } from "../ads-server.ts";
import type { CallFacts } from "../call-facts.ts";
import type { CertificateProvider, LeafChange } from "../certificate-provider.ts";
import { systemClock } from "../clock.ts";
import { EnvoyProcess } from "../envoy-process.ts";
import { findEnvoy } from "../envoy-binary.ts";
import type { Logger } from "../log.ts";
import { silentLogger } from "../log.ts";
import { accessLogService } from "../proto/access-log-service.ts";
import { aggregatedDiscoveryService } from "../proto/discovery-service.ts";
import type { EgressRecord } from "../record.ts";
import { RecordJoin } from "../record-join.ts";
import { indexRuleFacts } from "../rule-facts.ts";
import { SecretValue } from "../secret-value.ts";
import type { GatewaySnapshot } from "../snapshot.ts";
import { gatewayKey } from "../snapshot.ts";
import { proxyUserName } from "../xds.ts";
import type { GatewayCanary, ProxyCredential, XdsResource } from "../xds.ts";
import { xdsResources } from "../xds.ts";
import { testCertificatePem, testPrivateKeyPem } from "./leaf.ts";

/** Path of the Envoy to test with; undefined where there is none. */
export const realEnvoy = process.env["CLRK_ENVOY"] ?? (await findInstalled());

/** Test options that skip where there is no Envoy. */
export const needsEnvoy = { skip: realEnvoy === undefined ? "needs envoy (CLRK_ENVOY)" : false };

async function findInstalled(): Promise<string | undefined> {
  const found = await findEnvoy({ env: process.env, install: "never" });
  return found.kind === "found" ? found.path : undefined;
}

/** What became of a publication. */
export type Verdict = Extract<AdsEvent, { kind: "live" | "rejected" }>;

/** One running Envoy of one gateway. */
export interface EnvoyRig {
  readonly envoy: EnvoyProcess;
  readonly directory: string;
  readonly adminSocket: string;
  /** Where the explicit proxy listens */
  readonly proxyPort: number;
  /** Where the transparent listener listens */
  readonly transparentPort: number;
  readonly records: EgressRecord[];
  /** Every line that Envoy logged */
  readonly logLines: string[];
  /** Names that were asked of the certificate provider */
  readonly askedNames: string[];
  /** Takes what an engine found out, as `EngineOptions.onFacts` */
  addFacts(facts: readonly CallFacts[]): void;
  /** Publishes a snapshot and waits for Envoy's verdict */
  publish(snapshot: GatewaySnapshot, changes?: RigPublication): Promise<Verdict>;
}

/** Parts of a publication that are not in the snapshot. */
export interface RigPublication {
  /** Credential values by resource name */
  readonly credentials?: Readonly<Record<string, string>>;
  readonly runs?: readonly ProxyCredential[];
  readonly engineSockets?: readonly string[];
  readonly accessLogPipe?: string;
  readonly canaries?: readonly GatewayCanary[];
  /** Changes what is served, for what no snapshot asks for */
  readonly alter?: (resources: XdsResource[]) => XdsResource[];
}

/** `alice:secret` as an htpasswd entry of the explicit proxy. */
export const alice: ProxyCredential = {
  runId: "run-alice",
  agent: "alice",
  root: { traceId: "a11ce".padEnd(32, "0"), spanId: "a11ce".padEnd(16, "0") },
  passwordHash: "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=",
};

/** Proxy-Authorization of `alice`. */
export const aliceAuthorization = `Basic ${Buffer.from(`${proxyUserName(alice)}:secret`).toString("base64")}`;

/** Starts Envoy for the gateway; `publish()` comes next. */
export async function startRig(t: Pick<Test, "teardown">, gateway = "default/egress"): Promise<EnvoyRig> {
  const directory = await mkdtemp(path.join(tmpdir(), "clrk-rig-"));
  const [proxyPort, transparentPort] = [await freePort(), await freePort()];
  const verdicts = new VerdictQueue();
  const records: EgressRecord[] = [];
  const logLines: string[] = [];
  const { provider, askedNames } = testProvider();
  let served: GatewaySnapshot | undefined;
  let tried: GatewayCanary | undefined;
  const ads = new AdsServer({
    log: silentLogger,
    certificates: () => provider,
    onEvent: (event) => verdicts.add(event),
  });
  const join = new RecordJoin({
    clock: systemClock,
    log: silentLogger,
    onRecord: (record) => records.push(record),
  });
  const accessLogs = new AccessLogServer({
    log: silentLogger,
    onRecord: (record) => records.push(record),
    onEngineLine: (line) => join.addLine(line),
    findContext: () =>
      served && {
        gateway: served,
        revision: 1,
        ruleFacts: new Map([
          ...indexRuleFacts(served),
          ...(tried === undefined ? [] : indexRuleFacts(tried.gateway, tried.side)),
        ]),
        ...(tried !== undefined && { side: tried.side }),
        findAgent: (caller) => (caller === "" ? null : { ...nobody, name: caller }),
      },
  });
  const grpc = new Server();
  grpc.addService(aggregatedDiscoveryService, ads.handlers);
  grpc.addService(accessLogService, accessLogs.handlers);
  const controlSocket = path.join(directory, "ads.sock");
  await new Promise<void>((resolve, reject) => {
    grpc.bindAsync(`unix:${controlSocket}`, ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    );
  });
  const adminSocket = path.join(directory, "admin.sock");
  const envoy = new EnvoyProcess({
    binary: realEnvoy ?? "",
    gateway,
    controlSocket,
    adminSocket,
    maxConnections: 1_000,
    concurrency: 1,
    directory,
    clock: systemClock,
    log: collectingLogger(logLines),
  });
  t.teardown(async () => {
    await envoy.destroy();
    grpc.forceShutdown();
    join.close();
    await rm(directory, { recursive: true, force: true });
  });
  let revision = 0;
  const publish = async (snapshot: GatewaySnapshot, changes: RigPublication = {}) => {
    served = snapshot;
    tried = changes.canaries?.find(({ share }) => share !== undefined);
    revision++;
    const verdict = verdicts.next(revision);
    const ports = { proxyPort, transparentPort };
    ads.publish(gatewayKey(snapshot), publicationOf(snapshot, changes, { revision, ports }));
    if (revision === 1) await envoy.start();
    return await verdict;
  };
  return {
    envoy,
    directory,
    adminSocket,
    proxyPort,
    transparentPort,
    records,
    logLines,
    askedNames,
    addFacts: (facts) => join.addFacts(facts),
    publish,
  };
}

interface PublicationPlace {
  readonly revision: number;
  readonly ports: Pick<EnvoyRig, "proxyPort" | "transparentPort">;
}

function publicationOf(
  snapshot: GatewaySnapshot,
  changes: RigPublication,
  { revision, ports }: PublicationPlace,
): Publication {
  const { alter = (resources: XdsResource[]) => resources, accessLogPipe, canaries } = changes;
  const resources = xdsResources(snapshot, {
    explicit: { address: "127.0.0.1", port: ports.proxyPort },
    transparent: { address: "127.0.0.1", port: ports.transparentPort },
    runs: changes.runs ?? [alice],
    engineSockets: changes.engineSockets ?? [],
    ...(accessLogPipe !== undefined && { accessLogPipe }),
    ...(canaries !== undefined && { canaries }),
  });
  const credentials = Object.entries(changes.credentials ?? {}).map(
    ([name, value]) => [name, new SecretValue(value)] as const,
  );
  return {
    revision,
    resources: alter(resources),
    credentials: new Map(credentials),
    upstreamTrustPem: testCertificatePem,
  };
}

const nobody = { kind: "Process", namespace: "", uid: "", revision: "", invocationId: "" };

/** Waits, at most ten seconds, until `find` finds something. */
export async function eventually<Value>(find: () => Value | undefined): Promise<Value> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const found = find();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error("Nothing was found within 10 s");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A port that was free a moment ago, below the range from which the system gives ports to others meanwhile. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

class VerdictQueue {
  readonly #waiting = new Map<number, (verdict: Verdict) => void>();

  next(revision: number): Promise<Verdict> {
    return new Promise((resolve) => this.#waiting.set(revision, resolve));
  }

  add(event: AdsEvent): void {
    if (event.kind !== "live" && event.kind !== "rejected") return;
    this.#waiting.get(event.revision)?.(event);
  }
}

function testProvider(): { provider: CertificateProvider; askedNames: string[] } {
  const askedNames: string[] = [];
  const leaf = {
    certificateChainPem: testCertificatePem,
    privateKeyPem: testPrivateKeyPem,
    notAfterMs: Date.UTC(2100, 0, 1),
    version: "leaf-1",
  };
  const subscribers = new Set<(change: LeafChange) => void>();
  const provider: CertificateProvider = {
    find: async (serverName) => {
      askedNames.push(serverName);
      if (/^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/i.test(serverName)) return { kind: "leaf", leaf };
      return { kind: "refused", reason: "malformed-name", message: "Not a host name" };
    },
    forget: () => {},
    subscribe: (onChange) => {
      subscribers.add(onChange);
      return () => subscribers.delete(onChange);
    },
  };
  return { provider, askedNames };
}

function collectingLogger(lines: string[]): Logger {
  const log: Logger = {
    debug: () => {},
    info: (message) => lines.push(message),
    warn: (message) => lines.push(message),
    error: (message) => lines.push(message),
    child: () => log,
  };
  return log;
}
