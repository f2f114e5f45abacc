/**
 * Every command that the documents show, run as they say in a folder that looks like this repository: examples lead to
 * fakes, the home is empty, and keys are made up. A block that says nothing about being run fails.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { findEnvoy } from "../../gateway/envoy-binary.ts";
import { readCommandBlocks } from "../harness/document-blocks.ts";
import type { CommandBlock } from "../harness/document-blocks.ts";
import { readExamplePolicy } from "../harness/example-policy.ts";
import { freePort } from "../harness/free-port.ts";
import { needsKubectl } from "../harness/kubectl.ts";
import { runProcess, startProcess, temporaryDirectory, waitUntil } from "../harness/processes.ts";
import type { ProcessOutcome, RunningProcess, TestScope } from "../harness/processes.ts";
import { anthropicKey, openAiKey, startUpstreams } from "../harness/upstreams.ts";

const root = join(import.meta.dirname, "../..");
const commandDeadlineMs = 60_000;
const readyDeadlineMs = 20_000;

/** The port that documents name; another process of this machine may have it. */
const shownPort = "15001";

const documents = [
  "README.md",
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" }).map(
    (name) => `docs/${name}`,
  ),
  ...readdirSync(join(root, "examples"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `examples/${name}/README.md`),
].filter((path) => path.endsWith(".md"));

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
  readonly environment: Readonly<Record<string, string>>;
}

const upstreams = await startUpstreams(t, {
  tlsHosts: [
    ...["api.github.com", "wikipedia.org", "en.wikipedia.org", "de.wikipedia.org"],
    "pastebin.com",
  ],
});
for (const host of ["api.github.com", "en.wikipedia.org", "de.wikipedia.org"]) {
  upstreams.tls.misbehave({ host, status: 200 });
}
const envoy = await findEnvoy({ env: process.env });
const hasPython =
  (await runProcess({ command: "python3", arguments: ["-V"] }, 10_000)).exitCode === 0;
const kubectl = await needsKubectl();
const port = await freePort();

/** A folder of its own for each document, so that no home is shared. */
function preparePlace(scope: TestScope, { isWithNpx }: { readonly isWithNpx: boolean }): Place {
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
  // Debian has no "python", which is what documents write.
  // Saves half a second a command; a document that has the real one is enough.
  if (!isWithNpx) writeFileSync(join(programs, "npx"), directNpx, { mode: 0o755 });
  writeFileSync(join(programs, "python"), '#!/bin/sh\nexec python3 "$@"\n', { mode: 0o755 });
  const { PATH = "" } = process.env;
  if (kubectl.skip === false) symlinkSync(kubectl.program, join(programs, "kubectl"));
  const environment = {
    PATH: [programs, join(root, "node_modules/.bin"), PATH].join(delimiter),
    HOME: home,
    CLRK_ENVOY: envoy.kind === "found" ? envoy.path : "",
    OPENAI_API_KEY: openAiKey,
    ANTHROPIC_API_KEY: anthropicKey,
    GITHUB_TOKEN: "ghp-held-by-the-gateway",
  };
  return { directory, environment };
}

function shell(code: string, { directory, environment }: Place) {
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
function missingTool(code: string): string | undefined {
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
}

async function walkBlock({ test, path, place, servers }: Walk, block: CommandBlock): Promise<void> {
  const { line, code, mark } = block;
  const name = `${path}:${line}`;
  const missing = missingTool(code);
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

for (const path of documents) {
  const blocks = readCommandBlocks(readFileSync(join(root, path), "utf8"));
  if (blocks.length === 0) continue;
  t.test(`${path}: its commands do what they say`, async (test) => {
    const place = preparePlace(test, { isWithNpx: path === "README.md" });
    const servers: RunningProcess[] = [];
    for (const block of blocks) await walkBlock({ test, path, place, servers }, block);
    await stopServing(servers, place);
  });
}

// docs/commands.md is what --help says: control/cli/application.test.ts compares them.
t.test("docs/cli.md names every command and option that --help shows", async (test) => {
  // The first sends readers to the second for some commands.
  const text = ["docs/cli.md", "docs/traces.md"]
    .map((path) => readFileSync(join(root, path), "utf8"))
    .join("\n");
  const reference = readFileSync(join(root, "docs/commands.md"), "utf8");
  const sections = reference.split(/^## clrk ?/m).slice(1);
  test.ok(sections.length >= 30);
  for (const section of sections) {
    const [command = ""] = section.split(/\s/, 1);
    test.ok(text.includes(`\`clrk ${command}`), `command ${command}`);
    for (const [option] of section.matchAll(/--[a-z][a-z-]+/g)) {
      if (option !== "--help") test.ok(text.includes(option), `${option} of ${command}`);
    }
  }
});
