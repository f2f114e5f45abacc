/** Unit tests of the installation: its order, what a failure stops, and what is not done twice. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import t from "tap";
import { peerPaths, peerVersions } from "./peers.ts";
import { peerSetups, runCommand, setupPeers } from "./setup-peers.ts";
import type { Command, PeerSetup, SetupOutcome, SetupTools } from "./setup-peers.ts";

const names = ["mitmproxy", "mockttp", "grpc-go", "portkey", "litellm"];

function recorded(setups: readonly PeerSetup[], fails: (peer: string) => string | undefined) {
  const commands: string[] = [];
  const outcomes: SetupOutcome[] = [];
  let current = "";
  const tools: SetupTools = {
    onCommand(peer, { words }) {
      current = peer;
      commands.push(`${peer}: ${words[0]}`);
    },
    async run() {
      const failure = fails(current);
      if (failure !== undefined) throw new Error(failure);
      const program = setups.find(({ peer }) => peer === current)?.program ?? "";
      mkdirSync(dirname(program), { recursive: true });
      writeFileSync(program, "");
    },
    onOutcome: (outcome) => outcomes.push(outcome),
  };
  return { commands, outcomes, tools };
}

t.test("peerSetups() pins every version and writes into the cache directory", async (t) => {
  const setups = peerSetups(peerPaths({ CLRK_BENCH_PEERS: "/p" }));
  t.same(
    setups.map(({ peer }) => peer),
    names,
  );
  const last = (command: Command | undefined) => command?.words.at(-1);
  t.same(
    setups.map(({ commands }) => last(commands.at(-1))),
    [
      "mitmproxy==11.0.2",
      "mockttp@4.6.5",
      "/p/ext-proc-grpc-go",
      "@portkey-ai/gateway@1.15.2",
      "litellm[proxy]==1.102.4",
    ],
  );
  for (const { directory, peer, program, version } of setups) {
    t.ok(directory.startsWith("/p") && program.startsWith("/p/"), peer);
    t.ok(Object.values<string>(peerVersions).includes(version), `${peer} ${version}`);
  }
});

t.test("peerSetups() builds grpc-go at the version that is reported", async (t) => {
  const module = new URL("./ext-proc-grpc-go/go.mod", import.meta.url);
  const lines = readFileSync(module, "utf8").split("\n");
  t.ok(lines.includes(`\tgoogle.golang.org/grpc v${peerVersions.grpcGo}`));
});

t.test("setupPeers() goes on with the next peer when one fails", async (t) => {
  const setups = peerSetups(peerPaths({ CLRK_BENCH_PEERS: t.testdir({}) }));
  const fails = (peer: string) => (peer === "mitmproxy" ? "no python3" : undefined);
  const { commands, outcomes, tools } = recorded(setups, fails);
  const result = await setupPeers(setups, tools);
  t.same(commands.slice(0, 4), [
    "mitmproxy: python3",
    "mockttp: npm",
    "grpc-go: go",
    "portkey: npm",
  ]);
  t.same(commands.slice(4, 5), ["litellm: python3"]);
  t.equal(commands.length, 6);
  t.same(result, [
    { peer: "mitmproxy", kind: "failed", failure: "no python3" },
    ...names.slice(1).map((peer) => ({ peer, kind: "installed" })),
  ]);
  t.same(outcomes, result, "each is told when it is done");
});

t.test("setupPeers() does nothing twice except what is built from our own source", async (t) => {
  const root = t.testdir({});
  const setups = peerSetups(peerPaths({ CLRK_BENCH_PEERS: root }));
  const none = () => undefined;
  await setupPeers(setups, recorded(setups, none).tools);
  const again = recorded(setups, none);
  await setupPeers(setups, again.tools);
  t.same(again.commands, ["grpc-go: go"]);
  t.same(
    again.outcomes.map(({ kind }) => kind),
    ["present", "present", "installed", "present", "present"],
  );
  const changed = setups.map((setup) =>
    setup.peer === "portkey" ? { ...setup, manifest: { private: true } } : setup,
  );
  const other = recorded(changed, none);
  await setupPeers(changed, other.tools);
  t.same(other.commands, ["grpc-go: go", "portkey: npm"], "another version of the setup");
});

t.test("setupPeers() writes the manifest that npm needs", async (t) => {
  const paths = peerPaths({ CLRK_BENCH_PEERS: t.testdir({}) });
  const setups = peerSetups(paths);
  await setupPeers(setups, recorded(setups, () => undefined).tools);
  const read = (directory: string) => readFileSync(join(directory, "package.json"), "utf8");
  t.same(JSON.parse(read(paths.mockttpDirectory)), { private: true });
  t.same(JSON.parse(read(paths.portkeyDirectory)), {
    private: true,
    overrides: { "@hono/node-server": "1.13.8" },
  });
});

t.test("setupPeers() fails a peer whose commands left no program", async (t) => {
  const setups = peerSetups(peerPaths({ CLRK_BENCH_PEERS: t.testdir({}) })).slice(0, 1);
  const tools = { ...recorded(setups, () => undefined).tools, run: async () => {} };
  const [outcome] = await setupPeers(setups, tools);
  t.match(outcome, { kind: "failed", failure: /^ENOENT: / });
});

t.test("runCommand() says what is missing and what a program said last", async (t) => {
  const directory = t.testdir({});
  await t.rejects(
    runCommand({ words: ["clrk-no-such-program", "x"], directory }),
    new Error('Cannot run "clrk-no-such-program x": clrk-no-such-program is not installed'),
  );
  const script = "for i in 1 2 3 4 5 6 7 8 9; do echo line $i >&2; done; exit 3";
  await t.rejects(runCommand({ words: ["sh", "-c", script], directory }), {
    message: /: it failed:\nline 2\n(line \d\n){6}line 9$/,
  });
  await t.resolves(runCommand({ words: ["true"], directory }));
});
