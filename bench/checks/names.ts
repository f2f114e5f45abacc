/**
 * Names: of files and directories, of exported identifiers, and names of machines that must not be in any file.
 * Only the words that no other meaning needs are refused; the rest of the vocabulary is for reviewers.
 */
import { findExports } from "./exports.ts";
import type { SourceFile } from "./source-file.ts";

/** One sentence for each path that is not named after the one thing it holds; other languages have their own ways. */
export function checkPaths(paths: readonly string[]): string[] {
  return paths.flatMap((path) => {
    const parts = path.split("/").filter((part) => part !== "");
    const isForeign = /\.(?:proto|py)$/.test(path);
    const isHidden = parts.some((part) => part.startsWith("."));
    if (parts.includes("testdata") || isHidden || isForeign) return [];
    return parts.flatMap((part, index) => {
      const isFile = index === parts.length - 1;
      return checkPart(part, isFile).map((problem) => `${path}: ${problem}`);
    });
  });
}

/** One sentence, led by `path:line`, for each exported identifier that uses a word of the wrong vocabulary. */
export function checkIdentifiers(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) =>
    findExports(file).flatMap(({ name, line }) => {
      return judgeIdentifier(name).map((problem) => `${file.path}:${line}: ${name}: ${problem}`);
    }),
  );
}

/** A text file with its path from the repository root. */
export interface TextFile {
  readonly path: string;
  readonly text: string;
}

/**
 * One sentence, led by `path:line`, for each line that names a place that exists on one machine only:
 * a home or work directory, or one of `hosts`. A lock file may name no download address at all.
 */
export function checkMachines(files: readonly TextFile[], hosts: readonly string[]): string[] {
  return files.flatMap(({ path, text }) => {
    const isLock = path.endsWith("package-lock.json");
    return text.split("\n").flatMap((line, index) => {
      const problems = [
        ...machinePaths.filter(({ pattern }) => pattern.test(line)).map(({ name }) => name),
        ...hosts.filter((host) => line.includes(host)).map(() => "host of a package registry"),
        ...(isLock && /"resolved": "https?:/.test(line) ? ["resolved host in a lock file"] : []),
      ];
      return problems.map((problem) => `${path}:${index + 1}: ${problem}`);
    });
  });
}

/** Hosts of the package registries and proxies that the environment points at; public defaults are no secret. */
export function registryHosts(env: Readonly<Record<string, string | undefined>>): string[] {
  const publicHosts = new Set(["registry.npmjs.org", "pypi.org", "proxy.golang.org", "localhost"]);
  const names = ["npm_config_registry", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "GOPROXY"];
  const addresses = names.flatMap((name) => (env[name] ?? "").split(/[\s,|]+/));
  return addresses
    .map((address) => (URL.canParse(address) ? new URL(address).hostname : ""))
    .filter((host) => host.includes(".") && !publicHosts.has(host));
}

const emptyNames = new Set([
  "utils",
  "util",
  "common",
  "helpers",
  "helper",
  "types",
  "misc",
  "shared",
  "lib",
]);
/** Files whose names tools fix. */
const fixedNames = /^(?:[A-Z][A-Z-]*(?:\.md)?|package(?:-lock)?\.json|tsconfig(?:\.\w+)?\.json)$/;
const kebabCase = /^[a-z\d]+(?:-[a-z\d]+)*(?:\.[a-z\d-]+)*$/;

function checkPart(part: string, isFile: boolean): string[] {
  const stem = isFile ? part.replace(/\..*$/, "") : part;
  if (emptyNames.has(stem)) return [`"${part}" says nothing about what it holds`];
  if (isFile && /^index\.[cm]?[jt]s$/.test(part)) return [`"${part}" is a barrel`];
  if (!isFile && /^(?:test|tests|__tests__)$/.test(part))
    return [`tests stand beside their subject`];
  if (isFile && fixedNames.test(part)) return [];
  return kebabCase.test(part) ? [] : [`"${part}" is not kebab-case`];
}

/** Word and what to say instead. */
const refusedWords = new Map([
  ["eg", "EgressGateway or Envoy Gateway, written out"],
  ["inbound", "downstream"],
  ["outbound", "upstream"],
  ["vendor", "provider"],
  ["helper", "what it does"],
  ["blacklist", "deny"],
  ["whitelist", "allow"],
  ["blocklist", "deny"],
]);

/** Names of Envoy's own parts. */
const properNames = /\bconnection manager$/;

/** Empty as a last word, although it may qualify another one. */
const refusedEndings = new Set(["data", "info", "manager", "helper", "stuff", "thing"]);

const refusedPhrases = new Map([
  ["fake cert", "leaf"],
  ["host cert", "leaf"],
  ["prompt tokens", "input tokens"],
  ["completion tokens", "output tokens"],
  ["stop cause", "finish reason"],
  ["sync loop", "reconcile"],
  ["secret swap", "injection"],
]);

function judgeIdentifier(name: string): string[] {
  const words = name
    .replace(/([a-z\d])([A-Z])/g, "$1 $2")
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1 $2")
    .toLowerCase()
    .split(/[\s_]+/);
  const spaced = words.join(" ");
  const last = words.at(-1) ?? "";
  return [
    ...words
      .filter((word) => refusedWords.has(word))
      .map((word) => `"${word}", say ${refusedWords.get(word)}`),
    ...(words.length > 1 && refusedEndings.has(last) && !properNames.test(spaced)
      ? [`"${last}" says nothing`]
      : []),
    ...[...refusedPhrases]
      .filter(([phrase]) => spaced.includes(phrase))
      .map(([phrase, better]) => `"${phrase}", say ${better}`),
  ];
}

/** Put together from pieces, so that this file does not contain what it looks for. */
const machinePaths = [
  {
    name: "home directory of one machine",
    pattern: /\/(?:home|Users)\/(?!user\/|me\/|you\/|agent\/)[a-z]\w*\//,
  },
  { name: "home directory of root", pattern: new RegExp(`(?<![\\w.$}])/${"root"}/`) },
  {
    name: "work directory of one machine",
    pattern: new RegExp(`(?<![\\w.$}])/${"work"}/(?:main|shared)`),
  },
  { name: "temporary file of one machine", pattern: new RegExp(`/${"tmp"}/envoy/`) },
];
