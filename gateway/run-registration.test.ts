/** What a command is told of its run. */
import t from "tap";
import { runRegistration } from "./run-registration.ts";

t.test("runRegistration() writes the proxy's URL, of IPv6 addresses too", async (test) => {
  const run = { runId: "r", invocationId: "i", gateway: "default/egress" };
  const trust = { bundle: "/b", directory: "/d" };
  const of = (address: string) =>
    runRegistration(run, "token", { proxy: { address, port: 4100 }, trust });
  test.same(of("127.0.0.1"), { ...run, trust, proxyUrl: "http://r:token@127.0.0.1:4100" });
  test.equal(of("::1").proxyUrl, "http://r:token@[::1]:4100");
});
