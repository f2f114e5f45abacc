/**
 * The gateway process: Envoy's parent, with ADS, certificates, records and the control socket. Prints one JSON line
 * when it listens, or one that says why it cannot, and logs JSON lines to standard error.
 */

import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import { openFilesLimit } from "./connection-bounds.ts";
import { availableParallelism } from "node:os";
import path from "node:path";
import { openAuthority } from "../certs/authority.ts";
import { createMintingCeiling } from "../certs/minting-ceiling.ts";
import { createCertificateProvider } from "../certs/provider.ts";
import { createTrustBundle, readPublicRoots } from "../certs/trust-bundle.ts";
import { writeTrustBundle } from "../certs/trust-directory.ts";
import { openEngine } from "../extproc/server.ts";
import { systemClock } from "./clock.ts";
import { findEnvoy } from "./envoy-binary.ts";
import { ClrkError, describeError } from "./errors.ts";
import { gatewayIdentity } from "./gateway-identity.ts";
import { GatewayProcess } from "./gateway-process.ts";
import type { GatewayCertificates } from "./gateway-runtime.ts";
import type { HomeDirectory } from "./home-directory.ts";
import {
  findGatewayProcesses,
  homeDirectory,
  openHomeDirectory,
  openRunDirectory,
} from "./home-directory.ts";
import { invocationTraceKey } from "./invocation-trace.ts";
import { withoutLauncher } from "./launcher-environment.ts";
import type { Logger } from "./log.ts";
import { createLogger } from "./log.ts";
import { openNatsLimitStore } from "./nats-limit-store.ts";
import { readNatsServers } from "./nats-options.ts";
import { openPlaceholderKey } from "./placeholder-key.ts";
import { installProviderPlugins } from "./plugin-loader.ts";
import { readPriceFile } from "./price-file.ts";
import { endOnSignals } from "./process-life.ts";
import { parseProcessOptions } from "./process-options.ts";
import { parseSecretFlag } from "./secret-flag.ts";
import { joinSecretSpecs } from "./secret-spec.ts";
import { readSecretsFile } from "./secrets-file.ts";
import { telemetryTokenKey } from "./telemetry-token.ts";
import type { GatewaySnapshot } from "./snapshot.ts";
import { gatewayKey } from "./snapshot.ts";

/** Threads of Envoy; its own default of one for each core leaves none for the agents on a small machine. */
const defaultConcurrency = Math.max(1, Math.min(4, Math.floor(availableParallelism() / 2)));

/** Threads of the engine: it takes a third of Envoy's time, and one thread that is busy wakes up less often than two. */
const defaultEngineThreads = Math.max(1, Math.min(16, Math.floor(availableParallelism() / 2)));

/** Minting costs 40 µs: this is a tenth of a core at most, far above what honest agents ask for. */
const ceiling = { perSecond: 2_000, burst: 5_000 };

await main(process.argv.slice(2)).catch((error: unknown) => {
  const message = error instanceof ClrkError ? error.expose : describeError(error);
  process.stdout.write(`${JSON.stringify({ kind: "failed", message })}\n`);
  process.exit(1);
});

async function main(args: readonly string[]): Promise<void> {
  // The YAML library prints whole documents, Secrets included, when it sees these.
  for (const name of ["LOG_STREAM", "LOG_TOKENS"]) delete process.env[name];
  const options = parseProcessOptions(args, {
    concurrency: defaultConcurrency,
    engineThreads: defaultEngineThreads,
  });
  const plugins = await installProviderPlugins(options.providers, { from: process.cwd() });
  const clock = systemClock;
  const log = createLogger({ level: options.logLevel });
  const home = homeDirectory(process.env);
  await openHomeDirectory(home);
  const others = await findGatewayProcesses(home);
  const envoy = await findEnvoy({ env: process.env });
  if (envoy.kind !== "found") {
    throw new ClrkError("CLRK_ENVOY_NOT_FOUND", envoy.message, { expose: envoy.message });
  }
  const publicRoots = readPublicRoots().certificatesPem;
  const mintingCeiling = createMintingCeiling({ clock, ...ceiling });
  const runDirectory = await openRunDirectory(home, process.pid);
  const placeholderKey = await openPlaceholderKey(home.placeholderKey);
  const nats = await readNatsServers(options);
  const replica = randomBytes(12).toString("hex");
  const gateway = new GatewayProcess({
    options,
    plugins,
    envoy,
    runDirectory,
    recordsDirectory: home.records,
    recordsName: others.length === 0 ? "records" : `records-${process.pid}`,
    spoolDirectory: home.otlpSpool,
    budgetsDirectory: home.budgets,
    grantsDirectory: home.grants,
    prices: await readPriceFile(home.prices),
    ...(nats !== undefined && { limitStore: openNatsLimitStore({ ...nats, replica, clock, log }) }),
    placeholderKey,
    traceKey: invocationTraceKey(placeholderKey),
    telemetryKey: telemetryTokenKey(placeholderKey),
    gatewayProcess: gatewayIdentity(home.root, process.pid),
    openFiles: openFilesLimit(),
    publicRootsPem: publicRoots.join(""),
    secrets: joinSecretSpecs(
      options.secrets.map(parseSecretFlag),
      await readSecretsFile(home.secrets),
    ),
    openCertificates: (snapshot) =>
      openCertificates(snapshot, { home, publicRoots, mintingCeiling, log }),
    openEngine,
    env: withoutLauncher(process.env),
    log,
    clock,
    onStopRequest: () => stop(),
  });
  const close = async () => {
    await gateway.close();
    await rm(runDirectory, { recursive: true, force: true });
  };
  const stop = endOnSignals({ close, exitsWithParent: options.exitsWithParent, log });
  await gateway.open();
  const listening = { kind: "listening", controlSocket: gateway.controlSocket, pid: process.pid };
  process.stdout.write(`${JSON.stringify(listening)}\n`);
}

interface CertificateParts {
  readonly home: HomeDirectory;
  readonly publicRoots: readonly string[];
  readonly mintingCeiling: ReturnType<typeof createMintingCeiling>;
  readonly log: Logger;
}

async function openCertificates(
  gateway: GatewaySnapshot,
  { home, publicRoots, mintingCeiling, log }: CertificateParts,
): Promise<GatewayCertificates> {
  const folder = `${gateway.namespace}_${gateway.name}`;
  const directory = path.join(home.authorities, folder);
  const onError = (error: unknown) => log.error("Certificates", { error: describeError(error) });
  const authority = await openAuthority({
    directory,
    egressGateway: gatewayKey(gateway),
    clock: systemClock,
    onError,
  });
  let intercepted = interceptsTls(gateway);
  const provider = createCertificateProvider({
    authority,
    ceiling: mintingCeiling,
    clock: systemClock,
    onError,
    interceptsName: () => intercepted,
  });
  let extraPem = gateway.upstream.additionalTrustPem;
  const writeTrust = () =>
    writeTrustBundle(
      path.join(home.trust, folder),
      createTrustBundle({
        authoritiesPem: authority.trustAnchorsPem(),
        publicRootsPem: publicRoots,
        ...(extraPem !== "" && { extraPem }),
      }),
    );
  const { bundlePath, certsPath } = await writeTrust();
  authority.subscribe(() => void writeTrust().catch(onError));
  return {
    provider,
    trust: { bundle: bundlePath, directory: certsPath },
    directory,
    counts: () => {
      const { minted, hits, liveNames: live, refused } = provider.stats();
      return { minted, hits, live, refused: Object.values(refused).reduce((a, b) => a + b, 0) };
    },
    update: async (next) => {
      intercepted = interceptsTls(next);
      provider.recheck();
      if (next.upstream.additionalTrustPem === extraPem) return;
      extraPem = next.upstream.additionalTrustPem;
      await writeTrust();
    },
    close: async () => {
      await provider.close();
      await authority.close();
    },
  };
}

function interceptsTls({ listeners }: GatewaySnapshot): boolean {
  return listeners.some(({ shape }) => shape === "tls-terminate" || shape === "https");
}
