/** The gaps of an explicit proxy: told where they apply, and nowhere else. */
import { chmod, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import t from "tap";
import { captureLimits, inspectCommand } from "./capture-limits.ts";
import type { CaptureOptions, CommandFacts } from "./capture-limits.ts";
import { displayWidth } from "./table.ts";

const fence = "Raw TCP, UDP and QUIC are not seen: only capture in a sandbox is a fence";

function limitsOf(facts: Partial<CommandFacts>, options: Partial<CaptureOptions> = {}): string[] {
  return captureLimits({
    facts: { runtime: "unknown", mentionsJava: false, ...facts },
    hasJavaOptions: false,
    noProxy: [],
    platform: "linux",
    ...options,
  });
}

const nodeOthers = "Node: the ws package and http2 connect directly";

for (const { version, lines } of [
  {
    version: "14.21.3",
    lines: ["Node 14.21 ignores proxy variables and is too old for the preload"],
  },
  {
    version: "16.20.2",
    lines: [
      "Node 16.20 ignores proxy variables: a preload covers http, https and fetch",
      nodeOthers,
    ],
  },
  {
    version: "20.20.2",
    lines: [
      "Node 20.20 ignores proxy variables: a preload covers http, https and fetch",
      nodeOthers,
    ],
  },
  {
    version: "22.20.0",
    lines: [
      "Node 22.20 ignores proxy variables: a preload covers http, https and fetch",
      nodeOthers,
    ],
  },
  {
    version: "22.21.0",
    lines: ["Node 22.21: own http.Agents, the ws package and http2 connect directly"],
  },
  {
    version: "23.11.0",
    lines: [
      "Node 23.11 ignores proxy variables: a preload covers http, https and fetch",
      nodeOthers,
    ],
  },
  {
    version: "24.4.1",
    lines: ["Node 24.4 uses the proxy for fetch only: a preload covers http and https", nodeOthers],
  },
  {
    version: "24.5.0",
    lines: ["Node 24.5: own http.Agents, the ws package and http2 connect directly"],
  },
  {
    version: "26.10.0",
    lines: ["Node 26.10: own http.Agents, the ws package and http2 connect directly"],
  },
]) {
  t.test(`captureLimits() knows Node ${version}`, async (t) => {
    t.strictSame(limitsOf({ runtime: "node", nodeVersion: version }), [...lines, fence]);
  });
}

for (const { name, facts, options, lines } of [
  { name: "an unknown command", facts: {}, options: {}, lines: [] },
  { name: "Node of unknown version", facts: { runtime: "node" }, options: {}, lines: [nodeOthers] },
  {
    name: "Java with its options",
    facts: { runtime: "java" },
    options: { hasJavaOptions: true },
    lines: ["Java's HttpClient and OkHttp send no proxy credential of themselves (407)"],
  },
  {
    name: "Java without its options",
    facts: { runtime: "java" },
    options: {},
    lines: ["Java reads no proxy variables: run it with --java"],
  },
  {
    name: "a script that mentions Java",
    facts: { mentionsJava: true },
    options: {},
    lines: ["Java reads no proxy variables: run it with --java"],
  },
  {
    name: "Python",
    facts: { runtime: "python" },
    options: {},
    lines: ["Python's aiohttp ignores proxy variables unless trust_env=True"],
  },
  {
    name: "Go",
    facts: { runtime: "go" },
    options: {},
    lines: ["Go programs with an http.Transport of their own may connect directly"],
  },
  {
    name: "Go on macOS",
    facts: { runtime: "go" },
    options: { platform: "darwin" },
    lines: [
      "Go programs with an http.Transport of their own may connect directly",
      "Go on macOS trusts the keychain only: it will refuse intercepted TLS",
    ],
  },
  {
    name: "hosts reached directly",
    facts: {},
    options: { noProxy: ["localhost", "::1"] },
    lines: ["Reached directly, not recorded: localhost, ::1"],
  },
] satisfies {
  name: string;
  facts: Partial<CommandFacts>;
  options: Partial<CaptureOptions>;
  lines: string[];
}[]) {
  t.test(`captureLimits() knows ${name}`, async (t) => {
    const limits = limitsOf(facts, options);
    t.strictSame(limits, [...lines, fence]);
    for (const line of limits) t.ok(displayWidth(line) <= 80, line);
  });
}

t.test("inspectCommand() looks at files", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "clrk-limits-"));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  const write = async (name: string, content: string | Buffer, mode = 0o755) => {
    await writeFile(join(directory, name), content);
    await chmod(join(directory, name), mode);
  };
  const note = (name: string) =>
    Buffer.concat([
      Buffer.from("\x7fELF", "latin1"),
      Buffer.alloc(3972),
      Buffer.from([4, 0, 0, 0, 83, 0, 0, 0, 4, 0, 0, 0]),
      Buffer.from(`${name}\0\0`),
    ]);
  await symlink(process.execPath, join(directory, "node"));
  await write("cli", "#!/usr/bin/env node\n");
  await write("cli-with-flags", "#!/usr/bin/env -S node --no-warnings\n");
  await write("tool", "#! /usr/local/bin/python3.12\n");
  await write("script", "#!/bin/sh\nexec node\n");
  await write("python3.11", "#!/usr/bin/env bash\nexec shim\n");
  await write("server", note("Go"));
  await write("native", note("GNU"));
  await write("short", Buffer.from("\x7fELF", "latin1"));
  await write("empty", "");
  await write("plain", "#!/usr/bin/env node\n", 0o644);
  const inspect = (...argv: string[]) =>
    inspectCommand(argv, { PATH: `/nonexistent:${directory}` });
  const nodeVersion = process.versions.node;

  for (const { argv, facts } of [
    { argv: ["node", "agent.js"], facts: { runtime: "node", nodeVersion } },
    { argv: [join(directory, "node")], facts: { runtime: "node", nodeVersion } },
    { argv: ["env", "A=1", "node"], facts: { runtime: "node", nodeVersion } },
    { argv: ["cli"], facts: { runtime: "node", nodeVersion } },
    { argv: ["cli-with-flags"], facts: { runtime: "node", nodeVersion } },
    { argv: ["tool"], facts: { runtime: "python" } },
    { argv: ["python3.11"], facts: { runtime: "python" } },
    { argv: ["server"], facts: { runtime: "go" } },
    { argv: ["native"], facts: { runtime: "unknown" } },
    { argv: ["short"], facts: { runtime: "unknown" } },
    { argv: ["empty"], facts: { runtime: "unknown" } },
    { argv: ["script"], facts: { runtime: "unknown" } },
    { argv: ["plain"], facts: { runtime: "unknown" } },
    { argv: ["missing"], facts: { runtime: "unknown" } },
    { argv: [directory], facts: { runtime: "unknown" } },
    { argv: [""], facts: { runtime: "unknown" } },
    { argv: [], facts: { runtime: "unknown" } },
    { argv: ["java", "-jar", "x.jar"], facts: { runtime: "java" } },
    {
      argv: ["script", "-c", "cd x && java -jar y"],
      facts: { runtime: "unknown", mentionsJava: true },
    },
    { argv: ["script", "javascript"], facts: { runtime: "unknown" } },
  ]) {
    t.test(`as ${JSON.stringify(argv.map((word) => basename(word)))}`, async (t) => {
      t.strictSame(await inspect(...argv), { mentionsJava: false, ...facts });
    });
  }
});

t.test("inspectCommand() knows a script's Node even where none is on PATH", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "clrk-limits-"));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  await writeFile(join(directory, "cli"), "#!/usr/bin/env node\n", { mode: 0o755 });
  t.strictSame(await inspectCommand(["cli"], { PATH: directory }), {
    runtime: "node",
    mentionsJava: false,
  });
});

t.test(
  "inspectCommand() does not run a node that hangs for long, or the user's NODE_OPTIONS",
  async (t) => {
    const directory = await mkdtemp(join(tmpdir(), "clrk-limits-"));
    t.teardown(() => rm(directory, { recursive: true, force: true }));
    await writeFile(
      join(directory, "node"),
      '#!/bin/sh\n[ -z "$NODE_OPTIONS" ] && exec /bin/sleep 600\n',
      { mode: 0o755 },
    );
    const started = Date.now();
    const facts = await inspectCommand(["node"], {
      PATH: `${directory}:${dirname(process.execPath)}`,
      NODE_OPTIONS: "-r x",
    });
    t.ok(Date.now() - started < 10_000);
    t.notOk(Object.hasOwn(facts, "nodeVersion"));
  },
);
