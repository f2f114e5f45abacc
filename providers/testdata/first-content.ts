/** When a stream's first content is seen, for tables of events. */
import { createCallObserver } from "../call-observer.ts";
import type { Provider } from "../provider.ts";

/** Whether an event alone is taken for content; raises an Error for a path that is no operation. */
export function isContent(provider: Provider, path: string, event: unknown): boolean {
  const observer = createCallObserver(provider, { method: "POST", path });
  if (observer === undefined) throw new Error(`No operation at ${path}`);
  observer.responseStart({ status: 200, contentType: "text/event-stream" });
  observer.responseChunk(Buffer.from(`data: ${JSON.stringify(event)}\n\n`), 1);
  return observer.result().timeToFirstTokenMs !== null;
}
