/**
 * Walks documents: every command that they show is run as they say, in a folder that looks like this repository, where
 * examples lead to fakes, the home is empty, and keys are made up. A block that says nothing about being run fails.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { Test } from "tap";
import { findEnvoy } from "../../gateway/envoy-binary.ts";
import { readCommandBlocks } from "./document-blocks.ts";
import type { CommandBlock } from "./document-blocks.ts";
import { readExamplePolicy } from "./example-policy.ts";
import { freePort } from "./free-port.ts";
import { needsKubectl } from "./kubectl.ts";
import { runProcess, startProcess, temporaryDirectory, waitUntil } from "./processes.ts";
import type { ProcessOutcome, RunningProcess, TestScope } from "./processes.ts";
import { anthropicKey, openAiKey, startUpstreams } from "./upstreams.ts";
import type { Upstreams } from "./upstreams.ts";

const root = join(import.meta.dirname, "../..");
const commandDeadlineMs = 60_000;
const readyDeadlineMs = 60_000;

/** The port that documents name; another process of this machine may have it. */
const shownPort = "15001";

const python = [
  "import json, urllib.request",
  "body = json.dumps({'model': 'gpt-4.1', 'messages': [{'role': 'user', 'content': 'Hello'}]})",
  "url = 'https://api.openai.com/v1/chat/completions'",
  "headers = {'content-type': 'application/json'}",
  "print(urllib.request.urlopen(urllib.request.Request(url, body.encode(), headers)).read())",
].join("\n");

/** What `npx` finds in this package, without looking. */
const directNpx = `#!/bin/sh
[ "$1" = clrk ] && shift && exec node bin/clrk.mjs "$@"
exec "$@"
`;

interface Place {
  readonly directory: string;
  /** In place of the port that documents name */
  readonly port: number;
  readonly environment: Readonly<Record<string, string>>;
}

/** What all documents of a walk share. */
interface World {
  readonly upstreams: Upstreams;
  readonly envoy: string;
  readonly hasPython: boolean;
  readonly kubectl: Awaited<ReturnType<typeof needsKubectl>>;
  readonly port: number;
}

/** Adds a test for each of the documents that show commands; paths are relative to the repository. */
export async function walkDocuments(scope: Test, paths: readonly string[]): Promise<void> {
  const world = await prepareWorld(scope);
  for (const path of paths) {
    const blocks = readCommandBlocks(readFileSync(join(root, path), "utf8"));
    if (blocks.length === 0) continue;
    void scope.test(`${path}: its commands do what they say`, async (test) => {
      const place = preparePlace(test, world, { isWithNpx: path === "README.md" });
      const servers: RunningProcess[] = [];
      for (const block of blocks) await walkBlock({ test, path, place, servers, world }, block);
      await stopServing(servers, place);
    });
  }
}

async function prepareWorld(scope: TestScope): Promise<World> {
  const echoes = ["api.github.com", "en.wikipedia.org", "de.wikipedia.org"];
  const tlsHosts = [...echoes, "wikipedia.org", "pastebin.com"];
  const upstreams = await startUpstreams(scope, { tlsHosts });
  for (const host of echoes) upstreams.tls.misbehave({ host, status: 200 });
  const envoy = await findEnvoy({ env: process.env });
  const python3 = await runProcess({ command: "python3", arguments: ["-V"] }, 10_000);
  return {
    upstreams,
    envoy: envoy.kind === "found" ? envoy.path : "",
    hasPython: python3.exitCode === 0,
    kubectl: await needsKubectl(),
    port: await freePort(),
  };
}

/** A folder of its own for each document, so that no home is shared. */
function preparePlace(
  scope: TestScope,
  { upstreams, envoy, kubectl, port }: World,
  { isWithNpx }: { readonly isWithNpx: boolean },
): Place {
  const scratch = temporaryDirectory(scope);
  const directory = join(scratch, "clrk");
  const home = join(scratch, "home");
  const programs = join(scratch, "bin");
  for (const path of [directory, home, programs]) mkdirSync(path);
  for (const name of readdirSync(root)) {
    const isLinked = !name.startsWith(".") && name !== "examples";
    if (isLinked) symlinkSync(join(root, name), join(directory, name));
  }
  cpSync(join(root, "examples"), join(directory, "examples"), { recursive: true });
  const { aliases, upstreamCa: authorityPem } = upstreams;
  for (const entry of readdirSync(join(root, "examples"), { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const manifests = readExamplePolicy(entry.name, { aliases, authorityPem });
    for (const [name, text] of Object.entries(manifests)) {
      writeFileSync(join(directory, "examples", entry.name, name), text);
    }
  }
  writeFileSync(join(directory, "my_agent.py"), python);
  // The real one takes half a second more for each command; a document that has it is enough.
  if (!isWithNpx) writeFileSync(join(programs, "npx"), directNpx, { mode: 0o755 });
  // Debian has no "python", which is what documents write.
  writeFileSync(join(programs, "python"), '#!/bin/sh\nexec python3 "$@"\n', { mode: 0o755 });
  const { PATH = "" } = process.env;
  if (kubectl.skip === false) symlinkSync(kubectl.program, join(programs, "kubectl"));
  const environment = {
    PATH: [programs, join(root, "node_modules/.bin"), PATH].join(delimiter),
    HOME: home,
    CLRK_ENVOY: envoy,
    OPENAI_API_KEY: openAiKey,
    ANTHROPIC_API_KEY: anthropicKey,
    GITHUB_TOKEN: "ghp-held-by-the-gateway",
  };
  return { directory, environment, port };
}

function shell(code: string, { directory, environment, port }: Place) {
  return {
    command: "sh",
    arguments: ["-e", "-c", code.replaceAll(shownPort, String(port))],
    environment,
    workingDirectory: directory,
  };
}

/** A killed `clrk dev` leaves its gateway serving: it is asked to stop, as a user would. */
async function stopServing(servers: readonly RunningProcess[], place: Place): Promise<void> {
  if (servers.length === 0) return;
  await runProcess(shell("node bin/clrk.mjs stop", place), commandDeadlineMs);
  for (const server of servers) await server.close();
}

/** Waits until `clrk status` says that all is ready; fails with what the server said. */
async function waitUntilServing(server: RunningProcess, place: Place): Promise<void> {
  await waitUntil(
    async () => {
      if (server.exit !== undefined) return true;
      const asked = shell("node bin/clrk.mjs status -o json", place);
      const { stdout } = await runProcess(asked, commandDeadlineMs);
      return /"ready": true/.test(stdout) && !/"ready": false/.test(stdout);
    },
    { deadlineMs: readyDeadlineMs, what: `a gateway that serves: ${server.stderr}` },
  );
}

/** Why a block cannot be run on this machine; undefined where it can. */
function missingTool(code: string, { hasPython, kubectl }: World): string | undefined {
  if (code.includes("python") && !hasPython) return "needs python3";
  return code.includes("kubectl ") && kubectl.skip !== false ? kubectl.skip : undefined;
}

/** Runs a block once, or until it says what it is to say. */
async function runBlock(code: string, place: Place, until?: string): Promise<ProcessOutcome> {
  const endMs = performance.now() + commandDeadlineMs;
  for (;;) {
    const outcome = await runProcess(shell(code, place), commandDeadlineMs);
    const isSaid = until === undefined || outcome.stdout.includes(until);
    if (isSaid || performance.now() > endMs) return outcome;
  }
}

/** What a command says that goes on until Ctrl-C, and how it ends by that. */
async function followBlock(scope: TestScope, code: string, place: Place): Promise<ProcessOutcome> {
  // Ctrl-C reaches a shell too, which would end by the signal.
  const child = startProcess(scope, shell(`exec ${code.trim()}`, place));
  const options = { deadlineMs: commandDeadlineMs, what: `output of "${code}"` };
  await child.waitUntilReady(({ stdout }) => stdout !== "", options);
  child.signal("SIGINT");
  const exit = await child.exited;
  return { ...exit, stdout: child.stdout, stderr: child.stderr, timedOut: false };
}

interface Walk {
  readonly test: Test;
  readonly path: string;
  readonly place: Place;
  readonly servers: RunningProcess[];
  readonly world: World;
}

async function walkBlock(walk: Walk, block: CommandBlock): Promise<void> {
  const { test, path, place, servers, world } = walk;
  const { line, code, mark } = block;
  const name = `${path}:${line}`;
  const missing = missingTool(code, world);
  if (mark === undefined) test.fail(`${name} has no mark: <!-- test: run -->`);
  else if (mark.kind === "skip") test.pass(`${name} is left out: ${mark.reason}`);
  else if (missing !== undefined) test.pass(name, { skip: missing });
  else if (mark.kind === "serve") {
    const server = startProcess(test, shell(code, place));
    servers.push(server);
    await waitUntilServing(server, place).catch((error: unknown) => test.fail(String(error)));
    test.equal(server.exit, undefined, `${name} serves: ${server.stderr}`);
  } else {
    const until = mark.kind === "run" ? mark.until : undefined;
    const outcome =
      mark.kind === "follow"
        ? await followBlock(test, code, place)
        : await runBlock(code, place, until);
    const said = `${outcome.stdout}${outcome.stderr}`;
    test.equal(outcome.exitCode, 0, `${name} ends with 0: ${said.slice(-2_000)}`);
    if (until !== undefined) test.match(outcome.stdout, until, `${name} says "${until}"`);
    test.notOk(said.includes(openAiKey), `${name} shows no key`);
  }
}
