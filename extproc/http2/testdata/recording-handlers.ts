/** Stream handlers that write down what they are told. */

import type { OpenStream, StreamHandler } from "../stream.ts";
import type { Http2Stream } from "../stream.ts";

/** Handlers with what they were told, in order, such as `open 1 /path`, `body 1 5`, `end 1`, `close 1 finished`. */
export interface RecordingHandlers {
  readonly openStream: OpenStream;
  readonly log: string[];
  readonly streams: Map<number, Http2Stream>;
}

/** `onEnd` may answer. */
export function recordingHandlers(
  onEnd: (stream: Http2Stream) => void = () => {},
): RecordingHandlers {
  const log: string[] = [];
  const streams = new Map<number, Http2Stream>();
  const openStream: OpenStream = (stream, head): StreamHandler => {
    const { id } = stream;
    log.push(`open ${id} ${head.path}`);
    streams.set(id, stream);
    return {
      onBody: (_bytes, start, end) => log.push(`body ${id} ${end - start}`),
      onEnd() {
        log.push(`end ${id}`);
        onEnd(stream);
      },
      onClose: (end) => log.push(`close ${id} ${end}`),
    };
  };
  return { openStream, log, streams };
}
