/** Tests how processes are told apart, and what is read of their memory. */
import t from "tap";
import { nameOf, parseRollup } from "./idle-dev.ts";

const commands = [
  {
    want: "dev",
    command: ["node", "--expose-gc", "/x/dist/control/cli/main.js", "dev", "-f", "p"],
  },
  { want: "control", command: ["node", "/x/control/main.ts", "--file", "p"] },
  { want: "gateway", command: ["node", "/x/gateway/main.ts", "--feed", "/h/control/feed.sock"] },
  { want: "store", command: ["node", "/x/dist/control/telemetry/store-main.js", "/h/telemetry"] },
  { want: "launcher", command: ["node", "/x/bin/clrk.mjs", "dev"] },
  { want: "envoy", command: ["/cache/clrk/envoy", "-c", "b.json", "--drain-time-s", "1"] },
  { want: "other", command: ["sh", "-c", "true"] },
];

for (const { want, command } of commands) {
  t.test(`nameOf() knows ${want}`, async (test) => {
    test.equal(nameOf(command), want);
  });
}

t.test("parseRollup() reads both figures in MiB", async (test) => {
  const text = "0-1 ---p 0 00:00 0 [rollup]\nRss:           57600 kB\nPss:           20480 kB\n";
  test.same(parseRollup(text), { rssMib: 56.25, pssMib: 20 });
  test.throws(() => parseRollup("Rss: 1 kB\n"), { message: "Cannot read memory: there is no Pss" });
});
