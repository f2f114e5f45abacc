/**
 * What an explicit proxy cannot catch of a command, said before it runs: programs use a proxy because they are
 * asked to, so this is a convenience, and the user must know where it ends.
 * Invariant: a line is given only where it applies; looking never runs the user's program.
 */
import { execFile } from "node:child_process";
import { access, constants, open } from "node:fs/promises";
import { basename, delimiter, resolve } from "node:path";
import { promisify } from "node:util";
import { isJavaCommand, withoutWrappers } from "./java-trust-store.ts";

/** What is known of a command without running it. */
export interface CommandFacts {
  /** What interprets or was compiled into it */
  readonly runtime: "node" | "java" | "python" | "go" | "unknown";
  /** `major.minor.patch`, when the runtime is Node and could be asked */
  readonly nodeVersion?: string;
  /** Whether the words of the command line mention Java without starting it themselves (`sh -c "java …"`) */
  readonly mentionsJava: boolean;
}

/** How the command will be run. */
export interface CaptureOptions {
  readonly facts: CommandFacts;
  /** Whether the environment holds the Java options */
  readonly hasJavaOptions: boolean;
  /** Hosts reached directly, as given to `agentEnvironment` */
  readonly noProxy: readonly string[];
  /** `process.platform` */
  readonly platform: string;
}

const pythonName = /^python[\d.]*$/;
const versionTimeoutMs = 1000;
// A Go binary's build id note lies right behind its program headers.
const headBytes = 16 * 1024;

/**
 * Returns one short line (at most 80 columns, no full stop) for each gap that applies to the command, most
 * particular first; the last one always applies.
 */
export function captureLimits(options: CaptureOptions): string[] {
  const { facts, hasJavaOptions, noProxy, platform } = options;
  const lines: string[] = [];
  if (facts.runtime === "node") lines.push(...nodeLimits(facts.nodeVersion));
  if ((facts.runtime === "java" || facts.mentionsJava) && !hasJavaOptions) {
    lines.push("Java reads no proxy variables: run it with --java");
  } else if (hasJavaOptions) {
    lines.push("Java's HttpClient and OkHttp send no proxy credential of themselves (407)");
  }
  if (facts.runtime === "python") {
    lines.push("Python's aiohttp ignores proxy variables unless trust_env=True");
  }
  if (facts.runtime === "go") {
    lines.push("Go programs with an http.Transport of their own may connect directly");
    if (platform === "darwin") {
      lines.push("Go on macOS trusts the keychain only: it will refuse intercepted TLS");
    }
  }
  if (noProxy.length > 0) lines.push(`Reached directly, not recorded: ${noProxy.join(", ")}`);
  lines.push("Raw TCP, UDP and QUIC are not seen: only capture in a sandbox is a fence");
  return lines;
}

function nodeLimits(version: string | undefined): string[] {
  const [major, minor] = (version ?? "").split(".").map(Number);
  if (major === undefined || minor === undefined)
    return ["Node: the ws package and http2 connect directly"];
  const name = `Node ${major}.${minor}`;
  if (major < 16) return [`${name} ignores proxy variables and is too old for the preload`];
  const isNative = major > 24 || (major === 24 && minor >= 5) || (major === 22 && minor >= 21);
  if (isNative) {
    return [`${name}: own http.Agents, the ws package and http2 connect directly`];
  }
  const isFetchNative = major === 24;
  return [
    isFetchNative
      ? `${name} uses the proxy for fetch only: a preload covers http and https`
      : `${name} ignores proxy variables: a preload covers http, https and fetch`,
    "Node: the ws package and http2 connect directly",
  ];
}

/**
 * Looks at a command's file and words. Runs nothing but `node --version`, and that only for Node itself and
 * scripts whose first line names it; takes at most about a second, and never rejects: what cannot be found out
 * is `unknown`.
 */
export async function inspectCommand(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<CommandFacts> {
  const [command = ""] = withoutWrappers(argv);
  if (isJavaCommand(argv)) return { runtime: "java", mentionsJava: false };
  const mentionsJava = argv.some((word) => /(^|[\s/;&|])(java|mvn|gradle|sbt)(\s|$)/.test(word));
  const { PATH: searchPath = "" } = environment;
  const path = await findExecutable(command, searchPath);
  if (path === undefined) return { runtime: "unknown", mentionsJava };
  const head = await readHead(path);
  // A name is trusted before a first line: version managers put a shell script in the place of `python` or `node`.
  const name = basename(command);
  const isKnownName = name === "node" || pythonName.test(name);
  const interpreter = isKnownName ? name : (parseInterpreter(head) ?? name);
  if (pythonName.test(interpreter)) return { runtime: "python", mentionsJava };
  if (isGoBinary(head)) return { runtime: "go", mentionsJava };
  if (interpreter !== "node") return { runtime: "unknown", mentionsJava };
  const node = name === "node" ? path : await findExecutable("node", searchPath);
  const nodeVersion = node === undefined ? undefined : await askNodeVersion(node, environment);
  return { runtime: "node", mentionsJava, ...(nodeVersion !== undefined && { nodeVersion }) };
}

async function findExecutable(command: string, searchPath: string): Promise<string | undefined> {
  if (command === "") return undefined;
  const candidates = command.includes("/")
    ? [resolve(command)]
    : searchPath.split(delimiter).map((directory) => resolve(directory, command));
  for (const candidate of candidates) {
    const isExecutable = await access(candidate, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isExecutable) return candidate;
  }
  return undefined;
}

async function readHead(path: string): Promise<Buffer> {
  try {
    await using file = await open(path);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0);
    return buffer.subarray(0, bytesRead);
  } catch {
    return Buffer.alloc(0); // executable but not readable, or a directory: then nothing is known
  }
}

/** Base name of the program in a script's first line, behind `env` and its options; undefined for binaries. */
function parseInterpreter(head: Buffer): string | undefined {
  const [, line] = /^#!([^\n]{1,255})/.exec(head.subarray(0, 260).toString("latin1")) ?? [];
  const [program] = withoutWrappers((line ?? "").trim().split(/\s+/));
  return program === undefined || program === "" ? undefined : basename(program);
}

// ELF note of type 4 named "Go": name size, any size, type, name. See cmd/internal/buildid in Go.
function isGoBinary(head: Buffer): boolean {
  if (!head.subarray(0, 4).equals(Buffer.from("\x7fELF", "latin1"))) return false;
  const note = Buffer.from([4, 0, 0, 0, 0x47, 0x6f, 0, 0]);
  for (let at = head.indexOf(note); at >= 8; at = head.indexOf(note, at + 1)) {
    if (head.readUInt32LE(at - 8) === 4) return true;
  }
  return false;
}

async function askNodeVersion(
  node: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  // No NODE_OPTIONS: the user's may load a program.
  const { NODE_OPTIONS: _, ...env } = environment;
  const asked = promisify(execFile)(node, ["--version"], { env, timeout: versionTimeoutMs });
  const { stdout } = await asked.catch(() => ({ stdout: "" }));
  return /^v(\d+\.\d+\.\d+)/.exec(stdout)?.[1];
}
