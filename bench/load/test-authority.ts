/**
 * Certificate files of one benchmark run: the fake upstream and the Envoy that mints nothing show
 * one leaf for all names, signed by a throw-away authority.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createUpstreamAuthority } from "../harness/upstream-authority.ts";

/** Files and text of a throw-away authority and its one leaf. */
export interface TestAuthority {
  /** Certificate of the authority, PEM */
  readonly caPem: string;
  readonly caFile: string;
  /** Leaf for all names, PEM */
  readonly certificateFile: string;
  /** Leaf's key, PKCS#8 PEM */
  readonly keyFile: string;
}

/** Makes an authority and a leaf for `names` (DNS names, wildcards, IP addresses) and writes both into `directory`. */
export async function createTestAuthority(
  directory: string,
  names: readonly string[],
): Promise<TestAuthority> {
  const authority = createUpstreamAuthority();
  const leaf = authority.issue(names);
  const caFile = join(directory, "ca.pem");
  const certificateFile = join(directory, "leaf.pem");
  const keyFile = join(directory, "leaf.key");
  await writeFile(caFile, authority.certificatePem);
  await writeFile(certificateFile, leaf.certificatePem);
  await writeFile(keyFile, leaf.privateKeyPem, { mode: 0o600 });
  return { caPem: authority.certificatePem, caFile, certificateFile, keyFile };
}
