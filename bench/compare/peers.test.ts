/** Unit tests of where peers are installed. */
import t from "tap";
import { peerPaths } from "./peers.ts";

t.test("peerPaths() follows the environment in order", async (t) => {
  t.equal(peerPaths({ CLRK_BENCH_PEERS: "/p", XDG_CACHE_HOME: "/c" }).root, "/p");
  t.equal(peerPaths({ XDG_CACHE_HOME: "/c" }).root, "/c/clrk/bench-peers");
  t.match(peerPaths({}).root, /\/\.cache\/clrk\/bench-peers$/);
  t.equal(peerPaths({ CLRK_BENCH_PEERS: "/p" }).mitmdump, "/p/mitmproxy/bin/mitmdump");
  t.equal(peerPaths({ CLRK_BENCH_PEERS: "/p" }).mockttpModule, "/p/mockttp/node_modules/mockttp");
  t.equal(peerPaths({ CLRK_BENCH_PEERS: "/p" }).grpcGoServer, "/p/ext-proc-grpc-go");
});
