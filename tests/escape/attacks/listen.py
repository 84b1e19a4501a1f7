"""Listens on every address, on each port asked for, and greets who comes."""
import json, selectors, socket, sys

selector = selectors.DefaultSelector()
for port in json.loads(sys.argv[1]):
    server = socket.create_server(("0.0.0.0", port))
    selector.register(server, selectors.EVENT_READ)
print(json.dumps("listening"), flush=True)
while True:
    for key, _ in selector.select():
        client, _ = key.fileobj.accept()
        client.sendall(b"hello from inside\n")
        client.close()
