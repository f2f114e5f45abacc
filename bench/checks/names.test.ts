/** Names of files, exports and machines, on bad samples and on this repository. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { checkIdentifiers, checkMachines, checkPaths, registryHosts } from "./names.ts";
import { listFiles, readSources, repositoryRoot } from "./repository.ts";
import { parseSource } from "./source-file.ts";

const rejectedPaths: { path: string; problem: string }[] = [
  { path: "gateway/utils.ts", problem: `"utils.ts" says nothing about what it holds` },
  { path: "gateway/common/a.ts", problem: `"common" says nothing about what it holds` },
  {
    path: "gateway/helpers.test.ts",
    problem: `"helpers.test.ts" says nothing about what it holds`,
  },
  { path: "gateway/types.ts", problem: `"types.ts" says nothing about what it holds` },
  { path: "gateway/index.ts", problem: `"index.ts" is a barrel` },
  { path: "gateway/test/a.ts", problem: "tests stand beside their subject" },
  { path: "gateway/leafCache.ts", problem: `"leafCache.ts" is not kebab-case` },
  { path: "gateway/leaf_cache.ts", problem: `"leaf_cache.ts" is not kebab-case` },
  { path: "gateway/LeafCache.ts", problem: `"LeafCache.ts" is not kebab-case` },
];

for (const { path, problem } of rejectedPaths) {
  t.test(`checkPaths() rejects ${path}`, (t) => {
    t.strictSame(checkPaths([path]), [`${path}: ${problem}`]);
    t.end();
  });
}

t.test("checkPaths() accepts what tools name and what tests hold", (t) => {
  const paths = [
    "gateway/leaf-cache.test.ts",
    "README.md",
    "LICENSE",
    "gateway/proto/envoy/a.b_c.v3.proto",
    "bench/harness/clients/a_client.py",
    "package-lock.json",
    "tsconfig.json",
    ".ci/run",
    "certs/testdata/Some_File.pem",
    "examples/quickstart/index.html",
  ];
  t.strictSame(checkPaths(paths), []);
  t.end();
});

const rejectedNames: { name: string; problem: string }[] = [
  { name: "EGStatus", problem: `"eg", say EgressGateway or Envoy Gateway, written out` },
  { name: "inboundHeaders", problem: `"inbound", say downstream` },
  { name: "findVendor", problem: `"vendor", say provider` },
  { name: "routeHelper", problem: `"helper", say what it does` },
  { name: "LeafManager", problem: `"manager" says nothing` },
  { name: "requestInfo", problem: `"info" says nothing` },
  { name: "mintFakeCertificate", problem: `"fake cert", say leaf` },
  { name: "promptTokens", problem: `"prompt tokens", say input tokens` },
];

for (const { name, problem } of rejectedNames) {
  t.test(`checkIdentifiers() rejects ${name}`, (t) => {
    const problems = checkIdentifiers([parseSource("a.ts", `export const ${name} = 1;`)]);
    t.ok(problems.includes(`a.ts:1: ${name}: ${problem}`), "is among the problems", { problems });
    t.end();
  });
}

t.test("checkIdentifiers() accepts ordinary names and whatever is not exported", (t) => {
  const text =
    "export const httpConnectionManager = 1; export const EgressGateway = 1, b = 2; export type DataPlane = 1; const aManager = 1;";
  t.strictSame(checkIdentifiers([parseSource("a.ts", text)]), []);
  t.end();
});

const rejectedLines: { name: string; text: string; problem: string }[] = [
  {
    name: "a home directory",
    text: `see /${"home"}/alice/x`,
    problem: "home directory of one machine",
  },
  {
    name: "a home directory of macOS",
    text: `/${"Users"}/alice/x`,
    problem: "home directory of one machine",
  },
  { name: "root's home directory", text: `"/${"root"}/.cache"`, problem: "home directory of root" },
  {
    name: "a work directory",
    text: `cd /${"work"}/main`,
    problem: "work directory of one machine",
  },
  {
    name: "a temporary Envoy",
    text: `/${"tmp"}/envoy/pkg`,
    problem: "temporary file of one machine",
  },
  {
    name: "a registry's host",
    text: "https://npm.corp.example/x",
    problem: "host of a package registry",
  },
];

for (const { name, text, problem } of rejectedLines) {
  t.test(`checkMachines() rejects ${name}`, (t) => {
    const problems = checkMachines([{ path: "a.md", text: `\n${text}` }], ["npm.corp.example"]);
    t.strictSame(problems, [`a.md:2: ${problem}`]);
    t.end();
  });
}

t.test("checkMachines() rejects a lock file that names where packages came from", (t) => {
  const text = `"resolved": "https://anywhere.example/tap.tgz"`;
  t.strictSame(checkMachines([{ path: "package-lock.json", text }], []), [
    "package-lock.json:1: resolved host in a lock file",
  ]);
  t.end();
});

t.test("checkMachines() accepts paths that every machine has, and placeholders", (t) => {
  const text = "/usr/bin/env ~/.cache $HOME/.clrk /home/user/x ./root/a a/work/main";
  t.strictSame(checkMachines([{ path: "a.md", text }], []), []);
  t.end();
});

t.test("registryHosts() gives the hosts that only this environment knows", (t) => {
  const env = {
    npm_config_registry: "https://npm.corp.example/",
    PIP_INDEX_URL: "https://pypi.org/simple",
    GOPROXY: "https://go.corp.example,direct",
  };
  t.strictSame(registryHosts(env), ["npm.corp.example", "go.corp.example"]);
  t.strictSame(registryHosts({}), []);
  t.end();
});

t.test("files and directories of the repository are named after what they hold", (t) => {
  t.strictSame(checkPaths(listFiles(repositoryRoot())), []);
  t.end();
});

t.test("exports of the repository use the words of the field", (t) => {
  t.strictSame(checkIdentifiers(readSources(repositoryRoot())), []);
  t.end();
});

t.test("no file of the repository names a place on one machine", (t) => {
  const root = repositoryRoot();
  const files = listFiles(root)
    .map((path) => ({ path, text: readFileSync(join(root, path), "latin1") }))
    .filter(({ text }) => !text.includes("\0"));
  t.strictSame(checkMachines(files, registryHosts(process.env)), []);
  t.end();
});
