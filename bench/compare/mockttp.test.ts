/** Unit tests of the mockttp contender. */
import t from "tap";
import { createMockttp, parsePort } from "./mockttp.ts";
import { peerPaths } from "./peers.ts";

t.test("parsePort() reads the line of the script only", async (t) => {
  t.equal(parsePort("(node:1) Warning: x\nport 8000\n"), 8_000);
  for (const text of ["", "port", "port x", "export 80", "port 80 and more"]) {
    t.equal(parsePort(text), undefined, text);
  }
});

t.test("find() says how to install it when it is absent", async (t) => {
  const contender = createMockttp(peerPaths({ CLRK_BENCH_PEERS: "/nowhere" }));
  t.same(contender.modes, ["connect"]);
  t.same(await contender.find(), {
    kind: "absent",
    reason: "not installed: run npm run bench -- setup-peers",
  });
});
