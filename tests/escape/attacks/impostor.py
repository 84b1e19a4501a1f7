"""Listens on 9099 in the place of the airlock, answers every request as the sidecars would answer the probe."""
import json, socket

server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", 9099))
server.listen()
print(json.dumps("listening"), flush=True)
while True:
    client, _ = server.accept()
    print(json.dumps(client.recv(4096).decode()), flush=True)
    client.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
    client.close()
