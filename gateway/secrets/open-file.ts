/** One regular file, read whole and as it was at one moment: a change while it is read shows. */
import { constants } from "node:fs";
import type { BigIntStats } from "node:fs";
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { errorCodeOf } from "../errors.ts";
import { describeReadError, identityOf } from "../manifests/manifest-file.ts";

/** Most bytes of one value, as of a whole Secret in Kubernetes. */
export const maxValueBytes = 1_048_576;

/** What a file holds. */
export type FileContent =
  | {
      readonly kind: "content";
      readonly bytes: Buffer;
      /** The file's group or others may read it */
      readonly isOpenToOthers: boolean;
    }
  /** It was written to meanwhile, or is gone: look again */
  | { readonly kind: "changed" }
  | { readonly kind: "failed"; readonly message: string };

/** Reads a file of at most 1 MiB through one descriptor, following symbolic links. Never blocks on a pipe; never throws. */
export async function readWholeFile(path: string): Promise<FileContent> {
  let handle: FileHandle;
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    return { kind: "failed", message: describeReadError(errorCodeOf(error)) };
  }
  try {
    return await readHandle(handle);
  } catch (error) {
    return { kind: "failed", message: describeReadError(errorCodeOf(error)) };
  } finally {
    await handle.close();
  }
}

async function readHandle(handle: FileHandle): Promise<FileContent> {
  const before = await handle.stat({ bigint: true });
  const message = findMistake(before);
  if (message !== undefined) return { kind: "failed", message };
  const bytes = Buffer.alloc(Number(before.size));
  let length = 0;
  while (length < bytes.length) {
    const { bytesRead } = await handle.read(bytes, length, bytes.length - length, length);
    if (bytesRead === 0) return { kind: "changed" };
    length += bytesRead;
  }
  const after = await handle.stat({ bigint: true });
  if (identityOf(before) !== identityOf(after)) return { kind: "changed" };
  return { kind: "content", bytes, isOpenToOthers: (before.mode & 0o044n) !== 0n };
}

function findMistake(stats: BigIntStats): string | undefined {
  if (stats.isDirectory()) return "a folder, wanted a file; dir: takes a folder";
  if (!stats.isFile()) return "not a regular file";
  if (stats.size > maxValueBytes) {
    return `${stats.size} bytes, wanted at most ${maxValueBytes}`;
  }
  return undefined;
}
