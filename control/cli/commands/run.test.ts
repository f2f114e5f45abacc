/** `clrk run` as its user sees it: the command's own output and exit code, and what its environment holds. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import type { Test } from "tap";
import { createFakeContext } from "../testdata/fake-context.ts";
import type { FakeContext } from "../testdata/fake-context.ts";
import { gatewayWith, openFakeControl, recordWith, statusWith } from "../testdata/fake-control.ts";
import type { FakeControl } from "../testdata/fake-control.ts";

interface Setup {
  readonly context: FakeContext;
  readonly control: FakeControl;
  /** Runs a script with Node behind the gateway, and resolves with what it wrote to the file in `$OUT` */
  script(text: string, ...words: string[]): Promise<{ code: number; written: string }>;
}

async function setUp(
  t: Test,
  options: { readonly isTerminal?: boolean; readonly env?: Record<string, string> } = {},
): Promise<Setup> {
  const out = join(t.testdir(), "out");
  const context = await createFakeContext(t, {
    ...(options.isTerminal !== undefined && { isTerminal: options.isTerminal }),
    env: { OUT: out, ...options.env },
  });
  const control = await openFakeControl(context.home);
  t.teardown(() => control.close());
  const bundle = join(context.home.root, "ca-bundle.pem");
  await writeFile(bundle, "");
  control.status = statusWith({
    gateways: [gatewayWith({ trust: { bundle, directory: "/nowhere/certs" } })],
  });
  return {
    context,
    control,
    script: async (text, ...words) => {
      // NODE_OPTIONS holds a preload that must load; the proxy variables alone must not stop a script.
      const wrapped = `const write = (text) => require("node:fs").writeFileSync(process.env.OUT, text); ${text}`;
      const code = await context.clrk("run", ...words, "--", process.execPath, "-e", wrapped);
      return { code, written: await readFile(out, "utf8").catch(() => "") };
    },
  };
}

t.test(
  "run() sets the proxy and the roots, and restores the rest of the environment",
  async (t) => {
    const { script, control, context } = await setUp(t, {
      env: {
        HTTPS_PROXY: "http://corporate:3128",
        NODE_COMPILE_CACHE: "/ours",
        CLRK_LAUNCHER_ENV: '{"NODE_COMPILE_CACHE":null}',
      },
    });
    const { code, written } = await script(`
    const { HTTPS_PROXY, https_proxy, SSL_CERT_FILE, NODE_COMPILE_CACHE, NODE_OPTIONS } = process.env;
    write(JSON.stringify({ HTTPS_PROXY, https_proxy, SSL_CERT_FILE, NODE_COMPILE_CACHE, NODE_OPTIONS }))`);
    t.equal(code, 0);
    const { NODE_OPTIONS: options, ...rest } = JSON.parse(written);
    t.same(rest, {
      HTTPS_PROXY: control.proxyUrl,
      https_proxy: control.proxyUrl,
      SSL_CERT_FILE: join(context.home.root, "ca-bundle.pem"),
    });
    t.match(options, /--require=[^ ]*\/control\/cli\/node-preload\.cjs/);
  },
);

t.test("run() registers the run, tells its process, and ends it", async (t) => {
  const { script, control } = await setUp(t);
  await script("", "--agent", "researcher");
  await script("");
  t.same(control.runs, [
    { agent: "researcher", gateway: "default/default", command: process.execPath },
    { agent: "node", gateway: "default/default", command: process.execPath },
  ]);
  t.same(control.calls, [
    "process of run-1",
    "end run-1 with 0",
    "process of run-1",
    "end run-1 with 0",
  ]);
  // The server hears of the closed connection a moment after us.
  const deadlineMs = performance.now() + 2_000;
  while (control.followers > 0 && performance.now() < deadlineMs) await sleep(5);
  t.equal(control.followers, 0);
});

t.test(
  "run() gives a command the placeholders that it is told, over what the user has",
  async (t) => {
    const { script, control, context } = await setUp(t, { env: { OPENAI_API_KEY: "sk-real" } });
    const item = { namespace: "default", name: "openai", key: "token", policies: ["p"] };
    control.placeholders = [{ ...item, placeholder: "sk-fake" }];
    const words = ["--placeholder", "OPENAI_API_KEY=openai", "--placeholder", "OTHER=openai:token"];
    const text = "write([process.env.OPENAI_API_KEY, process.env.OTHER].join())";
    t.same(await script(text, ...words), { code: 0, written: "sk-fake,sk-fake" });
    t.equal((await script(text, "--placeholder", "KEY=nobody")).code, 125);
    t.match(
      context.stderr(),
      /no rule takes a placeholder for key "token" of Secret default\/nobody/,
    );
    t.equal(control.runs.length, 1, "nothing was registered");
  },
);

for (const { name, text, code } of [
  { name: "its exit code", text: "process.exit(7)", code: 7 },
  { name: "the signal that ended it", text: 'process.kill(process.pid, "SIGKILL")', code: 137 },
]) {
  t.test(`run() ends with ${name}`, async (t) => {
    const { script, context } = await setUp(t);
    t.equal((await script(text)).code, code);
    t.equal(context.stderr(), "");
  });
}

t.test("run() says why a command did not start", async (t) => {
  const { context, control } = await setUp(t);
  t.equal(await context.clrk("run", "no-such-command-at-all", "--help"), 127);
  t.equal(
    context.stderr(),
    'clrk: Cannot run "no-such-command-at-all": not found on PATH, check the spelling or give its path\n',
  );
  t.same(control.calls, ["end run-1 with 127"]);
});

t.test(
  "run() shows records and limits on a terminal only, and never when it is quiet",
  async (t) => {
    const emit = ({ control }: Setup) => {
      const timer = setInterval(() => control.emitRecord(recordWith()), 20);
      t.teardown(() => clearInterval(timer));
    };
    const wait = "setTimeout(() => {}, 200)";
    const terminal = await setUp(t, { isTerminal: true });
    emit(terminal);
    await terminal.script(wait);
    t.match(terminal.context.stderr(), /clrk: Node \d+\.\d+: own http\.Agents/);
    t.match(terminal.context.stderr(), /\nclrk: Raw TCP, UDP and QUIC are not seen/);
    t.match(terminal.context.stderr(), /\nresearcher {2}✔ POST api\.openai\.com\/v1\/responses/);
    for (const [isTerminal, words] of [
      [true, ["--quiet"]],
      [true, ["-q"]],
      [false, []],
    ] as const) {
      const silent = await setUp(t, { isTerminal });
      emit(silent);
      await silent.script(wait, ...words);
      t.equal(silent.context.stderr(), "");
    }
  },
);

t.test("run() says on a terminal that the gateway is gone", async (t) => {
  const { script, context, control } = await setUp(t, { isTerminal: true });
  setTimeout(() => void control.close(), 300);
  const { code } = await script("setTimeout(() => {}, 1000)");
  t.equal(code, 0);
  t.match(context.stderr(), /\nclrk: The gateway is gone: requests fail until it is back/);
});

t.test("run() passes over --help and options of the command", async (t) => {
  const { context } = await setUp(t);
  t.equal(await context.clrk("run", process.execPath, "--eval", "process.exit(3)"), 3);
});

t.test("run() gives Java its trust store, and removes the credential afterwards", async (t) => {
  const { script, context, control } = await setUp(t);
  const bundle = control.status.gateways[0]?.trust.bundle ?? "";
  const { createAuthorityCertificate } = await import("../../../certs/authority-certificate.ts");
  const authority = createAuthorityCertificate({
    egressGateway: "default/default",
    nowMs: Date.UTC(2026, 0, 1),
    mintFromMs: Date.UTC(2026, 0, 1),
    lifeMs: 1_000_000,
  });
  await writeFile(bundle, authority.certificatePem);
  const { code, written } = await script(
    `const [file] = /@[^"]+/.exec(process.env.JDK_JAVA_OPTIONS);
     write(file.slice(1) + "\\n" + require("node:fs").readFileSync(file.slice(1)))`,
    "--java",
  );
  t.equal(code, 0);
  const [path = "", ...lines] = written.split("\n");
  t.equal(lines[1], '"-Dhttp.proxyPassword=token"');
  t.match(await readdir(join(context.home.trust, "java")), [/^java-trust-.*\.p12$/]);
  await t.rejects(readFile(path), { code: "ENOENT" });
});

t.test("run() keeps variables that hold a secret of its gateway from the command", async (t) => {
  const bundle = join(t.testdir({ pem: "" }), "pem");
  const env = { FAKE_BUNDLE: bundle, FAKE_KEY: "sk-of-the-gateway" };
  const context = await createFakeContext(t, { env });
  await writeFile(join(context.home.root, "a.yaml"), "");
  const script = "process.exit(process.env.FAKE_KEY === undefined ? 4 : 5)";
  const flags = ["-f", "a.yaml", "--secret", "openai=FAKE_KEY"];
  t.equal(await context.clrk("run", ...flags, "--", process.execPath, "-e", script), 4);
});

t.test("run() starts a gateway for the command with -f, and ends it", async (t) => {
  const bundle = join(t.testdir({ pem: "" }), "pem");
  const context = await createFakeContext(t, { env: { FAKE_BUNDLE: bundle } });
  await writeFile(join(context.home.root, "a.yaml"), "");
  const code = await context.clrk(
    "run",
    "-f",
    "a.yaml",
    "--",
    process.execPath,
    "-e",
    "process.exit(4)",
  );
  t.equal(code, 4);
  t.equal(context.stderr(), "");
  const words = await readFile(join(context.home.root, "fake-gateway.words"), "utf8");
  t.equal(words, `--file ${context.home.root}/a.yaml --exit-with-parent`);
  const pid = Number(await readFile(join(context.home.root, "fake-gateway.pid"), "utf8"));
  t.throws(() => process.kill(pid, 0), { code: "ESRCH" });
});

for (const { name, words, text } of [
  {
    name: "a name that is no label",
    words: ["--agent", "My Agent", "true"],
    text: 'Cannot use agent name "My Agent": wanted up to 63 lower-case letters, digits and "-"; did you mean "my-agent"?',
  },
  {
    name: "a secret without manifests",
    words: ["--secret", "openai=PATH", "true"],
    text: "Cannot use --secret: it is for a gateway that this command starts\nName its manifests too: -f DIR",
  },
  {
    name: "a plugin without manifests",
    words: ["--provider", "./acme", "true"],
    text: "Cannot use --provider: it is for a gateway that this command starts\nName its manifests too: -f DIR",
  },
  {
    name: "manifests where a gateway runs",
    words: ["-f", ".", "true"],
    text: `Cannot start a gateway for this command: process ${process.pid} is running\nUse it: leave out -f; or stop it: clrk stop ${process.pid}`,
  },
  {
    name: "a gateway that is not served",
    words: ["--gateway", "other", "true"],
    text: `Cannot find EgressGateway "other": no process serves it\nThere are:\n  --gateway default/default   (process ${process.pid})`,
  },
]) {
  t.test(`run() refuses ${name}`, async (t) => {
    const { context } = await setUp(t);
    t.equal(await context.clrk("run", ...words), 125);
    t.equal(context.stderr(), `clrk: ${text}\n`);
  });
}

t.test("run() ends with 125 when the gateway refuses the run", async (t) => {
  const { context, control } = await setUp(t);
  control.refusal = "Too many runs are registered: end some first";
  t.equal(await context.clrk("run", "true"), 125);
  t.equal(context.stderr(), "clrk: Too many runs are registered: end some first\n");
});

t.test("run() names the next steps when nothing runs", async (t) => {
  const context = await createFakeContext(t);
  t.equal(await context.clrk("run", "true"), 125);
  t.equal(
    context.stderr(),
    "clrk: No gateway is running\nStart one in another terminal: clrk dev -f DIR\nOr only for this command: clrk run -f DIR -- CMD\n",
  );
});

t.test("run() leaves the command's streams untouched", async (t) => {
  const { context } = await setUp(t);
  const main = join(import.meta.dirname, "..", "main.ts");
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", main, "run", "cat"],
    {
      env: { PATH: process.env["PATH"] ?? "", CLRK_HOME: context.home.root },
    },
  );
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  child.stdin.end("from stdin\0\n");
  const [code] = await once(child, "close");
  t.equal(code, 0);
  t.equal(stdout, "from stdin\0\n");
  t.equal(stderr, "");
});
