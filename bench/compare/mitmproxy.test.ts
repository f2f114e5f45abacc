/** Unit tests of how mitmdump is run: nothing that costs and that a gateway would not do. */
import t from "tap";
import { createMitmproxy, findPeer, mitmdumpArguments } from "./mitmproxy.ts";
import { peerPaths } from "./peers.ts";

t.test("mitmdumpArguments() turn off what is not proxying and verify the upstream", async (t) => {
  const args = mitmdumpArguments(
    {
      mode: "connect",
      upstream: { host: "127.0.0.1", port: 7 },
      authority: { caPem: "", caFile: "/ca.pem", certificateFile: "", keyFile: "" },
      wildcards: [],
      serverNames: [],
      directory: "/scratch",
    },
    "/scratch/port",
  );
  const settings = args.filter((_, index) => args[index - 1] === "--set");
  t.ok(args.includes("--quiet"));
  for (const setting of [
    "flow_detail=0",
    "connection_strategy=lazy",
    "upstream_cert=false",
    "ssl_verify_upstream_trusted_ca=/ca.pem",
    "bench_upstream_port=7",
    "confdir=/scratch/mitmproxy",
  ]) {
    t.ok(settings.includes(setting), setting);
  }
  t.notMatch(args.join(" "), "ssl_insecure");
});

t.test("find() says how to install it when it is absent", async (t) => {
  const contender = createMitmproxy(peerPaths({ CLRK_BENCH_PEERS: "/nowhere" }));
  t.same(await contender.find(), {
    kind: "absent",
    reason: "not installed: run npm run bench -- setup-peers",
  });
});

t.test("findPeer() gives the version when the file is there", async (t) => {
  t.same(await findPeer(process.execPath, "1.2.3"), { kind: "ready", version: "1.2.3" });
});
