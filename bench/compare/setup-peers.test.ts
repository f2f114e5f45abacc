/** Unit tests of the installation's order and of what a failure stops. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { peerPaths, peerVersions } from "./peers.ts";
import { setupPeers, setupSteps } from "./setup-peers.ts";

t.test("setupSteps() pins every version and writes into the cache directory", async (t) => {
  const paths = peerPaths({ CLRK_BENCH_PEERS: "/p" });
  const steps = setupSteps(paths);
  t.same(
    steps.map((step) => step.command.at(-1)),
    ["/p/mitmproxy", "mitmproxy==11.0.2", "mockttp@4.6.5", "/p/ext-proc-grpc-go"],
  );
  for (const { command, directory } of steps) {
    t.ok(directory.startsWith("/p") || command.includes("-o"), command.join(" "));
  }
});

t.test("setupSteps() builds grpc-go at the version that is reported", async (t) => {
  const module = new URL("./ext-proc-grpc-go/go.mod", import.meta.url);
  const lines = readFileSync(module, "utf8").split("\n");
  t.ok(lines.includes(`\tgoogle.golang.org/grpc v${peerVersions.grpcGo}`));
});

t.test("setupPeers() goes on with the next peer when one fails", async (t) => {
  const root = t.testdir({});
  const ran: string[] = [];
  const outcomes = await setupPeers(peerPaths({ CLRK_BENCH_PEERS: root }), async (step) => {
    ran.push(step.command[0]);
    if (step.peer === "mitmproxy") throw new Error("no python3");
  });
  t.same(ran, ["python3", "npm", "go"]);
  t.same(outcomes, [
    { peer: "mitmproxy", failure: "no python3" },
    { peer: "mockttp" },
    { peer: "grpc-go" },
  ]);
  t.equal(readFileSync(join(root, "mockttp", "package.json"), "utf8"), '{ "private": true }\n');
});
