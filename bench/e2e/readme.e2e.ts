/**
 * Every command that the documents show, run as they say in a folder that looks like this repository: examples lead to
 * fakes, the home is empty, and keys are made up. A block that says nothing about being run fails.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import t from "tap";
import { findEnvoy } from "../../gateway/envoy-binary.ts";
import { readCommandBlocks } from "../harness/document-blocks.ts";
import { readExamplePolicy } from "../harness/example-policy.ts";
import { freePort } from "../harness/free-port.ts";
import { runProcess, startProcess, temporaryDirectory, waitUntil } from "../harness/processes.ts";
import type { RunningProcess, TestScope } from "../harness/processes.ts";
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
const envoy = await findEnvoy({ env: process.env });
const hasPython =
  (await runProcess({ command: "python3", arguments: ["-V"] }, 10_000)).exitCode === 0;
const port = await freePort();

/** A folder of its own for each document, so that no home is shared. */
function preparePlace(scope: TestScope): Place {
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
  writeFileSync(join(programs, "python"), '#!/bin/sh\nexec python3 "$@"\n', { mode: 0o755 });
  const { PATH = "" } = process.env;
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

for (const path of documents) {
  const blocks = readCommandBlocks(readFileSync(join(root, path), "utf8"));
  if (blocks.length === 0) continue;
  t.test(`${path}: its commands do what they say`, async (test) => {
    upstreams.tls.reset();
    for (const host of ["api.github.com", "en.wikipedia.org", "de.wikipedia.org"]) {
      upstreams.tls.misbehave({ host, status: 200 });
    }
    const place = preparePlace(test);
    const servers: RunningProcess[] = [];
    for (const { line, code, mark } of blocks) {
      const name = `${path}:${line}`;
      if (mark === undefined) test.fail(`${name} has no mark: <!-- test: run -->`);
      else if (mark.kind === "skip") test.pass(`${name} is left out: ${mark.reason}`);
      else if (code.includes("python") && !hasPython) test.pass(name, { skip: "needs python3" });
      else if (mark.kind === "serve") {
        const server = startProcess(test, shell(code, place));
        servers.push(server);
        await waitUntilServing(server, place).catch((error: unknown) => test.fail(String(error)));
        test.equal(server.exit, undefined, `${name} serves: ${server.stderr}`);
      } else {
        const outcome = await runProcess(shell(code, place), commandDeadlineMs);
        const said = `${outcome.stdout}${outcome.stderr}`;
        test.equal(outcome.exitCode, 0, `${name} ends with 0: ${said.slice(-2_000)}`);
        test.notOk(said.includes(openAiKey), `${name} shows no key`);
      }
    }
    await stopServing(servers, place);
  });
}

t.test("docs/cli.md names every command and option that --help shows", async (test) => {
  const text = readFileSync(join(root, "docs/cli.md"), "utf8");
  const place = preparePlace(test);
  const help = async (words: string) => {
    const { stdout, exitCode } = await runProcess(
      shell(`node bin/clrk.mjs ${words} --help`, place),
      20_000,
    );
    test.equal(exitCode, 0, `clrk ${words} --help`);
    return stdout;
  };
  const [, listed = ""] = (await help("")).split("COMMANDS\n");
  const commands = [...listed.matchAll(/^ {2}(\w+) {2}/gm)].map(([, name = ""]) => name);
  test.ok(commands.length >= 8);
  for (const command of commands) {
    test.ok(text.includes(`\`clrk ${command}`), `command ${command}`);
    const words = command === "completion" ? "completion install" : command;
    for (const [option] of (await help(words)).matchAll(/--[a-z][a-z-]+/g)) {
      if (option !== "--help") test.ok(text.includes(option), `${option} of ${command}`);
    }
  }
});
