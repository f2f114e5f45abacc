/**
 * A TLS origin and a tiny explicit proxy in front of it, for tests of what `clrk run` sets up. The origin's name
 * (`origin.test`) resolves nowhere, so an answer from it proves that the request went through the proxy.
 */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import type { IncomingMessage, RequestListener, Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { connect } from "node:net";
import type { AddressInfo, Server as NetServer, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { promisify } from "node:util";

/** The name in the origin's certificate. */
export const originHost = "origin.test";

/** What the proxy expects in `Proxy-Authorization`. */
export const proxyCredential = "researcher:t0ken";

/** A running origin and proxy. */
export interface ProxiedOrigin {
  /** `http://researcher:t0ken@127.0.0.1:port` */
  readonly proxyUrl: string;
  /** PEM file with the authority that signed the origin's certificate */
  readonly authorityFile: string;
  /** A directory of this fixture's own, removed on close */
  readonly directory: string;
  /** What the proxy was asked, in order: `CONNECT host:port` or `GET http://…` */
  readonly asked: string[];
  close(): Promise<void>;
}

const run = promisify(execFile);

/** Whether a program can be started here; for tests that skip without it. */
export async function hasProgram(name: string, ...versionArguments: string[]): Promise<boolean> {
  return run(name, versionArguments).then(
    () => true,
    () => false,
  );
}

/** Starts both on free loopback ports; needs `openssl` for the certificates. CONNECT to a host `refused.test` is answered 403. */
export async function startProxiedOrigin(listener: RequestListener): Promise<ProxiedOrigin> {
  const directory = await mkdtemp(join(tmpdir(), "clrk-proxied-origin-"));
  const { authorityFile, key, certificate } = await createCertificates(directory);
  const sockets = new Set<Duplex>();
  const origin = createTlsServer({ key, cert: certificate }, listener);
  const plainOrigin = createHttpServer(listener);
  const asked: string[] = [];
  const tlsPort = await listen(origin, sockets);
  const plainPort = await listen(plainOrigin, sockets);
  const proxy = createProxy({ asked, sockets, tlsPort, plainPort });
  const proxyPort = await listen(proxy, sockets);
  return {
    proxyUrl: `http://${proxyCredential}@127.0.0.1:${proxyPort}`,
    authorityFile,
    directory,
    asked,
    async close() {
      for (const server of [proxy, origin, plainOrigin]) server.close();
      for (const socket of sockets) socket.destroy();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

interface ProxyOptions {
  readonly asked: string[];
  readonly sockets: Set<Duplex>;
  readonly tlsPort: number;
  readonly plainPort: number;
}

function createProxy(options: ProxyOptions): Server {
  const isAllowed = (request: IncomingMessage) =>
    request.headers["proxy-authorization"] === `Basic ${Buffer.from(proxyCredential).toString("base64")}`;
  const dial = (port: number) => {
    const socket = connect(port, "127.0.0.1");
    options.sockets.add(socket);
    socket.on("error", () => {});
    return socket;
  };
  const proxy = createHttpServer((request, response) => {
    options.asked.push(`${request.method} ${request.url}`);
    if (!isAllowed(request)) {
      response.writeHead(407, { "proxy-authenticate": 'Basic realm="clrk"' }).end("say who you are");
      return;
    }
    const url = new URL(request.url ?? "");
    const upstream = dial(options.plainPort);
    upstream.write(`${request.method} ${url.pathname} HTTP/1.1\r\nHost: ${request.headers.host}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    if (response.socket !== null) upstream.pipe(response.socket);
  });
  proxy.on("connect", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    options.asked.push(`CONNECT ${request.url}`);
    socket.on("error", () => {});
    const refuse = (status: string, body: string) =>
      socket.end(`HTTP/1.1 ${status}\r\nProxy-Authenticate: Basic realm="clrk"\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    if (!isAllowed(request)) {
      refuse("407 Proxy Authentication Required", "say who you are");
      return;
    }
    if (request.url?.startsWith("refused.test:")) {
      refuse("403 Forbidden", "no route allows host refused.test");
      return;
    }
    const isTls = request.url?.endsWith(":443") === true;
    const upstream = dial(isTls ? options.tlsPort : options.plainPort);
    socket.write("HTTP/1.1 200 OK\r\n\r\n");
    upstream.write(head);
    upstream.pipe(socket).pipe(upstream);
  });
  return proxy;
}

async function listen(server: NetServer, sockets: Set<Duplex>): Promise<number> {
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

async function createCertificates(directory: string) {
  const file = (name: string) => join(directory, name);
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  await run("openssl", [
    ...["req", "-x509", ...newKey, "-keyout", file("ca.key"), "-out", file("ca.pem"), "-days", "2"],
    ...["-subj", "/CN=clrk test authority", "-addext", "keyUsage=critical,keyCertSign"],
  ]);
  await run("openssl", [
    ...["req", ...newKey, "-keyout", file("leaf.key"), "-out", file("leaf.csr"), "-subj", `/CN=${originHost}`],
  ]);
  await writeFile(file("leaf.ext"), `subjectAltName=DNS:${originHost}\nextendedKeyUsage=serverAuth\n`);
  await run("openssl", [
    ...["x509", "-req", "-in", file("leaf.csr"), "-CA", file("ca.pem"), "-CAkey", file("ca.key")],
    ...["-CAcreateserial", "-days", "2", "-extfile", file("leaf.ext"), "-out", file("leaf.pem")],
  ]);
  return {
    authorityFile: file("ca.pem"),
    key: await readFile(file("leaf.key")),
    certificate: await readFile(file("leaf.pem")),
  };
}
