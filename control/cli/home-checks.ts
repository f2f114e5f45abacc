/**
 * Whether the home directory ($CLRK_HOME) can be used: permissions, socket paths, leftovers, authorities.
 * Invariant: looks only; what it complains about is put right by the user, or by the next start.
 */
import { X509Certificate } from "node:crypto";
import { access, constants, readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { HomeDirectory } from "../../gateway/home-directory.ts";
import { failed, passed, warned } from "./doctor-check.ts";
import type { DoctorCheck } from "./doctor-check.ts";

/** As in unix(7), less one for macOS; the gateway process refuses to start with longer ones. */
const longestSocketPath = 103;

/** The longest socket below a run folder, with a process id of seven digits. */
const longestSocketName = "/4194304/g10/admin.sock";

/** An authority is renewed long before; one that is this near was made by a process that no longer runs. */
const soonMs = 7 * 24 * 60 * 60 * 1_000;

/** Checks that the directory belongs to the user, alone. One that is not there yet is fine. */
export async function checkHome(
  home: HomeDirectory,
  uid: number | undefined,
): Promise<DoctorCheck> {
  const found = await stat(home.root).catch(() => undefined);
  if (found === undefined) {
    return passed("home", `"${home.root}" is not there yet: the first start makes it`);
  }
  if (!found.isDirectory()) {
    const next = "Move the file away, or set CLRK_HOME to another path";
    return failed("home", `"${home.root}" is no folder`, next);
  }
  if (uid !== undefined && found.uid !== uid) {
    const next = "Set CLRK_HOME to a folder of your own";
    return failed("home", `"${home.root}" belongs to user ${found.uid}, not to you (${uid})`, next);
  }
  const isWritable = await access(home.root, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
  if (!isWritable) {
    return failed("home", `"${home.root}" cannot be written to`, `Run: chmod 700 "${home.root}"`);
  }
  if ((found.mode & 0o077) === 0) return passed("home", `"${home.root}", only for you`);
  const mode = (found.mode & 0o777).toString(8);
  return warned(
    "home",
    `"${home.root}" has mode ${mode}: others may read keys in it`,
    `The next start corrects it; or run: chmod 700 "${home.root}"`,
  );
}

/** Checks that sockets below the directory can be bound at all. */
export function checkSocketPath(home: HomeDirectory): DoctorCheck {
  const bytes = Buffer.byteLength(home.run + longestSocketName);
  if (bytes <= longestSocketPath) return passed("sockets", `Paths of up to ${bytes} bytes`);
  return failed(
    "sockets",
    `Paths of ${bytes} bytes, at most ${longestSocketPath} work`,
    "Set CLRK_HOME to a shorter path",
  );
}

/** Checks for run folders of processes that are gone. Call it before anything that removes them. */
export async function checkRunFolders(
  home: HomeDirectory,
  isAlive: (pid: number) => boolean,
): Promise<DoctorCheck> {
  const names = await readdir(home.run).catch(() => []);
  const stale = names.filter((name) => !/^[1-9]\d*$/.test(name) || !isAlive(Number(name)));
  if (stale.length === 0) return passed("leftovers", "No folders of processes that are gone");
  return warned(
    "leftovers",
    `${stale.length} run ${stale.length === 1 ? "folder" : "folders"} of processes that are gone`,
    "Nothing to do: the next start removes them",
  );
}

/** Checks each EgressGateway's newest authority; empty when there is none yet. */
export async function checkAuthorities(home: HomeDirectory, nowMs: number): Promise<DoctorCheck[]> {
  const folders = await readdir(home.authorities).catch(() => []);
  const checks = await Promise.all(
    folders.map((folder) => checkAuthority(join(home.authorities, folder), nowMs)),
  );
  return checks.filter((check) => check !== undefined);
}

async function checkAuthority(directory: string, nowMs: number): Promise<DoctorCheck | undefined> {
  const names = await readdir(directory).catch(() => []);
  const numbers = names.map((name) => Number(/^authority-(\d{1,9})\.pem$/.exec(name)?.[1] ?? 0));
  const newest = Math.max(0, ...numbers);
  if (newest === 0) return undefined;
  const path = join(directory, `authority-${newest}.pem`);
  const certificate = await readCertificate(path);
  if (certificate === undefined) {
    return failed(
      "authority",
      `"${path}" holds no certificate`,
      "Remove the file; agents must then be started again",
    );
  }
  const startMs = certificate.validFromDate.getTime();
  const endMs = certificate.validToDate.getTime();
  const day = certificate.validToDate.toISOString().slice(0, 10);
  const folder = directory.slice(directory.lastIndexOf("/") + 1);
  if (nowMs < startMs) {
    const next = "Set the clock; it stands before the time at which the authority was made";
    return failed("authority", `${folder}: not valid yet`, next);
  }
  if (endMs - nowMs > soonMs) return passed("authority", `${folder}: valid until ${day}`);
  return warned(
    "authority",
    `${folder}: ${endMs < nowMs ? "ended" : "ends"} on ${day}`,
    "The gateway renews it when it runs: clrk dev; then start agents again",
  );
}

async function readCertificate(path: string): Promise<X509Certificate | undefined> {
  try {
    const text = await readFile(path, "latin1");
    // The file holds the private key too: nothing but the certificate leaves this function.
    const [block] = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/.exec(text) ?? [];
    return block === undefined ? undefined : new X509Certificate(block);
  } catch {
    return undefined;
  }
}
