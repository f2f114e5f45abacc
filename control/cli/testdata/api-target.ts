/** The targets and contexts of tests that ask a real API server. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ApiRig } from "../../apiserver/testdata/api-rig.ts";
import { formatKubeconfig } from "../../apiserver/kubeconfig.ts";
import type { ApiTarget } from "../kubeconfig-file.ts";
import type { FakeContext } from "./fake-context.ts";

type Address = Pick<ApiRig, "authorityPem"> & { readonly server: Pick<ApiRig["server"], "port"> };

export function targetOf(api: Address, changes: Partial<ApiTarget> = {}): ApiTarget {
  return {
    server: `https://127.0.0.1:${api.server.port}`,
    authorityPem: api.authorityPem,
    token: "admin-token",
    context: "clrk",
    namespace: "default",
    file: "/home/kubeconfig",
    isOwn: true,
    ...changes,
  };
}

/** Writes the kubeconfig of the server into the context's home, as the control process would. */
export async function writeOwnKubeconfig(
  context: Pick<FakeContext, "home">,
  api: Address,
  { token = "admin-token", user = "admin" } = {},
): Promise<string> {
  await mkdir(context.home.root, { recursive: true });
  const file = join(context.home.root, "kubeconfig");
  const { server, authorityPem } = targetOf(api);
  await writeFile(file, formatKubeconfig({ server, authorityPem: authorityPem ?? "", user, token }));
  return file;
}
