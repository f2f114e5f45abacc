/** Files that appear whole or not at all: temporary file in the same directory, fsync, then one atomic step. */
import { randomBytes } from "node:crypto";
import { link, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** Who may read a file: its owner alone (0600), or everybody (0644). */
export type FileAudience = "owner" | "everybody";

/** Replaces the file, or creates it; readers see the old or the new text, also after a crash. */
export async function replaceFile(
  path: string,
  text: string,
  audience: FileAudience,
): Promise<void> {
  await publish(path, { text, audience }, (temporary) => rename(temporary, path));
}

/**
 * Creates the file unless one is there; of several processes exactly one gets `true`.
 * A hard link is the last step, because a rename would overwrite what another process has just created.
 */
export async function createFile(
  path: string,
  text: string,
  audience: FileAudience,
): Promise<boolean> {
  let created = true;
  await publish(path, { text, audience }, async (temporary) => {
    try {
      await link(temporary, path);
    } catch (error) {
      if (!hasCode(error, "EEXIST")) throw error;
      created = false;
    }
  });
  return created;
}

/** Whether an error of node:fs has the given code, for example `ENOENT`. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

async function publish(
  path: string,
  content: { readonly text: string; readonly audience: FileAudience },
  step: (temporary: string) => Promise<void>,
): Promise<void> {
  const directory = dirname(path);
  const temporary = join(
    directory,
    `.${basename(path)}.${process.pid}.${randomBytes(6).toString("hex")}.tmp`,
  );
  try {
    const mode = content.audience === "owner" ? 0o600 : 0o644;
    const file = await open(temporary, "wx", mode);
    try {
      // The umask may have taken bits away that other users need to read a bundle.
      await file.chmod(mode);
      await file.writeFile(content.text);
      await file.sync();
    } finally {
      await file.close();
    }
    await step(temporary);
    await syncDirectory(directory);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Makes renames and links in a directory durable (fsync of the directory itself). */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
