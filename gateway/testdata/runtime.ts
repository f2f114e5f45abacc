/** Gateway runtimes for tests: a script or the real Envoy behind our ADS server, and certificates that count. */
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import type { Test } from "tap";
import type { AdsEvent } from "../ads-server.ts";
import { AdsServer } from "../ads-server.ts";
import { systemClock } from "../clock.ts";
import type { GatewayCertificates, GatewayRuntimeOptions } from "../gateway-runtime.ts";
import { GatewayRuntime } from "../gateway-runtime.ts";
import { silentLogger } from "../log.ts";
import { aggregatedDiscoveryService } from "../proto/discovery-service.ts";
import type { GatewaySnapshot } from "../snapshot.ts";
import { gatewayKey } from "../snapshot.ts";
import { testCertificatePem } from "./leaf.ts";
import { temporaryDirectory, writeScript } from "./processes.ts";

/** What a workshop makes. */
export interface RuntimeWorkshop {
  readonly ads: AdsServer;
  readonly runtimes: GatewayRuntime[];
  readonly events: AdsEvent[];
  /** What certificates were asked: `update`, `close` */
  readonly certificateCalls: string[];
  readonly directory: string;
  create(gateway: GatewaySnapshot, changes?: Partial<GatewayRuntimeOptions>): Promise<GatewayRuntime>;
}

/** Makes runtimes whose Envoy is `binary`, by default a script that only lives. */
export async function openWorkshop(t: Test, binary?: string): Promise<RuntimeWorkshop> {
  const directory = await temporaryDirectory(t);
  const program = binary ?? (await writeScript(directory, ["exec sleep 60"]));
  const runtimes: GatewayRuntime[] = [];
  const events: AdsEvent[] = [];
  const certificateCalls: string[] = [];
  const ads = new AdsServer({
    log: silentLogger,
    certificates: () => undefined,
    onEvent: (event) => {
      events.push(event);
      const { gateway } = event;
      runtimes.find((runtime) => gatewayKey(runtime.gateway) === gateway)?.onAdsEvent(event);
    },
  });
  const grpc = new Server();
  grpc.addService(aggregatedDiscoveryService, ads.handlers);
  const controlSocket = path.join(directory, "ads.sock");
  await new Promise<void>((resolve, reject) => {
    grpc.bindAsync(`unix:${controlSocket}`, ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    );
  });
  t.teardown(async () => {
    await Promise.all(runtimes.map((runtime) => runtime.close(0)));
    grpc.forceShutdown();
  });
  const create = async (gateway: GatewaySnapshot, changes: Partial<GatewayRuntimeOptions> = {}) => {
    const own = path.join(directory, `g${runtimes.length}`);
    await mkdir(own, { recursive: true, mode: 0o700 });
    const runtime = new GatewayRuntime(gateway, {
      ads,
      envoyBinary: program,
      concurrency: 1,
      directory: own,
      controlSocket,
      certificates: testCertificates(certificateCalls),
      explicitProxy: { address: "127.0.0.1", port: 0 },
      transparent: undefined,
      engineSockets: [],
      connections: { downstream: 100, upstream: 100 },
      publicRootsPem: testCertificatePem,
      log: silentLogger,
      clock: systemClock,
      ...changes,
    });
    runtimes.push(runtime);
    return runtime;
  };
  return { ads, runtimes, events, certificateCalls, directory, create };
}

/** Certificates that refuse every name. */
export function testCertificates(calls: string[] = []): GatewayCertificates {
  return {
    provider: {
      find: async () => ({ kind: "refused", reason: "not-intercepted", message: "No" }),
      forget: () => {},
      subscribe: () => () => {},
    },
    trust: { bundle: "/trust/bundle.pem", directory: "/trust/certs" },
    directory: "/ca",
    counts: () => ({ minted: 1, live: 2, refused: 3 }),
    update: async () => void calls.push("update"),
    close: async () => void calls.push("close"),
  };
}
