/** The child's side of a driver: reads jobs as lines of JSON and prints a report for each, as they are done. */
import { createInterface } from "node:readline";
import { describeError } from "./child-client.ts";
import type { SdkError, SdkJob, SdkReport, SdkTurn } from "./sdk-task.ts";

/** Collects what a job brings to light while it runs, so that a failure in the midst of a stream loses nothing. */
export class SdkNotes {
  readonly problems: string[] = [];
  readonly turns: SdkTurn[] = [];
  /** Text of the turn that is under way */
  text = "";

  /** Notes a problem unless the SDK's object is in order. */
  check(isFine: boolean, problem: string): void {
    if (!isFine && !this.problems.includes(problem)) this.problems.push(problem);
  }
}

/** Does jobs until the input ends; several at once. `act` adds to the notes and may throw what the SDK throws. */
export async function serveSdk(
  act: (job: SdkJob, notes: SdkNotes) => Promise<Partial<SdkReport>>,
): Promise<void> {
  const running = new Set<Promise<void>>();
  for await (const line of createInterface({ input: process.stdin })) {
    // Written by `sdk-driver.ts`.
    const { id, job } = JSON.parse(line) as { id: number; job: SdkJob };
    const done = report(job, act).then((value) => {
      process.stdout.write(`${JSON.stringify({ id, report: value })}\n`);
      running.delete(done);
    });
    running.add(done);
  }
  await Promise.all(running);
}

async function report(
  job: SdkJob,
  act: (job: SdkJob, notes: SdkNotes) => Promise<Partial<SdkReport>>,
): Promise<SdkReport> {
  const notes = new SdkNotes();
  try {
    const more = await act(job, notes);
    return { kind: "answered", turns: notes.turns, problems: notes.problems, ...more } as SdkReport;
  } catch (error) {
    return { kind: "failed", error: errorOf(error), text: notes.text };
  }
}

function errorOf(error: unknown): SdkError {
  const described = describeError(error);
  const retryAfter = headerOf(error, "retry-after");
  return { ...described, ...(retryAfter !== undefined && { retryAfter }) };
}

/** SDKs keep headers as `Headers`, or as a record in the answer that they did not understand. */
function headerOf(error: unknown, name: string): string | undefined {
  const { headers, $response: response } = Object(error);
  if (headers instanceof Headers) return headers.get(name) ?? undefined;
  const value: unknown = Object(Object(response).headers)[name];
  return typeof value === "string" ? value : undefined;
}
