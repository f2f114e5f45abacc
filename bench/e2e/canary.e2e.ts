/**
 * Secrets with recognisable values, followed through everything that anybody can read: output, logs, records, exports,
 * the control socket, Envoy's own dumps, process lists and files. They stand where they must and nowhere else.
 */
import { createPrivateKey } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { Server } from "node:http";
import { join, relative } from "node:path";
import { gunzipSync } from "node:zlib";
import t from "tap";
import { CONTROL_PATH } from "../../gateway/control-api.ts";
import { adminPages, askAdmin } from "../harness/admin-client.ts";
import { requestThrough } from "../harness/agent-requests.ts";
import { openThroughProxy } from "../harness/connect-proxy-client.ts";
import { askControl, followEvents } from "../harness/control-client.ts";
import { createFakeProvider } from "../harness/fake-provider.ts";
import { launchGateway } from "../harness/gateway-launch.ts";
import {
  allowHosts,
  gatewayManifest,
  headerCredential,
  objectManifest,
} from "../harness/gateway-manifests.ts";
import { descendants, listProcesses, startEnvironment } from "../harness/process-table.ts";
import { runProcess, temporaryDirectory, waitUntil } from "../harness/processes.ts";
import { formsOf } from "../harness/secret-forms.ts";
import { startUpstreams } from "../harness/upstreams.ts";

/** Each is found in its plain and its usual encoded forms. */
const canaries = {
  fromEnvironment: "canary-env-8f1b6f0e2d",
  fromFile: "canary-file-51c07ad9e4",
  ofBlanks: "  canary-blank-6e2a91",
  ofReceiver: "canary-otlp-0a5d7e33b1",
  inHeader: "canary-header-77c2d9f0",
  inPrefix: "canary-prefix-1d40aa",
  awsId: "AKIACANARY0123456789",
  awsKey: "canary-aws-key-9b3f5c21",
  inBrokenFile: "canary-broken-4c8e1f27",
  inWrongKind: "canary-kind-b05d9c61",
  inNotBase64: "canary-base64 !? 3e7f",
  inAnnotation: "canary-annotation-92af",
} as const;

const upstreams = await startUpstreams(t, { tlsHosts: ["env.test", "file.test", "blank.test"] });
const faulty = await createFakeProvider({
  certificate: upstreams.authority.issueBad(["faulty.test"], "expired"),
  openAiKey: "unused",
  anthropicKey: "unused",
});
t.teardown(() => faulty.close());
const exported: Buffer[] = [];
const receiver = createServer((incoming, response) => {
  const chunks: Buffer[] = [];
  incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
  incoming.once("end", () => {
    const body = Buffer.concat(chunks);
    exported.push(incoming.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body);
    exported.push(
      Buffer.from(`key: ${incoming.headers["x-receiver-key"] === canaries.ofReceiver}`),
    );
    response.writeHead(200, { "content-type": "application/json" }).end("{}");
  });
});
const receiverPort = await listen(receiver);
t.teardown(() => receiver.close());

const root = temporaryDirectory(t);
const home = join(root, "home");
const policy = join(root, "policy");
mkdirSync(policy);
writePolicy("gateway.yaml", [
  gatewayManifest({
    ...upstreams,
    aliases: [...upstreams.aliases, { port: faulty.port, hostnames: ["faulty.test"] }],
    spec: {
      otlp: {
        endpoint: `http://127.0.0.1:${receiverPort}`,
        headers: { "x-receiver-key": canaries.ofReceiver },
      },
    },
  }),
]);
writePolicy("routes.yaml", [
  ...["env", "file", "blank", "faulty"].map((name) => allowHosts(name, [`${name}.test`])),
  objectManifest("EgressHTTPRoute", "signed", {
    hostnames: ["bedrock-runtime.eu-west-1.amazonaws.com"],
    rules: [
      {
        filters: [
          {
            type: "RequestHeaderModifier",
            requestHeaderModifier: { set: [{ name: "x-team-key", value: canaries.inHeader }] },
          },
        ],
      },
    ],
  }),
]);
writePolicy("policies.yaml", [
  credential("from-env", "env", ""),
  credential("from-file", "file", `${canaries.inPrefix} `),
  credential("of-blanks", "blank", ""),
  credential("from-file", "faulty", ""),
  objectManifest("CredentialInjectionPolicy", "signed", {
    targetRefs: [{ group: "clrk.apoxy.dev", kind: "EgressHTTPRoute", name: "signed" }],
    secretRef: { name: "aws" },
    target: "ProviderAuth",
    providerAuth: { type: "AWSv4" },
  }),
]);
writePolicy("secrets.yaml", [
  secret("from-file", { token: canaries.fromFile }, { note: canaries.inAnnotation }),
  secret("of-blanks", { token: canaries.ofBlanks }),
  secret("aws", { access_key_id: canaries.awsId, secret_access_key: canaries.awsKey }),
]);

const gateway = await launchGateway(t, {
  home,
  paths: [policy],
  args: ["--log-level", "debug", "--secret", "from-env=CANARY_VARIABLE"],
  environment: { CANARY_VARIABLE: canaries.fromEnvironment },
});
await waitUntil(async () => (await gateway.status()).gateways[0]?.ready, {
  deadlineMs: 10_000,
  what: "ready gateway",
});
const events: unknown[] = [];
t.teardown(await followEvents(gateway.controlSocket, (event) => events.push(event)));
const run = await gateway.registerRun("observed");
const proxyToken = atob(run.authorization.replace("Basic ", "")).replace(/^[^:]*:/, "");
const bodies: string[] = [];
await act();

t.test(
  "the real values are in use, so that their absence elsewhere means something",
  async (test) => {
    const seen = upstreams.tls.requests.map(({ headers }) => headers["x-upstream-key"]);
    test.ok(seen.includes(canaries.fromEnvironment));
    test.ok(seen.includes(`${canaries.inPrefix} ${canaries.fromFile}`));
    const texts = exported.map((bytes) => bytes.toString("latin1"));
    test.ok(texts.includes("key: true"), "the receiver's key reaches the receiver");
    test.ok(texts.some((text) => text.includes("env.test")));
    test.match(await gateway.status(), { gateways: [{ ready: true }] });
  },
);

t.test("no output, log, event, record, export or error body holds a secret", async (test) => {
  const surfaces = {
    output: gateway.output,
    events: JSON.stringify(events),
    records: readdirSync(join(home, "records"))
      .map((name) => readFileSync(join(home, "records", name), "utf8"))
      .join("\n"),
    exports: Buffer.concat(exported).toString("latin1"),
    bodies: bodies.join("\n"),
  };
  test.match(surfaces.records, /env\.test/);
  test.match(surfaces.output, /"level":"debug"/);
  for (const [name, text] of Object.entries(surfaces)) test.same(findSecrets(text), [], name);
});

t.test("no answer on the control socket holds a secret", async (test) => {
  const paths = [
    CONTROL_PATH.status,
    CONTROL_PATH.objects,
    `${CONTROL_PATH.objects}?kind=Secret`,
    `${CONTROL_PATH.objects}?kind=EgressGateway`,
    "/v1/unknown",
  ] as const;
  for (const path of paths) {
    const { value } = await askControl(gateway.controlSocket, `GET ${path}`);
    test.same(findSecrets(JSON.stringify(value)), [], path);
  }
});

t.test("no dump of Envoy's admin interface holds a secret", async (test) => {
  const [socketPath = ""] = (await gateway.status()).gateways.map((it) => it.envoy.adminSocket);
  for (const path of adminPages) {
    const text = await askAdmin(socketPath, path);
    const expected = path.startsWith("/config_dump?include") ? ["inHeader", "inPrefix"] : [];
    // Texts of objects stand in routes: what is to stay secret belongs in a Secret.
    test.same(
      findSecrets(text).filter((name) => !expected.includes(name)),
      [],
      path,
    );
  }
});

t.test("no process shows a secret in its arguments, nor Envoy in its environment", async (test) => {
  const ours = [gateway.pid, ...descendants(gateway.pid)];
  const processes = listProcesses().filter(({ pid }) => ours.includes(pid));
  test.equal(processes.length, ours.length);
  for (const { command } of processes) test.same(findSecrets(command.join(" ")), []);
  for (const pid of descendants(gateway.pid)) {
    test.same(startEnvironment(pid), [], "Envoy inherits nothing");
  }
});

t.test("an agent's environment holds its proxy token and no other secret", async (test) => {
  const launcher = join(import.meta.dirname, "../../bin/clrk.mjs");
  const { PATH, HOME } = process.env;
  const outcome = await runProcess(
    {
      command: process.execPath,
      arguments: [launcher, "run", "--agent", "observed", "--", "env"],
      environment: { ...(PATH && { PATH }), ...(HOME && { HOME }), CLRK_HOME: home },
    },
    10_000,
  );
  test.match(outcome, { exitCode: 0, timedOut: false });
  test.match(outcome.stdout, /^HTTPS_PROXY=http:\/\/run-/m);
  test.same(findSecrets(outcome.stdout), []);
  test.same(findSecrets(outcome.stderr), []);
});

t.test(
  "files with secrets are for their user alone, and so is every folder around them",
  async (test) => {
    const wide = filesBelow(root)
      .filter(({ path }) => path.startsWith(home))
      .filter(({ mode, isDirectory }) => (mode & 0o777) !== (isDirectory ? 0o700 : 0o600))
      .map(({ path, mode }) => `${relative(home, path)} ${(mode & 0o777).toString(8)}`);
    // What agents are to trust is public.
    test.same(
      wide.filter((text) => !text.startsWith("trust")),
      [],
    );
    const holders = filesBelow(home)
      .filter(({ isFile }) => isFile)
      .filter(({ path }) => findSecrets(readFileSync(path, "latin1")).length > 0)
      .map(({ path }) => relative(home, path).replace(/^run\/\d+\//, ""));
    test.same(
      holders.filter(
        (path) => !/^(ca\/default_egress\/authority-1\.pem|g0\/aws\/[^/]+)$/.test(path),
      ),
      [],
    );
  },
);

t.test("a stop takes the files with credentials along", async (test) => {
  process.kill(gateway.pid, "SIGTERM");
  await gateway.waitUntilGone(3_000);
  const left = filesBelow(home)
    .filter(({ isFile }) => isFile)
    .filter(({ path }) => findSecrets(readFileSync(path, "latin1")).length > 0)
    .map(({ path }) => relative(home, path));
  test.same(left, ["ca/default_egress/authority-1.pem"]);
  test.same(findSecrets(gateway.output), [], "last words");
});

/** Everything that could make some part print what it holds. */
async function act(): Promise<void> {
  const hosts = ["env.test", "file.test", "blank.test", "faulty.test", "unlisted.test"];
  const urls = [
    ...hosts.map((host) => `https://${host}/bytes/10?key=public`),
    "https://bedrock-runtime.eu-west-1.amazonaws.com/model/x/invoke",
    "http://env.test/bytes/10",
  ];
  for (const url of urls) bodies.push((await requestThrough(run, url)).text);
  const refused = await openThroughProxy(run.proxy, {
    target: "env.test:443",
    authorization: `${run.authorization}x`,
  });
  if (refused.kind === "refused") bodies.push(refused.body);
  const mistakes: readonly string[] = [
    `kind: Secret\nstringData:\n  token: ${canaries.inBrokenFile}\n : [`,
    `apiVersion: v1\nkind: Secrets\nmetadata: {name: x}\nstringData: {token: ${canaries.inWrongKind}}`,
    `apiVersion: v1\nkind: Secret\nmetadata: {name: x}\ndata: {token: "${canaries.inNotBase64}"}`,
    `apiVersion: v1\nkind: Secret\nmetadata: {name: x}\nstringData: [${canaries.inBrokenFile}]`,
    `apiVersion: v1\nkind: Secret\nmetadata: {name: x}\nstringData: {token: {deep: ${canaries.inBrokenFile}}}`,
    `apiVersion: v1\nkind: Secret\nmetadata: {name: x}\ntoken: ${canaries.inBrokenFile}`,
    `apiVersion: v1\nkind: Secret\nmetadata: {name: x}\nstringData: {token: ${canaries.inBrokenFile}, token: b}`,
    `apiVersion: v1\nkind: Secret\nmetadata: {name: x}\nstringData: {token: "${canaries.inBrokenFile}`,
    `apiVersion: v1\nkind: Secret\nmetadata: {name: x}\nstringData: {token: *${canaries.inBrokenFile}}`,
    `apiVersion: v1\nkind: Secret\nmetadata: {name: x}\nstringData: {token: !${canaries.inBrokenFile} x}`,
  ];
  for (const [index, text] of mistakes.entries()) {
    writePolicy("mistake.yaml", [text]);
    await waitUntil(async () => (await gateway.status()).problems.length > 0, {
      deadlineMs: 10_000,
      what: `problem ${index}`,
    });
    events.push(await gateway.status());
    writePolicy("mistake.yaml", [""]);
    await waitUntil(async () => (await gateway.status()).problems.length === 0, {
      deadlineMs: 10_000,
      what: `end of problem ${index}`,
    });
  }
  const [envoy] = (await gateway.status()).gateways.map((it) => it.envoy.pid);
  if (envoy !== undefined) process.kill(envoy, "SIGKILL");
  await waitUntil(
    async () => (await requestThrough(run, "https://env.test/bytes/10")).status === 200,
    { deadlineMs: 20_000, what: "answer after the end of Envoy" },
  );
  await waitUntil(() => exported.some((bytes) => bytes.includes("faulty.test")), {
    deadlineMs: 10_000,
    what: "export of the records",
  });
}

/** Names of the secrets that a text holds, in any of their usual forms. */
function findSecrets(text: string): string[] {
  const authorities = join(home, "ca");
  const keys = filesBelow(authorities)
    .filter(({ isFile }) => isFile)
    .flatMap(({ path }) => keyTexts(readFileSync(path, "utf8")));
  const secrets = [
    ...Object.entries(canaries),
    ["proxyToken", proxyToken] as const,
    ...keys.map((key) => ["authorityKey", key] as const),
  ];
  const found = secrets.filter(([, value]) =>
    formsOf(value.trim()).some((it) => text.includes(it)),
  );
  return [...new Set(found.map(([name]) => name))];
}

/** Lines of a private key, and its scalar. */
function keyTexts(pem: string): string[] {
  const [key] = /-----BEGIN PRIVATE KEY-----[\s\S]*?-----END PRIVATE KEY-----/.exec(pem) ?? [];
  if (key === undefined) return [];
  const { d = "" } = createPrivateKey(key).export({ format: "jwk" });
  const lines = key.split("\n").filter((line) => line.length > 40 && !line.startsWith("-----"));
  // The first line is the same in all keys of the kind for its most part: its end is not.
  return [...lines.map((line) => line.slice(-32)), d, Buffer.from(d, "base64url").toString("hex")];
}

function filesBelow(directory: string) {
  return readdirSync(directory, { recursive: true, encoding: "utf8" }).map((name) => {
    const path = join(directory, name);
    const stats = statSync(path);
    return { path, mode: stats.mode, isFile: stats.isFile(), isDirectory: stats.isDirectory() };
  });
}

function credential(name: string, route: string, valuePrefix: string): string {
  return headerCredential({
    secret: name,
    route: { kind: "EgressHTTPRoute", name: route },
    headerName: "x-upstream-key",
    ...(valuePrefix !== "" && { valuePrefix }),
  });
}

function secret(
  name: string,
  stringData: Readonly<Record<string, string>>,
  annotations: Readonly<Record<string, string>> = {},
): string {
  const metadata = { name, annotations };
  return `---\n${JSON.stringify({ apiVersion: "v1", kind: "Secret", metadata, stringData })}\n`;
}

function writePolicy(name: string, texts: readonly string[]): void {
  writeFileSync(join(policy, name), texts.join("\n"));
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return address !== null && typeof address === "object" ? address.port : 0;
}
