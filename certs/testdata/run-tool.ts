/** Runs the foreign programs that tests use as oracles. */
import { spawn, spawnSync } from "node:child_process";

/** Result of a program: its exit code (-1 when it could not start) and both outputs, in order of arrival. */
export interface ToolResult {
  readonly code: number;
  readonly output: string;
}

/** Skip reason when a program is not there, else false: `t.test(name, { skip: needs("go") }, …)`. */
export function needs(tool: string): string | false {
  const flag = tool === "go" ? "version" : tool === "java" ? "-version" : "--version";
  const probe = spawnSync(tool, [tool === "openssl" ? "version" : flag], { stdio: "ignore" });
  return probe.status === 0 ? false : `needs ${tool}`;
}

/** Runs a program without blocking this process, which may be serving it. */
export function runTool(tool: string, args: readonly string[], input = ""): Promise<ToolResult> {
  return new Promise((resolve) => {
    const child = spawn(tool, args, { stdio: "pipe" });
    let output = "";
    const collect = (chunk: Buffer): void => {
      output += chunk.toString("utf8");
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.on("error", (error) => resolve({ code: -1, output: error.message }));
    child.on("close", (code) => resolve({ code: code ?? -1, output }));
    // A program that does not read its input closes the pipe: nothing to report.
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
  });
}
