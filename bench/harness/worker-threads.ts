/**
 * Reaches into the worker threads of this process, as a debugger does: a test makes a thread crash or hang without the
 * product having a door for it.
 */
import { Session } from "node:inspector/promises";

/** Runs an expression in worker threads whose name is given, the first `count` of them; resolves when it was handed over. */
export async function evaluateInWorkers(
  name: string,
  expression: string,
  count = Number.POSITIVE_INFINITY,
): Promise<number> {
  const session = new Session();
  session.connect();
  const sessions: string[] = [];
  session.on("NodeWorker.attachedToWorker", ({ params }) => {
    if (params.workerInfo.title.includes(name)) sessions.push(params.sessionId);
  });
  await session.post("NodeWorker.enable", { waitForDebuggerOnStart: false });
  const chosen = sessions.slice(0, count);
  for (const sessionId of chosen) {
    const message = JSON.stringify({
      id: 1,
      method: "Runtime.evaluate",
      params: { expression },
    });
    await session.post("NodeWorker.sendMessageToWorker", { sessionId, message });
  }
  session.disconnect();
  return chosen.length;
}
