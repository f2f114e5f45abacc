/** Unit tests of the installation's order and of what a failure stops. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { peerPaths } from "./peers.ts";
import { setupPeers, setupSteps } from "./setup-peers.ts";

t.test("setupSteps() pins every version and stays in the cache directory", async (t) => {
  const paths = peerPaths({ CLRK_BENCH_PEERS: "/p" });
  const steps = setupSteps(paths);
  t.same(
    steps.map((step) => step.command.at(-1)),
    ["/p/mitmproxy", "mitmproxy==11.0.2", "mockttp@4.6.5"],
  );
  for (const step of steps) t.ok(step.directory.startsWith("/p"));
});

t.test("setupPeers() goes on with the next peer when one fails", async (t) => {
  const root = t.testdir({});
  const ran: string[] = [];
  const outcomes = await setupPeers(peerPaths({ CLRK_BENCH_PEERS: root }), async (step) => {
    ran.push(step.command[0]);
    if (step.peer === "mitmproxy") throw new Error("no python3");
  });
  t.same(ran, ["python3", "npm"]);
  t.same(outcomes, [{ peer: "mitmproxy", failure: "no python3" }, { peer: "mockttp" }]);
  t.equal(readFileSync(join(root, "mockttp", "package.json"), "utf8"), '{ "private": true }\n');
});
