/**
 * AWS credential files of one Envoy, readable for this user only. Envoy does not watch them: other credentials are
 * another file, and a file that nothing uses any more is removed.
 */

import { createHash } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";

/** Paths by the resource of the secret. */
export type SigningPaths = ReadonlyMap<string, string>;

/** The files in a folder of their own, which is created when there is something to write. */
export class SigningFiles {
  readonly #directory: string;
  readonly #written = new Set<string>();
  #used: SigningPaths = new Map();
  #prepared: SigningPaths = new Map();
  #work: Promise<unknown> = Promise.resolve();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Writes texts by resource; `use()` comes when Envoy is told of them. Rejects when a file cannot be written. */
  prepare(texts: ReadonlyMap<string, string>): Promise<void> {
    return this.#enqueue(async () => {
      const prepared = new Map<string, string>();
      this.#prepared = prepared;
      if (texts.size > 0) await mkdir(this.#directory, { recursive: true, mode: 0o700 });
      for (const [resource, text] of texts) {
        const file = this.#path(resource, text);
        prepared.set(resource, file);
        this.#written.add(file);
        await writeFile(file, text, { mode: 0o600 });
      }
    });
  }

  /** From now on Envoy is told of what was prepared last. */
  use(): void {
    this.#used = this.#prepared;
  }

  /** File of a resource in use; one that never exists for any other. */
  path(resource: string): string {
    return this.#used.get(resource) ?? "/nonexistent/clrk";
  }

  /** Removes what is neither used nor prepared: Envoy has confirmed that it knows no other file. */
  retire(): Promise<void> {
    return this.#enqueue(async () => {
      const kept = new Set([...this.#used.values(), ...this.#prepared.values()]);
      for (const file of this.#written) {
        if (kept.has(file)) continue;
        await rm(file, { force: true });
        this.#written.delete(file);
      }
    });
  }

  /** Names of resources can be too long for a file. */
  #path(resource: string, text: string): string {
    const name = createHash("sha256").update(`${resource}\n${text}`).digest("hex").slice(0, 32);
    return path.join(this.#directory, name);
  }

  #enqueue(work: () => Promise<void>): Promise<void> {
    const run = this.#work.then(work);
    // Whoever asked for the work hears of its failure; the next is tried all the same.
    this.#work = run.catch(() => {});
    return run;
  }
}
