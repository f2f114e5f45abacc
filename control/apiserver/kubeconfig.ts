/** The kubeconfig by which kubectl finds the server: address, authority, token. For its owner alone (0600). */
import { replaceFile } from "../../certs/atomic-file.ts";

/** What a kubeconfig says. */
export interface KubeconfigFacts {
  /** `https://127.0.0.1:PORT` */
  readonly server: string;
  readonly authorityPem: string;
  readonly user: string;
  /** Secret */
  readonly token: string;
}

/** Writes the file, or replaces it whole. */
export async function writeKubeconfig(file: string, facts: KubeconfigFacts): Promise<void> {
  await replaceFile(file, formatKubeconfig(facts), "owner");
}

/** The text of a kubeconfig; JSON is YAML. */
export function formatKubeconfig({ server, authorityPem, user, token }: KubeconfigFacts): string {
  const name = "clrk";
  const account = `${name}-${user}`;
  return `${JSON.stringify(
    {
      apiVersion: "v1",
      kind: "Config",
      clusters: [
        {
          name,
          cluster: {
            server,
            "certificate-authority-data": Buffer.from(authorityPem).toString("base64"),
          },
        },
      ],
      users: [{ name: account, user: { token } }],
      contexts: [{ name, context: { cluster: name, user: account, namespace: "default" } }],
      "current-context": name,
    },
    undefined,
    2,
  )}\n`;
}
