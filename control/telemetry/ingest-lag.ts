/** How much waits in files of lines to be stored: bytes as they are on disk, lines counted as far as that is cheap. */
import { open } from "node:fs/promises";
import type { LineFile } from "../line-files.ts";

/** What waits. */
export interface IngestLag {
  readonly bytes: number;
  /** Whole lines; beyond the first MiB of bytes as many as these have on average */
  readonly lines: number;
}

const countedBytes = 1024 * 1024;
const lineFeed = 10;

/** Looks at the files now; `offsets` says how far each was stored, by identity. A file that goes meanwhile counts as read. */
export async function measureLag(
  files: readonly LineFile[],
  offsets: ReadonlyMap<string, number>,
): Promise<IngestLag> {
  let bytes = 0;
  let counted = 0;
  let lines = 0;
  for (const file of files) {
    const known = offsets.get(file.identity) ?? 0;
    const start = known > file.sizeBytes ? 0 : known;
    const waiting = file.sizeBytes - start;
    bytes += waiting;
    const length = Math.min(waiting, countedBytes - counted);
    if (length === 0) continue;
    const found = await countLines(file.path, start, length);
    counted += found.bytes;
    lines += found.lines;
  }
  const scale = counted === 0 ? 1 : Math.max(1, bytes / counted);
  return { bytes, lines: Math.round(lines * scale) };
}

async function countLines(path: string, start: number, length: number): Promise<IngestLag> {
  const buffer = Buffer.alloc(length);
  const handle = await open(path).catch(() => undefined);
  if (handle === undefined) return { bytes: 0, lines: 0 };
  try {
    const { bytesRead } = await handle.read(buffer, 0, length, start);
    let lines = 0;
    for (let at = 0; at < bytesRead; at++) if (buffer[at] === lineFeed) lines++;
    return { bytes: bytesRead, lines };
  } finally {
    await handle.close();
  }
}
