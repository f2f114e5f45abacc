/** Small file systems of a test's own, which it can fill. */
import { execFileSync } from "node:child_process";
import { temporaryDirectory } from "./processes.ts";
import type { TestScope } from "./processes.ts";

/** Mounts one of so much memory (`256k`) on a directory until the end of the test; `mode` is that of its root. */
export function mountMemory(
  scope: TestScope,
  directory: string,
  { size, mode = "1777" }: { readonly size: string; readonly mode?: string },
): void {
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size},mode=${mode}`, "tmpfs", directory]);
  scope.teardown(() => execFileSync("umount", ["-l", directory]));
}

/** Why none can be mounted here; undefined when it can. */
export function findMountObstacle(scope: TestScope): string | undefined {
  if (process.getuid?.() !== 0) return "needs root";
  const directory = temporaryDirectory(scope);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=16k", "tmpfs", directory], {
      stdio: "ignore",
    });
    execFileSync("umount", [directory], { stdio: "ignore" });
    return undefined;
  } catch {
    return "needs root with the right to mount";
  }
}
