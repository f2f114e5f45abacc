/** Unit tests of the machine's own account, from texts laid out as in the manual page of /proc/stat. */
import t from "tap";
import { describeMachine, otherWorkShare, parseMachineTime, readMachineTime } from "./machine.ts";

t.test("parseMachineTime() counts guest time once and waiting as idle", async (t) => {
  const stat = "cpu  10 1 20 60 5 2 1 1 999 999\ncpu0 1 1 1 1 1 1 1 1 0 0\nintr 5\n";
  t.same(parseMachineTime(stat), { allMicros: 1_000_000, busyMicros: 350_000 });
});

t.test("parseMachineTime() rejects a text without totals", async (t) => {
  for (const text of ["", "cpu0 1 2 3 4 5 6 7 8\n", "cpu  1 2\n", "cpu  a b c d e f g h\n"]) {
    t.throws(() => parseMachineTime(text), new Error("Cannot read /proc/stat: no line of totals"));
  }
});

t.test("otherWorkShare() is what neither idled nor was ours", async (t) => {
  const before = { allMicros: 0, busyMicros: 0 };
  t.equal(otherWorkShare(before, { allMicros: 1_000, busyMicros: 700 }, 500), 0.2);
  t.equal(otherWorkShare(before, { allMicros: 1_000, busyMicros: 300 }, 500), 0, "tick error");
  t.equal(otherWorkShare(before, before, 0), 0, "no time passed");
});

t.test("readMachineTime() and describeMachine() read this machine", async (t) => {
  const time = readMachineTime();
  t.ok(time.busyMicros > 0 && time.allMicros > time.busyMicros);
  const machine = describeMachine();
  t.ok(machine.cpus >= 1 && machine.memoryGib >= 1 && machine.kernel.startsWith("Linux "));
});
