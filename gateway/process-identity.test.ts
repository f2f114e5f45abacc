/** Tests that a process is told apart from another one that got its id. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import t from "tap";
import {
  hasEnded,
  isSameProcessAlive,
  maySameProcessLive,
  processIdentity,
} from "./process-identity.ts";

/** Above the largest process id of Linux (proc(5)). */
const nobody = 4_194_305;

const notLinux = process.platform === "linux" ? false : "/proc is of Linux";

t.test("processIdentity() is the same for as long as a process lives", async (t) => {
  const own = processIdentity(process.pid);
  t.match(own, new RegExp(`^${process.pid} \\S+$`));
  t.equal(processIdentity(process.pid), own);
  t.equal(processIdentity(nobody), `${nobody} `);
});

t.test("isSameProcessAlive() is false for another process of that id", async (t) => {
  const child = spawn(process.execPath, ["-e", "process.stdin.resume()"], {
    stdio: ["pipe", "ignore", "ignore"],
  });
  t.teardown(() => child.kill());
  await once(child, "spawn");
  const identity = processIdentity(child.pid ?? 0);
  t.equal(isSameProcessAlive(identity), true);
  t.equal(isSameProcessAlive(`${child.pid} 1`), false, "began at another time");
  t.equal(isSameProcessAlive(`${child.pid} `), false);
  child.stdin.end();
  await once(child, "exit");
  t.equal(isSameProcessAlive(identity), false);
});

t.test(
  "a process that was killed and not waited for does not live",
  { skip: notLinux },
  async (t) => {
    // It never asks for the end of its child.
    const parent = spawn("/bin/sh", ["-c", "sleep 60 & echo $!; exec sleep 60"], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    t.teardown(() => parent.kill());
    const [line] = await once(parent.stdout, "data");
    const child = Number(String(line));
    t.teardown(() => process.kill(child, "SIGKILL"));
    const identity = processIdentity(child);
    t.equal(isSameProcessAlive(identity), true);
    t.equal(maySameProcessLive(identity), true);
    process.kill(child, "SIGKILL");
    while (!/\) Z /.test(readFileSync(`/proc/${child}/stat`, "utf8"))) {
      await new Promise(setImmediate);
    }
    t.equal(isSameProcessAlive(identity), false);
    t.equal(maySameProcessLive(identity), false);
  },
);

t.test("hasEnded() is false for a process whose first thread alone has ended", async (t) => {
  // proc(5): state, 16 fields, the number of threads
  const statOf = (state: string, threads: number) =>
    [state, ...Array(16).fill("1"), String(threads), "0", "900"] as const;
  t.equal(hasEnded(statOf("Z", 1)), true);
  t.equal(hasEnded(statOf("Z", 2)), false);
  t.equal(hasEnded(statOf("S", 1)), false);
  t.equal(hasEnded(statOf("X", 1)), true);
});

t.test("isSameProcessAlive() is false for what is no identity", async (t) => {
  for (const text of ["", " ", "x", "0 1", "-1 1", `${nobody} `]) {
    t.equal(isSameProcessAlive(text), false, `"${text}"`);
  }
});
