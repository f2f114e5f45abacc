/**
 * The file operations that the record file needs, as an interface that a test can make fail, and their real form.
 * Files are readable by their owner only, and a symbolic link in the place of the file is refused.
 */
import { constants } from "node:fs";
import { mkdir, open, readdir, rename, stat, unlink } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { errorCodeOf } from "./errors.ts";

/** What is known of an open file. */
export interface OpenFileFacts {
  readonly sizeBytes: number;
  /** Device and inode: differs when the name leads to another file */
  readonly identity: string;
  /** Creation in Unix `ms`; 0 when the file system does not tell */
  readonly createdMs: number;
  /** Whether the last byte is a line feed, or there is none */
  readonly endsLine: boolean;
}

/** A file that is open for appending. */
export interface AppendFile {
  /** Facts of now. */
  stat(): Promise<OpenFileFacts>;
  /** Appends as many of the bytes as it can and gives their number. */
  write(bytes: Uint8Array): Promise<number>;
  /** Cuts the file to that many bytes. */
  truncate(sizeBytes: number): Promise<void>;
  /** Closes the file. */
  close(): Promise<void>;
}

/** The operations on names. All reject with a system error that has a `code`. */
export interface RecordFileSystem {
  /** Makes the directory and its parents, mode 0700; gives the mode bits of the directory as it is. */
  makeDirectory(path: string): Promise<number>;
  /** Opens for appending, creating with mode 0600. */
  openAppend(path: string): Promise<AppendFile>;
  /** Identity of the file under that name, undefined when there is none. */
  identify(path: string): Promise<string | undefined>;
  /** Moves a file within its directory. */
  rename(from: string, to: string): Promise<void>;
  /** Deletes a file; one that is gone already is fine. */
  remove(path: string): Promise<void>;
  /** Names of the files in a directory. */
  list(directory: string): Promise<string[]>;
}

/** The machine's file system. */
export const nodeFileSystem: RecordFileSystem = {
  async makeDirectory(path) {
    await mkdir(path, { recursive: true, mode: 0o700 });
    return (await stat(path)).mode & 0o777;
  },
  async openAppend(path) {
    // Read access is for the last byte: it tells whether a crash left half a line.
    const flags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;
    const handle = await open(path, flags, 0o600);
    try {
      await handle.chmod(0o600);
    } catch (error) {
      await handle.close();
      throw error;
    }
    return appendFile(handle);
  },
  async identify(path) {
    try {
      const { dev, ino } = await stat(path);
      return `${dev}:${ino}`;
    } catch (error) {
      if (errorCodeOf(error) === "ENOENT") return undefined;
      throw error;
    }
  },
  rename,
  async remove(path) {
    try {
      await unlink(path);
    } catch (error) {
      if (errorCodeOf(error) !== "ENOENT") throw error;
    }
  },
  list: (directory) => readdir(directory),
};

function appendFile(handle: FileHandle): AppendFile {
  return {
    async stat() {
      const { size, dev, ino, birthtimeMs } = await handle.stat();
      return {
        sizeBytes: size,
        identity: `${dev}:${ino}`,
        createdMs: birthtimeMs,
        endsLine: size === 0 || (await lastByte(handle, size)) === 0x0a,
      };
    },
    write: async (bytes) => (await handle.write(bytes)).bytesWritten,
    truncate: (sizeBytes) => handle.truncate(sizeBytes),
    close: () => handle.close(),
  };
}

async function lastByte(handle: FileHandle, size: number): Promise<number | undefined> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
  return bytesRead === 1 ? buffer[0] : undefined;
}
