/**
 * A gateway process as it can be looked for later, by whoever has the same home directory: which home, which life of the
 * machine, which process in it. Invariant: nobody takes a gateway for gone of whose machine it knows nothing.
 */

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, readlinkSync, realpathSync } from "node:fs";
import { maySameProcessLive, processIdentity } from "./process-identity.ts";

/** Names a gateway process. */
export interface GatewayIdentity {
  /**
   * Names the home directory together with its machine, 32 hexadecimal digits. Where the machine has no id of its own, or
   * may share it (a container), it is another one after each start.
   */
  readonly home: string;
  /** Names the life of the machine since it was started, 32 hexadecimal digits */
  readonly boot: string;
  /** As `processIdentity()` gives it */
  readonly process: string;
}

/** What becomes of a gateway process; `unknown` for one of another home or machine. */
export type GatewayLife = "lives" | "gone" | "unknown";

/** What the system says of itself. */
export interface MachineFacts {
  /** Of this life of the machine; empty where it cannot be told */
  readonly boot: string;
  /** Names the processes that can be seen from here; empty where there is one such space */
  readonly processSpace: string;
  /** Of the machine over all its lives; empty where it has none, or it may be that of others too */
  readonly machine: string;
}

/** The process ids of a machine itself: containers have others (include/linux/proc_ns.h, PROC_PID_INIT_INO). */
const HOST_PROCESS_SPACE = "pid:[4026531836]";

/** Of a process, or undefined where the system does not tell what would name it. */
export function gatewayIdentity(
  home: string,
  processId: number,
  facts: MachineFacts = machineFacts(),
): GatewayIdentity | undefined {
  const place = placeOf(home, facts);
  return place && { ...place, process: processIdentity(processId) };
}

/**
 * What tells whether gateways of a home live. A process is gone where the machine was started anew since, or when none of
 * its id and beginning is there; where that cannot be seen it lives. `mayLive` is injected for tests.
 */
export function gatewayLookout(
  home: string,
  facts: MachineFacts = machineFacts(),
  mayLive: (process: string) => boolean = maySameProcessLive,
): (identity: GatewayIdentity) => GatewayLife {
  const own = placeOf(home, facts);
  return ({ home, boot, process }) => {
    if (own === undefined || home !== own.home) return "unknown";
    // The same home in another life: the machine is known to be the same.
    return boot === own.boot && mayLive(process) ? "lives" : "gone";
  };
}

function placeOf(home: string, facts: MachineFacts): Omit<GatewayIdentity, "process"> | undefined {
  const { boot, processSpace, machine } = facts;
  if (boot === "") return undefined;
  const life = machine === "" ? [boot, processSpace] : [];
  return {
    home: digest(["home", realPath(home), machine, ...life]),
    boot: digest(["boot", boot]),
  };
}

/** Ids of machines are not for others (machine-id(5)), and names of folders tell of people. */
function digest(parts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 32);
}

function realPath(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    // Whoever uses the folder will tell what is wrong with it.
    return folder;
  }
}

/** Of this machine, now. Clones of a machine count as one unless each was given its own id, as machine-id(5) demands. */
function machineFacts(): MachineFacts {
  if (process.platform !== "linux") return factsByCommand();
  const processSpace = reading(() => readlinkSync("/proc/self/ns/pid"));
  const id = reading(() => readFileSync("/etc/machine-id", "utf8").trim());
  return {
    boot: reading(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()),
    processSpace,
    // Images of containers may bring an id, which is then that of many.
    machine: processSpace === HOST_PROCESS_SPACE && /^[0-9a-f]{32}$/.test(id) ? id : "",
  };
}

/** Where there is no such file system (macOS): sysctl(8). */
function factsByCommand(): MachineFacts {
  const { stdout, status } = spawnSync(
    "/usr/sbin/sysctl",
    ["-n", "kern.bootsessionuuid", "kern.uuid"],
    { encoding: "utf8", timeout: 2_000 },
  );
  const [boot = "", machine = ""] = status === 0 ? stdout.trim().split("\n") : [];
  return { boot, processSpace: "", machine };
}

function reading(read: () => string): string {
  try {
    return read();
  } catch {
    // Not told here: then nothing is concluded from it.
    return "";
  }
}
