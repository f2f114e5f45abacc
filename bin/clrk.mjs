#!/usr/bin/env node
/**
 * Launcher of the command line, plain JavaScript for any Node from 20 on: it chooses the Node and the entry, no more.
 *
 * Entry: `control/cli/main.ts` of a checkout (types are stripped as it loads), or the emitted
 * `dist/control/cli/main.js` of an installed package, because Node strips no types under node_modules. `clrk dev`, which
 * stays, starts from an emitted one in a checkout too where there is a build of its sources: all that it starts takes 60 MB
 * less then, and loads what it began with however the sources go on.
 * Node: the pinned one from the optional packages `node-linux-*`, else the running one from 24 on.
 *
 * Contract with the command line: variables that this file sets for our own processes are listed in
 * CLRK_LAUNCHER_ENV, a JSON object from each name to its former value, or null where it was not set.
 * `gateway/launcher-environment.ts` restores them for every program that is started for the user.
 *
 * Signals: where Node can replace its process (22.15 and later) there is only one process, and nothing
 * to forward. Elsewhere a child runs: SIGTERM and SIGHUP are forwarded; SIGINT and SIGQUIT only when no
 * terminal is attached, because a terminal sends them to both processes by itself.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { constants, homedir } from "node:os";
import { dirname, isAbsolute, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { findFreshBuild } from "./build-stamp.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const leastMajor = 24;
const pinnedMajor = 26;

/** Words after `dev` that only look at one that runs. */
const looks = ["status", "wait-ready", "logs"];
const stays = process.argv[2] === "dev" && !looks.includes(process.argv[3] ?? "");

/** As `gateway/process-flags.ts` has them for a process that stays and does little. */
const thriftyFlags = [
  "--max-semi-space-size=1",
  "--expose-gc",
  "--invocation-count-for-maglev=300000",
  "--invocation-count-for-maglev-osr=300000",
  "--invocation-count-for-turbofan=300000",
  "--invocation-count-for-osr=300000",
];

const entry = findEntry();
const node = findNode();
if (entry === undefined) {
  stop(`Cannot start clrk: "${root}" holds neither control/cli/main.ts nor dist/`, [
    "Install the package again; in a checkout that was copied, run `npm run build`",
  ]);
} else if (node === undefined) {
  stop(
    `Cannot start clrk: Node ${process.versions.node} is too old, wanted ${leastMajor} or later`,
    [
      "Install the optional packages too (`npm install --include=optional`): on Linux",
      "they bring the right Node; elsewhere install Node 24 or later yourself",
    ],
  );
} else {
  const flags = ["--disable-warning=ExperimentalWarning", ...(stays ? flagsFor(node) : [])];
  launch(node, [...flags, entry, ...process.argv.slice(2)], launcherEnvironment(process.env));
}

/** The file to run, or undefined when the package is damaged. */
function findEntry() {
  const source = join(root, "control/cli/main.ts");
  const isInstalled = root.split(sep).includes("node_modules");
  const isCheckout = !isInstalled && existsSync(source);
  const build = isCheckout ? stays && findFreshBuild(root) : join(root, "dist");
  if (!build) return source;
  const emitted = join(build, "control/cli/main.js");
  if (existsSync(emitted)) return emitted;
  return isCheckout ? source : undefined;
}

function isEmitted(file) {
  return file.endsWith(".js");
}

/** The Node to run it with, or undefined when none is recent enough. */
function findNode() {
  const name = `node-${process.platform}-${process.arch}`;
  try {
    const manifest = createRequire(join(root, "package.json")).resolve(`${name}/package.json`);
    const pinned = join(dirname(manifest), "bin/node");
    if (existsSync(pinned)) return pinned;
  } catch {
    // The package is optional: there is none for this platform, or it was left out.
  }
  return Number.parseInt(process.versions.node, 10) >= leastMajor ? process.execPath : undefined;
}

/** Another release than the pinned one may not know them, and refuse to start. */
function flagsFor(node) {
  const isKnown = node !== process.execPath || process.versions.node.startsWith(`${pinnedMajor}.`);
  return isKnown ? thriftyFlags : [];
}

/** Our own processes start faster with compiled code kept between runs; the user's must not see that. */
function launcherEnvironment(env) {
  const base = env.XDG_CACHE_HOME ?? "";
  const cache = join(isAbsolute(base) ? base : join(env.HOME ?? homedir(), ".cache"), "clrk");
  // Emitted code loads as fast without it, and what stays does not hold its code twice.
  const overrides = isEmitted(entry) && stays ? {} : { NODE_COMPILE_CACHE: join(cache, "node") };
  // A clrk that runs under clrk hands on what the outer one has recorded.
  const recorded = parseRecord(env.CLRK_LAUNCHER_ENV);
  for (const name of Object.keys(overrides)) {
    if (!Object.hasOwn(recorded, name)) recorded[name] = env[name] ?? null;
  }
  return { ...env, ...overrides, CLRK_LAUNCHER_ENV: JSON.stringify(recorded) };
}

function parseRecord(text) {
  try {
    const value = JSON.parse(text ?? "{}");
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    // Not ours: somebody else's variable of this name is overwritten.
    return {};
  }
}

function launch(file, words, env) {
  if (typeof process.execve === "function" && process.platform !== "win32") {
    process.execve(file, [file, ...words], env);
  }
  const child = spawn(file, words, { stdio: "inherit", env });
  const hasTerminal = [0, 1, 2].some((descriptor) => isTerminal(descriptor));
  for (const signal of ["SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT"]) {
    const isSentToBoth = hasTerminal && (signal === "SIGINT" || signal === "SIGQUIT");
    process.on(signal, () => {
      if (!isSentToBoth) child.kill(signal);
    });
  }
  child.on("error", (error) => stop(`Cannot start "${file}": ${error.message}`, []));
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    // End as the child ended, so that a shell sees the signal; a handled one would not end us.
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
    // Signals that are ignored or that end nothing must not leave us behind.
    setTimeout(() => process.exit(128 + (constants.signals[signal] ?? 0)), 100);
  });
}

function isTerminal(descriptor) {
  return [process.stdin, process.stdout, process.stderr][descriptor]?.isTTY === true;
}

function stop(message, help) {
  process.stderr.write(`${[message, ...help].join("\n")}\n`);
  process.exitCode = 1;
}
