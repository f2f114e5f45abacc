/** Unit tests of how Portkey is asked and when it is left out. */
import t from "tap";
import { ownNetworkVariable } from "../load/own-network.ts";
import { peerPaths } from "./peers.ts";
import { createPortkey, portkeyHeaders } from "./portkey.ts";

const paths = peerPaths({ CLRK_BENCH_PEERS: "/nowhere" });

t.test("createPortkey() takes part only where nobody else reaches it", async (t) => {
  const outside = await createPortkey(paths, {}).find();
  t.match(outside, { kind: "absent", reason: /^it listens on all addresses/ });
  const inside = await createPortkey(paths, { [ownNetworkVariable]: "1" }).find();
  t.match(inside, { kind: "absent", reason: "not installed: run npm run bench -- setup-peers" });
});

t.test("portkeyHeaders() name the host that calls are passed on to", async (t) => {
  const api = { host: "127.0.0.1", port: 4711 };
  t.same(portkeyHeaders(api, "tls"), [
    "x-portkey-provider: openai",
    "x-portkey-custom-host: https://127.0.0.1:4711/v1",
    "authorization: Bearer bench-openai-0123456789abcdef",
  ]);
  t.equal(portkeyHeaders(api, "plain")[1], "x-portkey-custom-host: http://127.0.0.1:4711/v1");
  t.same(
    [createPortkey(paths, {}).api, createPortkey(paths, {}, "plain").name],
    ["tls", "portkey-plain"],
  );
});
