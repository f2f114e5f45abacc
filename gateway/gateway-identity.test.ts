/** Tests by what gateway processes are known, and which of them count as gone. */
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { MachineFacts } from "./gateway-identity.ts";
import { gatewayIdentity, gatewayLookout } from "./gateway-identity.ts";

const host: MachineFacts = { boot: "first", processSpace: "host", machine: "desk" };
const anew = { ...host, boot: "second" };
const container = { ...host, processSpace: "container", machine: "" };

/** Above the largest process id of Linux (proc(5)). */
const nobody = 4_194_305;

function identityOf(home: string, facts: MachineFacts, processId = process.pid) {
  const identity = gatewayIdentity(home, processId, facts);
  if (identity === undefined) throw new TypeError("Cannot name the process");
  return identity;
}

t.test("a process of this machine lives as long as it is there", async (t) => {
  const home = t.testdir();
  const look = gatewayLookout(home);
  const own = gatewayIdentity(home, process.pid);
  if (own === undefined) throw new TypeError("Cannot name the process");
  t.match(own, { home: /^[0-9a-f]{32}$/, boot: /^[0-9a-f]{32}$/ });
  t.equal(look(own), "lives");
  t.equal(look({ ...own, process: `${process.pid} 1` }), "gone", "another has its id since");
  t.equal(look({ ...own, process: `${nobody} 1` }), "gone");
  t.equal(look({ ...own, process: `${process.pid} ` }), "lives", "nobody knows when it began");
});

t.test("a home is known by its folder, whatever leads there", async (t) => {
  const root = t.testdir();
  const [home, other, link] = [join(root, "a"), join(root, "b"), join(root, "c")];
  mkdirSync(home);
  mkdirSync(other);
  symlinkSync(home, link);
  const look = gatewayLookout(home, host);
  t.equal(look(identityOf(link, host, nobody)), "gone");
  t.equal(look(identityOf(other, host, nobody)), "unknown");
});

t.test("the next life of a machine has none of the processes before", async (t) => {
  const home = t.testdir();
  const look = gatewayLookout(home, anew, () => true);
  t.equal(look(identityOf(home, host)), "gone");
  t.equal(look(identityOf(home, anew)), "lives");
});

t.test("nothing is known of other machines and containers", async (t) => {
  const home = t.testdir();
  const dead = () => false;
  const cases: readonly (readonly [string, MachineFacts, MachineFacts])[] = [
    ["another machine", host, { ...anew, machine: "lap" }],
    ["a container on the machine", container, host],
    ["another container", container, { ...container, processSpace: "other" }],
    ["a container elsewhere, or after a start", container, { ...container, boot: "second" }],
    ["a machine that does not tell", host, { ...host, boot: "" }],
  ];
  for (const [what, then, now] of cases) {
    t.equal(gatewayLookout(home, now, dead)(identityOf(home, then)), "unknown", what);
  }
  t.equal(gatewayLookout(home, container, dead)(identityOf(home, container)), "gone");
  t.equal(gatewayIdentity(home, process.pid, { ...host, boot: "" }), undefined);
});

t.test("an identity tells neither the machine nor the folder", async (t) => {
  const home = t.testdir();
  t.notMatch(JSON.stringify(identityOf(home, host)), /desk|first|testdir/);
});
