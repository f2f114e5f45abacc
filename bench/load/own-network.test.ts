/** Unit tests of the network of a benchmark's own. */
import t from "tap";
import { isInOwnNetwork, ownNetworkVariable } from "./own-network.ts";

t.test("isInOwnNetwork() believes only what the benchmark sets", async (t) => {
  t.equal(isInOwnNetwork({ [ownNetworkVariable]: "1" }), true);
  t.equal(isInOwnNetwork({ [ownNetworkVariable]: "" }), false);
  t.equal(isInOwnNetwork({}), false);
});
