/**
 * Where agents of this home send telemetry: a file that the control process writes and `clrk run` reads. The next
 * control process takes the same port if it can, since agents that run know no other.
 */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { isSameProcessAlive, processIdentity } from "../../gateway/process-identity.ts";

/** A receiver on loopback, of the process that writes it down. */
export interface OtlpAddress {
  readonly port: number;
  /** Process that listens, or did, as `processIdentity()` gives it: another one of that id is none of ours */
  readonly process: string;
}

/** Writes the port of this process into the file, for this user only and at once. Throws what the file system says. */
export function writeOtlpAddress(root: string, port: number): void {
  const file = fileOf(root);
  const draft = `${file}.${process.pid}`;
  const address: OtlpAddress = { port, process: processIdentity(process.pid) };
  writeFileSync(draft, `${JSON.stringify(address)}\n`, { mode: 0o600 });
  renameSync(draft, file);
}

/** The URL for `OTEL_EXPORTER_OTLP_ENDPOINT`; undefined where no process that lives has a receiver. */
export function findOtlpEndpoint(root: string): string | undefined {
  const address = readOtlpAddress(root);
  if (address === undefined || !isSameProcessAlive(address.process)) return undefined;
  return `http://127.0.0.1:${address.port}`;
}

/** The port of the process before if it is free now, else 0. */
export async function lastOtlpPort(root: string): Promise<number> {
  const port = readOtlpAddress(root)?.port ?? 0;
  const server = createServer();
  const isFree = await new Promise<boolean>((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => resolve(true));
  });
  if (isFree) await new Promise((resolve) => server.close(resolve));
  return isFree ? port : 0;
}

function readOtlpAddress(root: string): OtlpAddress | undefined {
  try {
    const { port, process: by } = Object(JSON.parse(readFileSync(fileOf(root), "utf8")));
    const isWhole = Number.isInteger(port) && typeof by === "string";
    return isWhole && port > 0 && port <= 65_535 ? { port, process: by } : undefined;
  } catch {
    // Absent, or half a file of somebody else: then nobody knows of a receiver.
    return undefined;
  }
}

function fileOf(root: string): string {
  return path.join(root, "control", "otlp.json");
}
