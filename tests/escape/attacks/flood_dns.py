"""Sends queries for names that no two are alike to 127.0.0.1:53, as fast as it can, and never reads an answer."""
import json, os, socket, struct, threading


def flood():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.connect(("127.0.0.1", 53))
    while True:
        label = os.urandom(8).hex().encode()
        name = bytes([len(label)]) + label + b"\x07example\0"
        try:
            s.send(struct.pack("!6H", 1, 0x0100, 1, 0, 0, 0) + name + struct.pack("!2H", 1, 1))
        except OSError:
            pass


for _ in range(8):
    threading.Thread(target=flood).start()
print(json.dumps("flooding"), flush=True)
