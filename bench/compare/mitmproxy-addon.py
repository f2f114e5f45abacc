"""Sends every intercepted request to the fake upstream, whatever host it is for, and stores nothing.

The redirect is made at CONNECT: mitmproxy then reuses the upstream connection for the requests of
the tunnel. (Made in server_connect, the address would no longer match and each request would dial.)
"""

from mitmproxy import ctx


class Redirect:
    def load(self, loader):
        loader.add_option("bench_upstream_host", str, "127.0.0.1", "Host of the fake upstream")
        loader.add_option("bench_upstream_port", int, 0, "Port of the fake upstream")
        loader.add_option("bench_port_file", str, "", "File that receives our own port")

    def running(self):
        addresses = ctx.master.addons.get("proxyserver").listen_addrs()
        with open(ctx.options.bench_port_file, "w") as file:
            file.write(str(addresses[0][1]))

    def http_connect(self, flow):
        flow.request.host = ctx.options.bench_upstream_host
        flow.request.port = ctx.options.bench_upstream_port


addons = [Redirect()]
