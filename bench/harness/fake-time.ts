/** A clock of its own for a process, which a test moves while it runs; by libfaketime. */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Where Debian puts it; for processes with several threads. */
const libraries = [
  "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
  "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
];

/** The library, or undefined where the machine has none (`apt-get install libfaketime`). */
export function findFakeTime(): string | undefined {
  return libraries.find((path) => existsSync(path));
}

/** A clock that a test moves. */
export interface FakeClock {
  /** What the process is started with */
  readonly environment: Readonly<Record<string, string>>;
  /** Sets how far the process is ahead of (or, below 0, behind) the machine, in seconds. */
  moveTo(offsetSeconds: number): void;
}

/** A clock that is right until it is moved; its file is in `directory`. The time that only passes is never moved. */
export function createFakeClock(library: string, directory: string): FakeClock {
  const file = join(directory, "clock");
  const moveTo = (offsetSeconds: number): void => {
    writeFileSync(file, `${offsetSeconds < 0 ? "-" : "+"}${Math.abs(offsetSeconds)}\n`);
  };
  moveTo(0);
  return {
    environment: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    },
    moveTo,
  };
}
