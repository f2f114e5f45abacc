/**
 * A real Kubernetes API server (etcd and kube-apiserver) for tests: one binary, found or built once, on free loopback
 * ports, with its state in a folder of the test. It ends with the test.
 */
import { createHash, generateKeyPairSync, randomBytes } from "node:crypto";
import { access, constants, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { request as httpsRequest } from "node:https";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "./free-port.ts";
import type { ProcessOutcome, TestScope } from "./processes.ts";
import {
  RunningProcess,
  runProcess,
  startProcess,
  temporaryDirectory,
  waitUntil,
} from "./processes.ts";

/** From empty caches on two slow cores. */
const buildDeadlineMs = 20 * 60_000;

const startDeadlineMs = 60_000;

const kubectlDeadlineMs = 60_000;

/** Files whose content is the version of the binary, as `build.sh` computes it. */
const pinnedFiles = ["go.mod", "go.sum", "main.go"];

/** An answer of the API server. */
export interface KubeAnswer {
  readonly status: number;
  /** The JSON of the body, or its text where it is none */
  readonly body: unknown;
}

/** Runs kubectl with these words to its end, at most a minute. */
export type Kubectl = (
  words: readonly string[],
  options?: KubectlOptions,
) => Promise<ProcessOutcome>;

/** What kubectl gets besides its words. */
export interface KubectlOptions {
  /** Its standard input */
  readonly input?: string;
  /** Added to an environment of `PATH`, `HOME` and `KUBECONFIG` */
  readonly environment?: Readonly<Record<string, string>>;
  /** What happens while it runs, once its standard error shows that it is ready; then it is ended by SIGINT */
  readonly watch?: { readonly ready: RegExp; readonly during: () => Promise<void> };
}

/** A running API server; RBAC is on, and the token is an administrator's. */
export interface KubeApiServer {
  /** `https://127.0.0.1:port` */
  readonly url: string;
  readonly token: string;
  /** Path of a kubeconfig with the token */
  readonly kubeconfig: string;
  /** Runs the kubectl of the same version to its end, at most a minute. */
  readonly kubectl: Kubectl;
  /** Sends one request with the token; a body is sent as JSON unless `type` says otherwise. */
  request(
    method: string,
    path: string,
    content?: { readonly body: unknown; readonly type?: string },
  ): Promise<KubeAnswer>;
}

/** Test options that skip where there is no binary and no Go to build it. */
export async function needsKubekit(): Promise<{
  readonly program: string;
  readonly skip: string | false;
}> {
  const program = await findKubekit();
  return { program: program ?? "", skip: program === undefined ? "needs kubekit or go" : false };
}

/** The pinned kubectl, for a server of any sort whose kubeconfig is given; its caches end with the test. */
export async function openKubectl(scope: TestScope, kubeconfig: string): Promise<Kubectl> {
  const folder = temporaryDirectory(scope);
  return kubectlOf({ tools: await linkTools(folder), folder, kubeconfig });
}

/**
 * Starts one and resolves when it is ready; builds the binary where it is missing, which takes minutes.
 * `controllers` are those of kube-controller-manager that run beside it, such as `namespace-controller`; none when absent.
 */
export async function startKubeApiServer(
  scope: TestScope,
  { controllers = [] }: { readonly controllers?: readonly string[] } = {},
): Promise<KubeApiServer> {
  const folder = temporaryDirectory(scope);
  const tools = await linkTools(folder);
  const etcd = await startEtcd(scope, tools, folder);
  const port = await freePort();
  const token = randomBytes(16).toString("hex");
  const url = `https://127.0.0.1:${port}`;
  const kubeconfig = join(folder, "kubeconfig");
  await writeFile(kubeconfig, kubeconfigText(url, token), { mode: 0o600 });
  const server: KubeApiServer = {
    url,
    token,
    kubeconfig,
    kubectl: kubectlOf({ tools, folder, kubeconfig }),
    request: (method, path, content) => send(`${url}${path}`, token, { method, content }),
  };
  await startServer(scope, { tools, folder, port, token, etcd });
  await waitUntil(async () => (await server.request("GET", "/readyz")).status === 200, {
    deadlineMs: startDeadlineMs,
    what: "a kube-apiserver that is ready",
    intervalMs: 100,
  });
  if (controllers.length > 0) {
    startProcess(scope, {
      command: join(tools, "kube-controller-manager"),
      arguments: [
        ...["--kubeconfig", kubeconfig, "--controllers", controllers.join(",")],
        ...["--bind-address", "127.0.0.1", "--secure-port", "0", "--leader-elect=false"],
      ],
    });
  }
  return server;
}

function kubectlOf(place: { tools: string; folder: string; kubeconfig: string }): Kubectl {
  const { tools, folder, kubeconfig } = place;
  const own = { PATH: process.env["PATH"] ?? "", HOME: folder, KUBECONFIG: kubeconfig };
  return async (words, { input, environment = {}, watch } = {}) => {
    const options = {
      command: join(tools, "kubectl"),
      arguments: words,
      environment: { ...own, ...environment },
      ...(input !== undefined && { input }),
    };
    if (watch === undefined) return runProcess(options, kubectlDeadlineMs);
    const child = new RunningProcess(options);
    try {
      const limits = { deadlineMs: kubectlDeadlineMs, what: "a kubectl that watches" };
      await child.waitUntilReady(() => watch.ready.test(child.stderr), limits);
      await watch.during();
    } finally {
      child.signal("SIGINT");
    }
    const exit = await child.exited;
    return { ...exit, stdout: child.stdout, stderr: child.stderr, timedOut: false };
  };
}

async function startEtcd(scope: TestScope, tools: string, folder: string): Promise<string> {
  const client = `http://127.0.0.1:${await freePort()}`;
  const peer = `http://127.0.0.1:${await freePort()}`;
  const child = startProcess(scope, {
    command: join(tools, "etcd"),
    arguments: [
      ...["--data-dir", join(folder, "etcd"), "--unsafe-no-fsync", "--log-level", "info"],
      ...["--listen-client-urls", client, "--advertise-client-urls", client],
      ...["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer],
      ...["--initial-cluster", `default=${peer}`],
    ],
  });
  await child.waitUntilReady(() => /ready to serve client requests/.test(child.stderr), {
    deadlineMs: startDeadlineMs,
    what: "etcd that serves",
  });
  return client;
}

interface ServerOptions {
  readonly tools: string;
  readonly folder: string;
  readonly port: number;
  readonly token: string;
  readonly etcd: string;
}

async function startServer(scope: TestScope, options: ServerOptions): Promise<void> {
  const { tools, folder, port, token, etcd } = options;
  const tokens = join(folder, "tokens.csv");
  const key = join(folder, "service-account.key");
  const { privateKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
  });
  await writeFile(tokens, `${token},admin,admin,"system:masters"\n`, { mode: 0o600 });
  await writeFile(key, privateKey, { mode: 0o600 });
  const child = startProcess(scope, {
    command: join(tools, "kube-apiserver"),
    arguments: [
      ...["--etcd-servers", etcd, "--bind-address", "127.0.0.1", "--secure-port", String(port)],
      ...["--advertise-address", "10.0.0.1", "--endpoint-reconciler-type", "none"],
      ...["--cert-dir", join(folder, "certs"), "--service-cluster-ip-range", "10.96.0.0/16"],
      ...["--service-account-issuer", "https://kubernetes.default.svc"],
      ...["--service-account-key-file", key, "--service-account-signing-key-file", key],
      ...["--authorization-mode", "RBAC", "--token-auth-file", tokens],
      ...["--disable-admission-plugins", "ServiceAccount", "--enable-priority-and-fairness=false"],
    ],
  });
  await child.waitUntilReady(() => /Serving securely/.test(child.stderr), {
    deadlineMs: startDeadlineMs,
    what: "a kube-apiserver that listens",
  });
}

/** The binary does what its name says. */
async function linkTools(folder: string): Promise<string> {
  const program = await findKubekit();
  if (program === undefined) {
    throw new Error("Cannot start kube-apiserver: found neither kubekit nor go, set CLRK_KUBEKIT");
  }
  const tools = join(folder, "bin");
  await mkdir(tools);
  for (const name of ["etcd", "kube-apiserver", "kube-controller-manager", "kubectl"]) {
    await symlink(program, join(tools, name));
  }
  return tools;
}

function kubeconfigText(url: string, token: string): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "test", cluster: { server: url, "insecure-skip-tls-verify": true } }],
    users: [{ name: "admin", user: { token } }],
    contexts: [{ name: "test", context: { cluster: "test", user: "admin" } }],
    "current-context": "test",
  });
}

interface Sending {
  readonly method: string;
  readonly content: { readonly body: unknown; readonly type?: string } | undefined;
}

function send(url: string, token: string, { method, content }: Sending): Promise<KubeAnswer> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${token}`,
      accept: "application/json",
      ...(content !== undefined && { "content-type": content.type ?? "application/json" }),
    };
    // Its certificate is made by itself at every start, and the connection never leaves this machine.
    const outgoing = httpsRequest(url, { method, headers, rejectUnauthorized: false }, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (chunk: string) => {
        text += chunk;
      });
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, body: readBody(text) }));
      answer.on("error", reject);
    });
    outgoing.on("error", reject);
    outgoing.end(content === undefined ? undefined : JSON.stringify(content.body));
  });
}

function readBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Health checks answer in plain text.
    return text;
  }
}

/** The binary that `CLRK_KUBEKIT` names, or the pinned one of the tool cache, which is built where Go is. */
async function findKubekit(): Promise<string | undefined> {
  const { CLRK_KUBEKIT, XDG_CACHE_HOME, PATH = "" } = process.env;
  if (CLRK_KUBEKIT !== undefined && CLRK_KUBEKIT !== "") return CLRK_KUBEKIT;
  const source = join(dirname(fileURLToPath(import.meta.url)), "kubekit");
  const cache = join(XDG_CACHE_HOME ?? join(homedir(), ".cache"), "clrk", "kubekit");
  const program = join(cache, `kubekit-${await pin(source)}`);
  if (await isProgram(program)) return program;
  const folders = [...PATH.split(delimiter), "/usr/local/go/bin"];
  const go = await findProgram("go", folders);
  if (go === undefined) return undefined;
  const environment = { ...process.env, PATH: `${dirname(go)}${delimiter}${PATH}` };
  const outcome = await runProcess(
    {
      command: "bash",
      arguments: [join(source, "build.sh"), cache],
      environment: Object.fromEntries(
        Object.entries(environment).flatMap(([name, value]) =>
          value === undefined ? [] : [[name, value]],
        ),
      ),
    },
    buildDeadlineMs,
  );
  return outcome.exitCode === 0 ? program : undefined;
}

async function pin(source: string): Promise<string> {
  const hash = createHash("sha256");
  for (const name of pinnedFiles) hash.update(await readFile(join(source, name)));
  return hash.digest("hex").slice(0, 16);
}

async function findProgram(name: string, folders: readonly string[]): Promise<string | undefined> {
  for (const folder of folders) if (await isProgram(join(folder, name))) return join(folder, name);
  return undefined;
}

function isProgram(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
