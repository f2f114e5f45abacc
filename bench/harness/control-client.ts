/**
 * Speaks to a gateway process on its control socket, as the CLI does: JSON requests, and the event stream kept in
 * order. Knows nothing of how the process was started.
 */
import { request } from "node:http";
import { createInterface } from "node:readline";
import { CONTROL_PATH } from "../../gateway/control-api.ts";
import type { ControlEvent } from "../../gateway/control-api.ts";

const deadlineMs = 5_000;

/** One answer; `value` is the parsed JSON body. */
export interface ControlAnswer {
  readonly status: number;
  readonly value: unknown;
}

/** Sends one request; `body` is written as JSON. Rejects when the socket is gone, late, or answers no JSON. */
export function askControl(
  socketPath: string,
  operation: `${"GET" | "POST" | "DELETE"} ${string}`,
  body?: object,
): Promise<ControlAnswer> {
  const [method = "GET", path = "/"] = operation.split(" ", 2);
  return new Promise((resolve, reject) => {
    const call = request(
      { socketPath, method, path, agent: false, timeout: deadlineMs },
      (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => {
          text += chunk;
        });
        response.once("end", () => {
          try {
            resolve({ status: response.statusCode ?? 0, value: JSON.parse(text) });
          } catch (cause) {
            reject(new Error(`Cannot read answer to "${operation}": not JSON`, { cause }));
          }
        });
      },
    );
    call.once("timeout", () => {
      call.destroy(new Error(`Cannot ask "${operation}": no answer after ${deadlineMs} ms`));
    });
    call.once("error", reject);
    call.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/**
 * Hands every event to `onEvent` from the present state on, until the function returned is called or the process
 * ends. Resolves once the stream is open, so that nothing later is missed.
 */
export function followEvents(
  socketPath: string,
  onEvent: (event: ControlEvent) => void,
): Promise<() => void> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, path: CONTROL_PATH.events, agent: false }, (response) => {
      const lines = createInterface({ input: response });
      lines.on("error", () => {}); // the process ended: whoever waits for an event says so
      // Every line is one event of the interface.
      lines.on("line", (line) => onEvent(JSON.parse(line) as ControlEvent));
      resolve(() => {
        call.destroy();
      });
    });
    call.once("error", reject);
    call.end();
  });
}
