/**
 * Ends threads of a gateway's engine from outside, as a crash would: through the inspector of the process, which was
 * started with `--inspect`. The product has no door for it.
 */

const answerDeadlineMs = 5_000;
/** What a thread does that serves: the one in reserve has no socket. */
const serves = `process.getActiveResourcesInfo().includes("PipeWrap")`;
const kill = `${serves} && (setImmediate(() => process.exit(1)), true)`;

/** The inspector's address in what a process said; undefined where it said none. */
export function tryFindInspector(log: string): string | undefined {
  return /Debugger listening on (ws:\/\/\S+)/.exec(log)?.[1];
}

/** Ends one thread that serves; false where none did. */
export async function killEngineThread(inspector: string): Promise<boolean> {
  const connection = await Inspector.open(inspector);
  try {
    await connection.ask("NodeWorker.enable", { waitForDebuggerOnStart: false });
    for (const sessionId of connection.threads()) {
      if (await connection.evaluate(sessionId, kill)) return true;
    }
    return false;
  } finally {
    connection.close();
  }
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: {
    readonly sessionId: string;
    readonly workerInfo?: { readonly title: string };
    readonly message?: string;
  };
}

/** One connection to an inspector. */
class Inspector {
  readonly #socket: WebSocket;
  readonly #answers = new Map<number, () => void>();
  readonly #values = new Map<string, (value: boolean) => void>();
  readonly #threads: string[] = [];
  #next = 1;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => this.#onMessage(String(data)));
  }

  static async open(url: string): Promise<Inspector> {
    const socket = new WebSocket(url);
    const inspector = new Inspector(socket);
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener("open", () => resolve(), { once: true });
      socket.addEventListener("error", () => reject(new Error(`Cannot inspect "${url}"`)), {
        once: true,
      });
    });
    return inspector;
  }

  threads(): readonly string[] {
    return this.#threads;
  }

  ask(method: string, params: object): Promise<void> {
    const id = this.#next++;
    return new Promise((resolve) => {
      this.#answers.set(id, resolve);
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }

  /** Whether the expression was true in the thread; false also where the thread did not say. */
  async evaluate(sessionId: string, expression: string): Promise<boolean> {
    const message = JSON.stringify({ id: 1, method: "Runtime.evaluate", params: { expression } });
    const value = new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), answerDeadlineMs);
      this.#values.set(sessionId, (found) => {
        clearTimeout(timer);
        resolve(found);
      });
    });
    await this.ask("NodeWorker.sendMessageToWorker", { sessionId, message });
    return value;
  }

  close(): void {
    this.#socket.close();
  }

  #onMessage(text: string): void {
    // Of the inspector's protocol.
    const { id, method, params } = JSON.parse(text) as Message;
    if (id !== undefined) this.#answers.get(id)?.();
    if (params === undefined) return;
    const { sessionId, workerInfo, message = "" } = params;
    if (method === "NodeWorker.attachedToWorker" && workerInfo?.title.includes("engine")) {
      this.#threads.push(sessionId);
    }
    if (method === "NodeWorker.receivedMessageFromWorker") {
      this.#values.get(sessionId)?.(message.includes('"value":true'));
    }
  }
}
