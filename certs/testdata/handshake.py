"""One TLS handshake with Python's strictest verification: handshake.py PORT SERVER_NAME CA_FILE."""
import socket
import ssl
import sys

port, server_name, ca_file = sys.argv[1:4]
context = ssl.create_default_context(cafile=ca_file)
context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
assert context.check_hostname and context.verify_mode == ssl.CERT_REQUIRED
with socket.create_connection(("127.0.0.1", int(port)), timeout=20) as raw:
    with context.wrap_socket(raw, server_hostname=server_name) as secure:
        print("verified", secure.version())
