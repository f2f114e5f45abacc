/**
 * The control process: the API server with its store. Prints one JSON line when it listens, or one that says why it
 * cannot, and logs JSON lines to standard error.
 */
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { systemClock } from "../gateway/clock.ts";
import type { Clock } from "../gateway/clock.ts";
import { ClrkError, describeError } from "../gateway/errors.ts";
import type { FolderLock } from "../gateway/folder-lock.ts";
import { tryTakeFolder } from "../gateway/folder-lock.ts";
import { homeDirectory, openHomeDirectory } from "../gateway/home-directory.ts";
import { createLogger } from "../gateway/log.ts";
import { installProviderPlugins } from "../gateway/plugin-loader.ts";
import { endOnSignals } from "../gateway/process-life.ts";
import { StartMemory } from "../gateway/start-memory.ts";
import { version } from "../gateway/version.ts";
import { allResources } from "./apiserver/all-resources.ts";
import { openApiServer } from "./apiserver/api-server.ts";
import { writeKubeconfig } from "./apiserver/kubeconfig.ts";
import { openObjectStore } from "./apiserver/object-store.ts";
import { openServingCertificate } from "./apiserver/serving-certificate.ts";
import type { TokenEntry } from "./apiserver/token-file.ts";
import { createTokenAuthenticator, openTokenFile } from "./apiserver/token-file.ts";
import { parseControlOptions } from "./control-options.ts";
import { openControlServices } from "./control-services.ts";
import { ObjectFlow } from "./objects/object-flow.ts";
import { writeReports } from "./process-report.ts";
import type { Reporter } from "./process-report.ts";
import { QuietMemory } from "./quiet-memory.ts";

await main(process.argv.slice(2)).catch((error: unknown) => {
  const message = error instanceof ClrkError ? error.expose : describeError(error);
  process.stdout.write(`${JSON.stringify({ kind: "failed", message })}\n`);
  process.exit(1);
});

async function main(args: readonly string[]): Promise<void> {
  // The YAML library prints whole documents, Secrets included, when it sees these.
  for (const name of ["LOG_STREAM", "LOG_TOKENS"]) delete process.env[name];
  const options = parseControlOptions(args);
  await installProviderPlugins(options.providers, { from: process.cwd() });
  const log = createLogger({ level: options.logLevel });
  const clock = systemClock;
  const home = homeDirectory(process.env);
  await openHomeDirectory(home);
  const folder = path.join(home.root, "control");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const lock = takeFolder(folder);
  const tokens = await openTokenFile(path.join(folder, "tokens"));
  const certificate = await openServingCertificate(path.join(folder, "serving.pem"), clock.now());
  const store = openObjectStore({ file: path.join(folder, "objects.db") });
  let flow: ObjectFlow | undefined;
  const services = await openControlServices({
    ...{ home, folder, store, clock, log },
    deleted: () => flow?.deleted ?? [],
    ...{ nats: options, telemetry: options, version, restarts: options.restarts },
  });
  const server = await openApiServer({
    store,
    certificate,
    clock,
    log,
    version,
    resources: [...allResources(), ...services.resources],
    connected: services.connected,
    pages: services.pages,
    authenticate: createTokenAuthenticator(tokens),
    address: options.address,
    port: options.port,
  });
  const host = options.address.includes(":") ? `[${options.address}]` : options.address;
  const url = `https://${host}:${server.port}`;
  const kubeconfig = options.kubeconfig ?? path.join(home.root, "kubeconfig");
  const write = (file: string, { name, token }: TokenEntry) =>
    writeKubeconfig(file, {
      server: url,
      authorityPem: certificate.authorityPem,
      user: name,
      token,
    });
  await write(kubeconfig, firstOf(tokens, "admin"));
  const viewer = tokens.find(({ role }) => role === "viewer");
  if (viewer !== undefined) await write(`${kubeconfig}-viewer`, viewer);

  const feed = path.join(folder, "feed.sock");
  const { paths } = options;
  flow = new ObjectFlow({
    ...{ store, socketPath: feed, paths, clock, log },
    rolloutFolder: path.join(home.root, "rollout"),
    rolloutSocket: path.join(folder, "rollout.sock"),
  });
  await flow.open();

  let stopReports = () => {};
  const close = async () => {
    stopReports();
    await Promise.all([server.close(), flow?.close()]);
    await services.close();
    store.close();
    lock.release();
  };
  endOnSignals({ close, exitsWithParent: options.exitsWithParent, log });
  const listening = { kind: "listening", url, kubeconfig, feed, pid: process.pid };
  process.stdout.write(`${JSON.stringify(listening)}\n`);
  services.start();
  // Its compilers stay as thrifty as at the start: what it does is seldom worth more.
  new StartMemory(clock).settle();
  new QuietMemory(clock).start();
  if (options.reports) stopReports = tellReports(services.report, clock);
}

function tellReports(report: Reporter, clock: Clock): () => void {
  // Whoever read them is gone, and may have left us to go on.
  process.stdout.on("error", () => {});
  const write = (line: string, onTaken: () => void) => void process.stdout.write(line, onTaken);
  return writeReports(report, { clock, write });
}

function takeFolder(folder: string): FolderLock {
  const lock = tryTakeFolder(folder, process.pid);
  if (lock.kind === "held") return lock;
  const message = `Cannot serve objects in "${folder}": process ${lock.by} does already; stop it, or set CLRK_HOME to another folder`;
  throw new ClrkError("CLRK_PRECONDITION_FAILED", message, { expose: message });
}

function firstOf(tokens: readonly TokenEntry[], role: TokenEntry["role"]): TokenEntry {
  const found = tokens.find((entry) => entry.role === role);
  if (found !== undefined) return found;
  throw new ClrkError("CLRK_INTERNAL", `Cannot write kubeconfig: no token of role "${role}"`);
}
