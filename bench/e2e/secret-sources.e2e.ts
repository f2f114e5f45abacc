/**
 * Secrets from files, mounted folders and commands, rotated while agents ask: an upstream that checks the key sees the
 * new one within a second, no request is lost, what cannot be read stays, and what was never there refuses.
 */
import { createServer } from "node:https";
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { requestThrough } from "../harness/agent-requests.ts";
import { createFakeProvider } from "../harness/fake-provider.ts";
import { startGateway } from "../harness/gateway.ts";
import {
  allowHosts,
  gatewayManifest,
  headerCredential,
  objectManifest,
} from "../harness/gateway-manifests.ts";
import { startLoad } from "../harness/load-loop.ts";
import { temporaryDirectory, waitUntil } from "../harness/processes.ts";
import { anthropicKey, openAiKey } from "../harness/upstreams.ts";
import { createUpstreamAuthority } from "../harness/upstream-authority.ts";

/** What an operator is promised. */
const inUseMs = 1_000;
const requestsUnderLoad = 300;
const keyHeader = "x-upstream-key";
const names = ["file", "mount", "command", "expiring", "failing", "missing"] as const;
type Name = (typeof names)[number];

/** An upstream that answers 401 to any key but those that it knows at the moment. */
const known = new Map<Name, Set<string>>(names.map((name) => [name, new Set()]));
const seen: { readonly name: string; readonly key: string; readonly atMs: number }[] = [];
const authority = createUpstreamAuthority();
const certificate = authority.issue(names.map(hostOf));
const upstream = createServer(
  { cert: certificate.certificatePem, key: certificate.privateKeyPem },
  (request, response) => {
    const name = names.find((one) => hostOf(one) === request.headers.host);
    const key = String(request.headers[keyHeader] ?? "");
    seen.push({ name: name ?? "", key, atMs: performance.now() });
    const isKnown = name !== undefined && known.get(name)?.has(key) === true;
    request.resume();
    response.writeHead(isKnown ? 200 : 401, { "content-type": "text/plain" }).end("done\n");
  },
);
await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
t.teardown(() => upstream.close());
const models = await createFakeProvider({
  certificate: authority.issue(["api.openai.com"]),
  ...{ openAiKey, anthropicKey },
});
t.teardown(() => models.close());
const chat = JSON.stringify({ model: "gpt-4o", messages: [{ role: "user", content: "hello" }] });
const address = upstream.address();
const port = typeof address === "object" && address !== null ? address.port : 0;

const expiringScript = [
  'const { token, lifeMs } = JSON.parse(require("node:fs").readFileSync(process.argv[1], "utf8"));',
  "const expiresAt = new Date(Date.now() + lifeMs).toISOString();",
  "process.stdout.write(JSON.stringify({ token, expiresAt }));",
].join(" ");
const root = temporaryDirectory(t);
const place = (name: string) => join(root, name);
const home = place("home");
mkdirSync(home, { mode: 0o700 });
writeFileSync(place("key"), "file-value-one\n", { mode: 0o600 });
mkdirSync(place("mount"));
swapMount(1, { user: "user-one", password: "password-one" });
for (const key of ["user", "password"]) symlinkSync(`..data/${key}`, join(place("mount"), key));
writeFileSync(place("printed"), "command-value-one\n");
writeFileSync(place("failing"), "failing-value-one\n");
writeFileSync(place("model-key"), "model-value-one\n");
printExpiring("expiring-value-one", 8_000);
writeFileSync(
  join(home, "secrets.yaml"),
  `secrets:
- name: failing
  command: [sh, -c, "echo failing-stderr-canary >&2; exec cat '${place("failing")}'"]
- name: expiring
  command: ${JSON.stringify([process.execPath, "-e", expiringScript, place("expiring")])}
`,
  { mode: 0o600 },
);
learn("file", "file-value-one");
learn("mount", "user-one:password-one");
learn("command", "command-value-one");
learn("expiring", "expiring-value-one");
learn("failing", "failing-value-one");
learn("missing", "missing-value-one");

const gateway = await startGateway(t, {
  home,
  manifests: {
    "gateway.yaml": gatewayManifest({
      aliases: [
        { port, hostnames: names.map(hostOf) },
        { port: models.port, hostnames: ["api.openai.com"] },
      ],
      upstreamCa: authority.certificatePem,
    }),
    "routes.yaml": names.map((name) => allowHosts(name, [hostOf(name)])).join(""),
    "models.yaml": objectManifest("AIProviderRoute", "openai", {
      rules: [{ matches: [{ provider: "openai", models: ["gpt-*"] }] }],
    }),
    "credentials.yaml":
      names
        .filter((name) => name !== "mount")
        .map((name) =>
          headerCredential({
            secret: name,
            route: { kind: "EgressHTTPRoute", name },
            headerName: keyHeader,
          }),
        )
        .join("") +
      headerCredential({
        secret: "openai",
        route: { kind: "AIProviderRoute", name: "openai" },
        headerName: "authorization",
        valuePrefix: "Bearer ",
      }) +
      objectManifest("CredentialInjectionPolicy", "mount", {
        targetRefs: [{ group: "clrk.apoxy.dev", kind: "EgressHTTPRoute", name: "mount" }],
        secretRef: { name: "mount" },
        target: "Header",
        headerName: keyHeader,
        // biome-ignore lint/suspicious/noTemplateCurlyInString: the policy's own language
        valueTemplate: "${user}:${password}",
      }),
  },
  secretSources: [
    `file=file:${place("key")}`,
    `mount=dir:${place("mount")}`,
    `command=command:cat ${place("printed")}`,
    `missing=file:${place("missing")}`,
    `openai=command:cat ${place("model-key")}`,
  ],
});
const run = await gateway.registerRun("worker");

t.test("a value that expires is replaced before, and no request is lost", async (test) => {
  learn("expiring", "expiring-value-two");
  const load = startLoad(run, { connections: 2, urls: [urlOf("expiring")] });
  printExpiring("expiring-value-two", 3_600_000);
  await waitUntil(() => seen.some(({ key }) => key === "expiring-value-two"), {
    deadlineMs: 15_000,
    what: "new value",
  });
  const { statuses, failures } = await load.stop();
  test.same([[...statuses.keys()], failures], [[200], []]);
  test.ok(seen.some(({ key }) => key === "expiring-value-one"));
});

t.test("a replaced file is in use within a second, and no request is lost", async (test) => {
  await rotate(test, "file", "file-value-two", () => replace(place("key"), "file-value-two\n"));
});

t.test("a swapped mount is in use within a second, and never half of it", async (test) => {
  await rotate(test, "mount", "user-two:password-two", () =>
    swapMount(2, { user: "user-two", password: "password-two" }),
  );
  const pairs = new Set(seen.filter(({ name }) => name === "mount").map(({ key }) => key));
  test.same([...pairs].sort(), ["user-one:password-one", "user-two:password-two"]);
});

t.test("a value is renewed while a manifest is invalid", async (test) => {
  gateway.writeManifest("broken.yaml", allowHosts("broken", ["not a host"]));
  await gateway.waitForProblems();
  await rotate(test, "file", "file-value-three", () => replace(place("key"), "file-value-three\n"));
  const { problems } = await gateway.status();
  test.match(problems, [{ file: /broken\.yaml$/ }]);
  await gateway.change("broken.yaml", allowHosts("broken", ["broken.test"]));
});

t.test("a command is run again at once when its value was refused", async (test) => {
  test.equal(await statusOf("command"), 200);
  replace(place("printed"), "command-value-two\n");
  known.set("command", new Set(["command-value-two"]));
  const startMs = performance.now();
  test.equal(await statusOf("command"), 401);
  await waitUntil(async () => (await statusOf("command")) === 200, {
    deadlineMs: 20_000,
    what: "request with the new value",
  });
  const tookMs = Math.round(performance.now() - startMs);
  test.ok(tookMs <= inUseMs, `in use ${tookMs} ms after the refusal`);
});

t.test("a model call that was refused has its command run again too", async (test) => {
  const call = { method: "POST", headers: { "content-type": "application/json" }, body: chat };
  const ask = async () => {
    return (await requestThrough(run, "https://api.openai.com/v1/chat/completions", call)).status;
  };
  test.equal(await ask(), 401);
  replace(place("model-key"), openAiKey);
  await waitUntil(async () => (await ask()) === 200, {
    deadlineMs: 15_000,
    what: "model call with the new value",
  });
  const record = gateway.records.findLast(({ model }) => model !== null);
  test.match(record, { tier: "engine", credential: { name: "Secret default/openai" } });
});

t.test("a command that fails keeps its value, and says so without what it wrote", async (test) => {
  test.equal(await statusOf("failing"), 200);
  // So that the command is run again: the upstream refuses once.
  rmSync(place("failing"));
  known.set("failing", new Set());
  test.equal(await statusOf("failing"), 401);
  const source = await waitUntil(
    async () => {
      const now = await sourceOf("failing");
      return now.state === "stale" ? now : undefined;
    },
    { deadlineMs: 15_000, what: "stale source" },
  );
  test.match(source, { failure: 'command "sh": exit status 1', kind: "command" });
  test.ok(Date.parse(source.readAt ?? "") <= Date.now());
  test.match(
    gateway.log,
    /Cannot read Secret default\/failing: command \\"sh\\": exit status 1; the value of \d+ s ago stays/,
  );
  learn("failing", "failing-value-one");
  test.equal(await statusOf("failing"), 200);
  const { items } = await gateway.objects("Secret");
  const shown = items.find(({ object }) => object.metadata.name === "failing");
  test.match(shown?.object.status, { sources: [{ state: "stale" }] });
});

t.test("a value that expired and cannot be renewed is sent no more", async (test) => {
  printExpiring("expiring-value-three", 5_000);
  known.set("expiring", new Set(["expiring-value-three"]));
  // A refusal has the command run again, and so does the short life of what it prints then.
  test.equal(await statusOf("expiring"), 401);
  await waitUntil(async () => (await statusOf("expiring")) === 200, {
    deadlineMs: 15_000,
    what: "short-lived value",
  });
  const { expiresAt = "" } = await sourceOf("expiring");
  rmSync(place("expiring"));
  const last = await waitUntil(
    async () => {
      const response = await requestThrough(run, urlOf("expiring"));
      return response.status === 403 ? response : undefined;
    },
    { deadlineMs: 15_000, what: "refusal" },
  );
  test.equal(last.headers["x-clrk-deny-reason"], "credential-missing");
  const lateMs = Date.now() - Date.parse(expiresAt);
  test.ok(lateMs >= 0 && lateMs <= inUseMs, `refused ${lateMs} ms after it expired`);
  test.match(await sourceOf("expiring"), { state: "missing" });
  test.match(gateway.log, /default\/expiring: command .*: exit status 1; the value of/);
});

t.test("a Secret that was never there refuses, until it is", async (test) => {
  const refused = await requestThrough(run, urlOf("missing"));
  test.equal(refused.status, 403);
  test.equal(refused.headers["x-clrk-deny-reason"], "credential-missing");
  test.notOk(seen.some(({ name }) => name === "missing"));
  test.match(await sourceOf("missing"), { state: "missing", failure: /no such file/ });
  const startMs = performance.now();
  writeFileSync(place("missing"), "missing-value-one");
  await waitUntil(async () => (await statusOf("missing")) === 200, {
    deadlineMs: 20_000,
    what: "request with the value",
  });
  const tookMs = Math.round(performance.now() - startMs);
  test.ok(tookMs <= inUseMs, `in use ${tookMs} ms after it was written`);
  // Written without care for others, which is told.
  chmodSync(place("missing"), 0o644);
  await waitUntil(async () => (await sourceOf("missing")).warning !== "", {
    deadlineMs: 20_000,
    what: "warning about the file's mode",
  });
  test.match(
    gateway.log,
    /Secret default\/missing: file .* can be read by other users: chmod 600 it/,
  );
});

t.test("no value, and nothing that a command wrote, is anywhere", async (test) => {
  const { gateway: pid } = await gateway.pids();
  const everything = JSON.stringify([
    ...[await gateway.status(), await gateway.objects(), gateway.events, gateway.records],
    ...[gateway.log, readFileSync(`/proc/${pid}/cmdline`, "utf8")],
  ]);
  test.ok(gateway.records.length > requestsUnderLoad);
  test.notMatch(everything, /-value-|password-|user-(?:one|two)|canary|sk-proj/);
});

/** Changes a value under load, once the upstream knows both: what it sees then decides. */
async function rotate(test: Test, name: Name, value: string, change: () => void): Promise<void> {
  learn(name, value);
  const from = seen.length;
  const load = startLoad(run, { connections: 4, urls: [urlOf(name)] });
  await waitUntil(() => load.answered >= requestsUnderLoad / 2, {
    deadlineMs: 20_000,
    what: "requests before the change",
  });
  const startMs = performance.now();
  change();
  const first = await waitUntil(() => seen.slice(from).find(({ key }) => key === value), {
    deadlineMs: 20_000,
    what: "request with the new value",
  });
  await waitUntil(() => load.answered >= requestsUnderLoad, {
    deadlineMs: 20_000,
    what: "requests after the change",
  });
  const { statuses, failures } = await load.stop();
  test.same([[...statuses.keys()], failures], [[200], []]);
  const tookMs = Math.round(first.atMs - startMs);
  test.ok(tookMs <= inUseMs, `in use ${tookMs} ms after the change`);
  const late = seen.slice(from).filter((one) => one.atMs > startMs + inUseMs);
  test.same(
    late.filter(({ name: of, key }) => of === name && key !== value),
    [],
  );
  test.ok((statuses.get(200) ?? 0) >= requestsUnderLoad);
}

async function sourceOf(name: Name) {
  const { secrets } = await gateway.status();
  const found = secrets.find((source) => source.name === name);
  if (found === undefined) throw new Error(`Cannot find source of "${name}"`);
  return found;
}

async function statusOf(name: Name): Promise<number> {
  return (await requestThrough(run, urlOf(name))).status;
}

function hostOf(name: string): string {
  return `${name}.test`;
}

function urlOf(name: Name): string {
  return `https://${hostOf(name)}/`;
}

function learn(name: Name, key: string): void {
  known.get(name)?.add(key);
}

function replace(path: string, text: string): void {
  writeFileSync(`${path}.tmp`, text, { mode: 0o600 });
  renameSync(`${path}.tmp`, path);
}

/** The life of a value begins when the command runs. */
function printExpiring(token: string, lifeMs: number): void {
  replace(place("expiring"), JSON.stringify({ token, lifeMs }));
}

/** As the kubelet does it: a new folder, a new link, one rename. */
function swapMount(generation: number, values: Readonly<Record<string, string>>): void {
  const mount = place("mount");
  const folder = `..2026_11_28_00_00_00.${generation}`;
  mkdirSync(join(mount, folder));
  for (const [key, value] of Object.entries(values)) {
    writeFileSync(join(mount, folder, key), value, { mode: 0o600 });
  }
  symlinkSync(folder, join(mount, "..data_tmp"));
  renameSync(join(mount, "..data_tmp"), join(mount, "..data"));
  rmSync(join(mount, `..2026_11_28_00_00_00.${generation - 1}`), { recursive: true, force: true });
}
