"""Sends queries for names that no two are alike to 127.0.0.1:53, as fast as it can, over udp or tcp."""
import json, os, socket, struct, sys, threading

ADDRESS = ("127.0.0.1", 53)


def query():
    label = os.urandom(8).hex().encode()
    name = bytes([len(label)]) + label + b"\x07example\0"
    return struct.pack("!6H", 1, 0x0100, 1, 0, 0, 0) + name + struct.pack("!2H", 1, 1)


def flood_udp():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.connect(ADDRESS)
    while True:
        try:
            s.send(query())
        except OSError:
            pass


def flood_tcp():
    queries = b"".join(struct.pack("!H", len(one)) + one for one in (query() for _ in range(1000)))
    while True:
        s = socket.create_connection(ADDRESS)
        threading.Thread(target=drain, args=(s,)).start()
        try:
            while True:
                s.sendall(queries)
        except OSError:
            s.close()


def drain(s):
    try:
        while s.recv(65536):
            pass
    except OSError:
        pass


for _ in range(8):
    threading.Thread(target={"udp": flood_udp, "tcp": flood_tcp}[sys.argv[1]]).start()
print(json.dumps("flooding"), flush=True)
