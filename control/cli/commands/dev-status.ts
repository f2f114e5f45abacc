/** `clrk dev status`: the processes of `clrk dev`, one a line. */
import { ageSince, formatAge } from "../age.ts";
import type { CliContext } from "../cli-context.ts";
import { EXIT_CODE } from "../cli-error.ts";
import { escapeControls } from "../colour.ts";
import { findDevComponents } from "../dev-components.ts";
import type { DevComponent } from "../dev-components.ts";
import { shorten } from "../log-line.ts";
import type { OutputFlags } from "../output-flags.ts";
import { formatTable } from "../table.ts";
import { formatValue } from "../whole-objects.ts";

/** Prints all of them, what is wrong below; the exit code is 1 when no gateway runs. */
export async function devStatus(this: CliContext, flags: OutputFlags): Promise<void> {
  const components = await findDevComponents(this);
  const { stdout, stderr } = this.process;
  const isRunning = components.some(({ name, state }) => name === "gateway" && state === "running");
  if (!isRunning) this.process.exitCode = EXIT_CODE.failed;
  if (flags.output !== undefined) {
    stdout.write(await formatValue({ components }, flags.output));
    return;
  }
  const headings = ["COMPONENT", "STATE", "READY", "PID", "RESTARTS", "UPTIME"];
  stdout.write(formatTable({ headings, rows: components.map((one) => cellsOf(one, this.now())) }));
  const problems = components.flatMap(({ name, problem }) =>
    problem === null ? [] : [`${shorten(`${name}: ${problem}`)}\n`],
  );
  stderr.write(problems.map(escapeLine).join(""));
  if (!isRunning) stderr.write("Start all of it: clrk dev -f DIR\n");
}

function escapeLine(line: string): string {
  return `${escapeControls(line.trimEnd())}\n`;
}

function cellsOf(component: DevComponent, nowMs: number): (string | undefined)[] {
  const { name, state, ready, pid, restarts, startedAt } = component;
  const ageMs = startedAt === null ? undefined : ageSince(startedAt, nowMs);
  return [
    name,
    state,
    ready ? "True" : "False",
    pid === null ? undefined : String(pid),
    restarts === null ? undefined : String(restarts),
    ageMs === undefined ? undefined : formatAge(ageMs),
  ];
}
