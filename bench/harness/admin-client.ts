/** Asks Envoy's admin interface on its Unix socket, as whoever has the gateway's user could. */
import { request as requestHttp } from "node:http";

/** Text of one page of the interface, such as `/config_dump`; rejects when the socket is gone. */
export function askAdmin(socketPath: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = requestHttp({ socketPath, path, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.once("end", () => resolve(text));
    });
    call.once("error", reject).end();
  });
}
